//go:build linux

// Chaos attacks the real command and proves after each attack that the warehouse
// holds what design promises: no data that failed a check, no half of a run, no two
// versions of one source in one asset, nothing lost, nothing without its record.
//
//	go build -o /tmp/assets ./cmd/assets
//	go run ./examples/chaos -assets /tmp/assets -for 10m
//
// Where to start: world.go is the project under attack and says what is true of it,
// attack.go and rounds.go what is done to it, faults.go and web.go what goes wrong, and
// stranger.go and contents.go are the checker: a process of its own that sees nothing
// but the DuckDB file.
package main
