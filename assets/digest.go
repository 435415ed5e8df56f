package assets

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"strings"
)

// Digest identifies content or meaning: "scheme:hex". Two digests say something
// about each other only if their schemes are equal.
type Digest string

// NewDigest hashes parts, each with its length, so that no two lists of parts
// are taken for one another.
func NewDigest(scheme string, parts ...string) Digest {
	size := 0
	for _, part := range parts {
		size += 8 + len(part)
	}
	text := make([]byte, 0, size)
	for _, part := range parts {
		text = binary.LittleEndian.AppendUint64(text, uint64(len(part)))
		text = append(text, part...)
	}
	sum := sha256.Sum256(text)
	return Digest(scheme + ":" + hex.EncodeToString(sum[:16]))
}

// Scheme is the part before the colon.
func (d Digest) Scheme() string {
	scheme, _, _ := strings.Cut(string(d), ":")
	return scheme
}

// Short is the digest as people see it: the first eight hex digits.
func (d Digest) Short() string {
	_, hex, _ := strings.Cut(string(d), ":")
	return hex[:min(8, len(hex))]
}
