# Nothing here that README.md does not also say by hand.

STATICCHECK = go run honnef.co/go/tools/cmd/staticcheck@v0.8.2

.PHONY: build test lint bench

build:
	go build -o bin/assets ./cmd/assets

test:
	go test ./...

lint:
	@unformatted=$$(gofmt -l $$(git ls-files --cached --others --exclude-standard '*.go')); \
	if [ -n "$$unformatted" ]; then echo "Not formatted, run gofmt -w on:" $$unformatted; exit 1; fi
	go vet ./...
	$(STATICCHECK) ./...

bench:
	go test -run='^$$' -bench=. -benchtime=1x -timeout=60m ./examples/synthetic
