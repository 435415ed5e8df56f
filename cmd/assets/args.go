package main

import "strings"

// doubleDashes gives long flags written with one dash, as Terraform's are, the
// two that the parser expects. What follows "--" is left alone, and so are
// single letters, numbers and the dash that means standard input.
func doubleDashes(args []string) []string {
	out := make([]string, len(args))
	for i, arg := range args {
		if arg == "--" {
			copy(out[i:], args[i:])
			break
		}
		out[i] = arg
		name, _, _ := strings.Cut(arg, "=")
		if len(name) > 2 && arg[0] == '-' && isLetter(arg[1]) && !strings.ContainsAny(name, " \n\t") {
			out[i] = "-" + arg
		}
	}
	return out
}

func isLetter(c byte) bool { return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' }
