// Package layers holds no code, only the test of who may import whom. The rules
// are the rooms of ARCHITECTURE.md; each says why it is there.
package layers
