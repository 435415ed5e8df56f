package main

import (
	"os"
	"strings"
	"testing"
)

func TestPNGIsNotForATerminal(t *testing.T) {
	a := newApp(os.Stdin, os.Stdout, os.Stderr, nil)
	a.outTerm = os.Stdout
	err := a.lineage(t.Context(), lineageFlags{format: "png"}, nil)
	if err == nil || !strings.Contains(err.Error(), "> lineage.png") {
		t.Errorf("got %v, want how to write it to a file", err)
	}
}
