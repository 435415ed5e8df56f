// Synthetic writes a layered project of any size, to measure and to test with:
//
//	go run ./examples/synthetic -n 1000 -seed 1 -dir /tmp/synthetic
//	go run ./cmd/assets -chdir=/tmp/synthetic apply -auto-approve
//
// The project itself is made by package project; the benchmarks of the whole
// program against the same SQL without it stand in bench_test.go.
package main
