package remote

import (
	"bytes"
	"encoding/gob"
	"testing"
	"time"

	"github.com/seed-4311623e/assets/materialize/warehouse"
)

// messages are requests as they travel.
func messages(t testing.TB, requests ...request) []byte {
	var text bytes.Buffer
	enc := gob.NewEncoder(&text)
	for _, r := range requests {
		if err := enc.Encode(r); err != nil {
			t.Fatal(err)
		}
	}
	return text.Bytes()
}

// FuzzAnswer: whatever is sent, the process that holds the warehouse goes on, nothing is
// written, and no connection is kept.
func FuzzAnswer(f *testing.F) {
	whole := messages(f, request{Operation: query, SQL: "SELECT i FROM range(5000) r(i)"}, request{Operation: next}, request{Operation: end}, request{Operation: next})
	f.Add(whole)
	f.Add(whole[:len(whole)/2])
	f.Add([]byte{})
	f.Add([]byte("GET / HTTP/1.1\r\n\r\n"))
	f.Add([]byte{0xf8, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff})
	f.Add([]byte{0xfc, 0x3f, 0xff, 0xff, 0xff, 0})
	f.Add(messages(f, request{Operation: 99}, request{SQL: "SELECT 1"}))
	f.Add(messages(f, request{Operation: query, SQL: "SELECT ?", Args: []any{int64(1), "two", 3.0, nil, true, time.Unix(0, 0)}}))
	f.Add(messages(f, request{Operation: query, SQL: "BEGIN"}, request{Operation: query, SQL: "BEGIN"}, request{Operation: query, SQL: "COMMIT"}, request{Operation: query, SQL: "COMMIT"}))
	f.Add(messages(f, request{Operation: query, SQL: "DROP TABLE _wh.main.t"}))
	owner := held(f)
	f.Fuzz(func(t *testing.T, sent []byte) {
		conn, ended := pipe(t, owner, nil)
		go func() {
			conn.Write(sent)
			conn.SetReadDeadline(time.Now())
		}()
		for buffer := make([]byte, 4096); ; { // what comes back is thrown away
			if _, err := conn.Read(buffer); err != nil {
				break
			}
		}
		conn.Close()
		<-ended
		untouched(t, owner)
	})
}

// FuzzPermit: no text gets past the parser and the transaction and changes anything.
func FuzzPermit(f *testing.F) {
	for _, s := range []string{
		"SELECT 1", "DROP TABLE _wh.main.t", "CREATE TEMP VIEW \"?\" AS\nSELECT 1; DROP TABLE _wh.main.t", "USE _wh\n; DROP TABLE _wh.main.t",
		"CREATE OR REPLACE VIEW _q_00000000.\"a\".\"b\" AS SELECT 1", "SELECT * FROM checkpoint('_wh')", "CREATE OR REPLACE TEMP TABLE x AS SELECT 1 /*", "BEGIN", "ROLLBACK",
	} {
		f.Add(s)
	}
	owner := held(f)
	f.Fuzz(func(t *testing.T, statement string) {
		db := reader(t, owner)
		_, _ = db.ExecContext(t.Context(), statement)
		untouched(t, owner)
	})
}

func untouched(t *testing.T, db *warehouse.DB) {
	t.Helper()
	c, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	var tables, rows int
	if err := c.QueryRow(t.Context(), "SELECT (SELECT count(*) FROM duckdb_tables() WHERE database_name = '_wh' AND schema_name = 'main'), (SELECT count(*) FROM _wh.main.t)").Scan(&tables, &rows); err != nil {
		t.Fatal(err)
	}
	if tables != 1 || rows != 3 {
		t.Fatalf("%d tables, %d rows", tables, rows)
	}
}
