package server

import (
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/seed-4311623e/assets/assets/redact"
)

// shortest is the length in bytes of the shortest token, longest that of the longest.
const shortest, longest = 16, 4096

// Token is what a client must show. The zero Token asks for none. Printing it in any
// way shows nothing of it.
type Token struct {
	sum   [sha256.Size]byte // all that comparing needs
	asked bool
}

// NewToken checks that text can be a token: 16 or more visible characters of ASCII.
func NewToken(text string) (Token, error) {
	switch {
	case text == "":
		return Token{}, errors.New("the token is empty")
	case len(text) < shortest:
		return Token{}, fmt.Errorf("the token has %d characters and must have at least %d. `openssl rand -hex 32` writes a good one", len(text), shortest)
	case len(text) > longest:
		return Token{}, fmt.Errorf("the token is longer than %d characters", longest)
	case strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r > '~' }):
		return Token{}, errors.New("the token has blanks or other characters that no HTTP header can hold: use letters, digits and punctuation")
	}
	return Token{sha256.Sum256([]byte(text)), true}, nil
}

// TokenFromEnv takes the token from the value of an environment variable.
func TokenFromEnv(variable string, lookup func(string) (string, bool)) (Token, error) {
	text, set := lookup(variable)
	if !set {
		return Token{}, fmt.Errorf("the environment variable %s, which is to hold the token, is not set", variable)
	}
	token, err := NewToken(text)
	if err != nil {
		return Token{}, fmt.Errorf("in the environment variable %s %w", variable, err)
	}
	return token, nil
}

// TokenFromFile takes the token from a file; white space around it does not count.
func TokenFromFile(path string) (Token, error) {
	file, err := os.Open(path)
	if err != nil {
		return Token{}, fmt.Errorf("the token's file cannot be read: %w", err)
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, 2*longest))
	if err != nil {
		return Token{}, fmt.Errorf("the token's file cannot be read: %w", err)
	}
	token, err := NewToken(strings.TrimSpace(string(text)))
	if err != nil {
		return Token{}, fmt.Errorf("in the file %s %w", path, err)
	}
	return token, nil
}

// Asked reports whether there is a token to show.
func (t Token) Asked() bool { return t.asked }

// Matches reports whether text is the token, in a time that says nothing of how much
// of it is right.
func (t Token) Matches(text string) bool {
	sum := sha256.Sum256([]byte(text))
	return t.asked && subtle.ConstantTimeCompare(sum[:], t.sum[:]) == 1
}

// Format keeps a token from being printed, whatever the verb.
func (t Token) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redact.Hidden) }
