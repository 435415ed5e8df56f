//go:build !linux && !darwin

package server

// diskOf is not known on this system.
func diskOf(string) (size, available uint64, ok bool) { return 0, 0, false }
