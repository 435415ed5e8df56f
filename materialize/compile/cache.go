package compile

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/lineage"
)

// sum identifies a question to DuckDB by everything its answer depends on.
type sum [16]byte

func sumOf(parts ...string) sum {
	size := 0
	for _, part := range parts {
		size += len(part) + 4
	}
	text := make([]byte, 0, size)
	for _, part := range parts {
		text = binary.LittleEndian.AppendUint32(text, uint32(len(part)))
		text = append(text, part...)
	}
	full := sha256.Sum256(text)
	return sum(full[:16])
}

func sumColumns(columns []assets.Column) sum {
	parts := make([]string, 0, 2*len(columns))
	for _, c := range columns {
		parts = append(parts, c.Name, c.Type)
	}
	return sumOf(parts...)
}

// magic begins the cache file; its number grows whenever what is kept, or what
// is found out about a statement, changes.
const magic = "assets compile cache 3\n"

// cache holds DuckDB's answers. On disk: magic, a checksum of the rest, then
// entries of key, length and answer. A file that is not exactly that is no cache.
type cache struct {
	path  string
	old   map[sum]string // what the file held
	used  map[sum]bool   // which of those this project asked for
	added map[sum]string
}

func loadCache(dir string) *cache {
	c := &cache{old: map[sum]string{}, used: map[sum]bool{}, added: map[sum]string{}}
	if dir == "" {
		return c
	}
	c.path = filepath.Join(dir, "compile.cache")
	file, err := os.ReadFile(c.path)
	if err != nil || len(file) < len(magic)+4 || string(file[:len(magic)]) != magic {
		return c
	}
	body := file[len(magic)+4:]
	if binary.LittleEndian.Uint32(file[len(magic):]) != crc32.ChecksumIEEE(body) {
		return c
	}
	// All strings of the answers share this one text.
	r := reader{text: string(body)}
	c.old = make(map[sum]string, len(body)/200)
	for len(r.text) > 0 && !r.bad {
		var key sum
		copy(key[:], r.take(len(key)))
		c.old[key] = r.string()
	}
	return c
}

func (c *cache) get(key sum) (string, bool) {
	if answer, ok := c.added[key]; ok {
		return answer, true
	}
	answer, ok := c.old[key]
	if ok {
		c.used[key] = true
	}
	return answer, ok
}

// save writes the cache if there is anything new, or with tidy also if there is
// anything that the project no longer asks for.
func (c *cache) save(tidy bool) (err error) {
	if c.path == "" || len(c.added) == 0 && (!tidy || len(c.used) == len(c.old)) {
		return nil
	}
	file := make([]byte, len(magic)+4, 1<<20)
	copy(file, magic)
	for key, answer := range c.old {
		if c.used[key] || !tidy {
			file = appendString(append(file, key[:]...), answer)
		}
	}
	for key, answer := range c.added {
		file = appendString(append(file, key[:]...), answer)
	}
	binary.LittleEndian.PutUint32(file[len(magic):], crc32.ChecksumIEEE(file[len(magic)+4:]))
	if err := os.MkdirAll(filepath.Dir(c.path), 0o777); err != nil {
		return fmt.Errorf("write the compile cache: %w", err)
	}
	temp, err := os.CreateTemp(filepath.Dir(c.path), "compile.*.tmp")
	if err != nil {
		return fmt.Errorf("write the compile cache: %w", err)
	}
	_, err = temp.Write(file)
	if err = errors.Join(err, temp.Close()); err == nil {
		err = os.Rename(temp.Name(), c.path)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("write the compile cache: %w", err), os.Remove(temp.Name()))
	}
	return nil
}

func (c *cache) text(key sum, into *string) bool {
	answer, ok := c.get(key)
	if ok {
		*into = answer
	}
	return ok
}

func (c *cache) addText(key sum, text string) { c.added[key] = text }

func (c *cache) parsed(key sum, into *lineage.Parsed) bool {
	answer, ok := c.get(key)
	if !ok {
		return false
	}
	r := reader{text: answer}
	var p lineage.Parsed
	p.Refs = make([]lineage.Ref, 0, r.count())
	for range cap(p.Refs) {
		p.Refs = append(p.Refs, lineage.Ref{Name: r.name(), Offset: int(r.number()), Bare: r.number() == 1})
	}
	p.Syntax = assets.Digest(r.string())
	p.Volatile = orNil(r.strings())
	p.RowID = r.number() == 1
	*into = p
	return r.end()
}

func (c *cache) addParsed(key sum, p lineage.Parsed) {
	b := binary.AppendUvarint(nil, uint64(len(p.Refs)))
	for _, ref := range p.Refs {
		b = appendName(b, ref.Name)
		b = binary.AppendUvarint(b, uint64(max(0, ref.Offset)))
		b = appendBool(b, ref.Bare)
	}
	b = appendString(b, string(p.Syntax))
	b = appendStrings(b, p.Volatile)
	c.added[key] = string(appendBool(b, p.RowID))
}

func appendString(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

func appendStrings(b []byte, items []string) []byte {
	b = binary.AppendUvarint(b, uint64(len(items)))
	for _, s := range items {
		b = appendString(b, s)
	}
	return b
}

func appendName(b []byte, n assets.Name) []byte {
	return appendString(appendString(b, n.Schema), n.Table)
}

func appendBool(b []byte, v bool) []byte {
	if v {
		return append(b, 1)
	}
	return append(b, 0)
}

// reader takes apart what the append functions wrote. After any mistake it
// yields zeros and stays bad.
type reader struct {
	text string
	bad  bool
}

func (r *reader) take(n int) string {
	if n < 0 || n > len(r.text) {
		r.bad, r.text = true, ""
		return ""
	}
	taken := r.text[:n]
	r.text = r.text[n:]
	return taken
}

func (r *reader) number() uint64 {
	var n uint64
	for shift := 0; ; shift += 7 {
		b := r.take(1)
		if b == "" || shift > 63 {
			r.bad = true
			return 0
		}
		n |= uint64(b[0]&0x7f) << shift
		if b[0] < 0x80 {
			return n
		}
	}
}

// count is a number of items: each takes at least a byte of what is left.
func (r *reader) count() int {
	n := r.number()
	if n > uint64(len(r.text)) {
		r.bad = true
		return 0
	}
	return int(n)
}

func (r *reader) string() string { return r.take(r.count()) }

func (r *reader) strings() []string {
	n := r.count()
	items := make([]string, 0, n)
	for range n {
		items = append(items, r.string())
	}
	return items
}

// orNil makes an empty list nil, as it is where it was made.
func orNil(items []string) []string {
	if len(items) == 0 {
		return nil
	}
	return items
}

func (r *reader) name() assets.Name { return assets.Name{Schema: r.string(), Table: r.string()} }

func (r *reader) end() bool { return !r.bad && r.text == "" }
