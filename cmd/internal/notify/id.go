package notify

import (
	"crypto/sha256"
	"fmt"

	"github.com/oklog/ulid/v2"
)

// uuid is a run's id as OpenLineage wants it, a UUID of version 7. Both a ULID and
// that begin with 48 bits of milliseconds, so it is the same 16 bytes, except for
// the six bits that a UUID has for its version and variant.
func uuid(run string) string {
	id, err := ulid.ParseStrict(run)
	if err != nil { // not one of ours: still always the same
		return partUUID(run, "")
	}
	return format(id)
}

// partUUID is the id of a part of a run: of its moment, too, and the same whenever
// it is computed.
func partUUID(run, part string) string {
	sum := sha256.Sum256([]byte(run + "\x00" + part))
	id, _ := ulid.ParseStrict(run)
	copy(id[6:], sum[:10])
	return format(id)
}

func format(b [16]byte) string {
	b[6] = b[6]&0x0f | 0x70
	b[8] = b[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
