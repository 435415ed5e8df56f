package holder

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"go.uber.org/goleak"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/materialize"
	"github.com/seed-4311623e/assets/materialize/warehouse"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("database/sql.(*DB).connectionOpener"))
}

// serve holds a new warehouse, and answers for it in a runtime directory of the test's own.
func serve(t testing.TB) (path string, runs *Runs, s *Server) {
	t.Helper()
	ownRuntimeDir(t)
	path = filepath.Join(t.TempDir(), "w.duckdb")
	db, err := warehouse.Open(t.Context(), warehouse.Options{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	runs = &Runs{}
	s, err = Serve(db, path, "apply", runs, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		s.Drain()
		s.Close()
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return path, runs, s
}

// ownRuntimeDir is one with a short path: a socket's may have 100 bytes.
func ownRuntimeDir(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "holder")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	t.(interface{ Setenv(k, v string) }).Setenv("XDG_RUNTIME_DIR", dir)
	return dir
}

func event(kind materialize.EventType, asset string) materialize.Event {
	e := materialize.Event{Type: kind, Run: "01RUN", At: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC), Done: 1, Total: 3}
	if asset != "" {
		e.Asset = assets.MustName(asset)
	}
	return e
}

func TestAsk(t *testing.T) {
	path, runs, _ := serve(t)
	info, err := Ask(t.Context(), path)
	if err != nil || info.PID != os.Getpid() || info.Command != "apply" || info.Since.IsZero() || len(info.Runs) != 0 || info.Leaving {
		t.Fatalf("%+v, %v", info, err)
	}
	_, run := runs.Begin(t.Context())
	run.Event(event(materialize.RunStarted, ""))
	if info, err = Ask(t.Context(), path); err != nil || len(info.Runs) != 1 || info.Runs[0].ID != "01RUN" || info.Runs[0].Done != 1 || info.Runs[0].Total != 3 {
		t.Fatalf("%+v, %v", info, err)
	}
	e := &warehouse.LockedError{Path: path}
	Name(t.Context(), e)
	if text := e.Error(); !strings.Contains(text, fmt.Sprintf("`assets apply` (process %d) since ", os.Getpid())) || !strings.Contains(text, "assets cancel 01RUN") {
		t.Error(text)
	}
	run.End("succeeded")
	// Another name for the same file leads to the same process.
	link := filepath.Join(t.TempDir(), "link.duckdb")
	if err := os.Symlink(path, link); err != nil {
		t.Fatal(err)
	}
	if info, err = Ask(t.Context(), link); err != nil || len(info.Runs) != 0 {
		t.Errorf("%+v, %v", info, err)
	}
	if _, err := Ask(t.Context(), path+".other"); !errors.Is(err, ErrNobody) {
		t.Error(err)
	}
}

func TestQueriesOfOthers(t *testing.T) {
	path, _, s := serve(t)
	pool, info, err := Pool(t.Context(), path)
	if err != nil || pool == nil || info.PID != os.Getpid() {
		t.Fatal(pool, info, err)
	}
	defer pool.Close()
	var n int
	if err := pool.QueryRow("SELECT count(*) FROM _wh._assets.runs").Scan(&n); err != nil || n != 0 {
		t.Fatal(n, err)
	}
	s.Drain()
	// It is about to leave: the file has to be waited for.
	if pool, info, err := Pool(t.Context(), path); err != nil || pool != nil || !info.Leaving {
		t.Error(pool, info, err)
	}
	if err := pool.QueryRow("SELECT 1").Scan(&n); !errors.Is(err, warehouse.ErrHolderLost) {
		t.Error(err)
	}
	s.Close()
	if pool, _, err := Pool(t.Context(), path); err != nil || pool != nil {
		t.Error(pool, err)
	}
}

func TestCancel(t *testing.T) {
	path, runs, _ := serve(t)
	ctx, run := runs.Begin(t.Context())
	run.Event(event(materialize.RunStarted, ""))
	if _, err := Cancel(t.Context(), path, "01OTHER", "ada"); err == nil || !strings.Contains(err.Error(), "no run 01OTHER goes on") {
		t.Error(err)
	}
	go func() {
		<-ctx.Done()
		run.End("cancelled")
	}()
	how, err := Cancel(t.Context(), path, "01RUN", "ada")
	if err != nil || how != "cancelled" {
		t.Error(how, err)
	}
	if by := Cause(ctx); by == nil || by.By != "ada" {
		t.Errorf("%v", by)
	}
	if Cause(t.Context()) != nil {
		t.Error("nobody cancelled the test")
	}
}

func TestFollow(t *testing.T) {
	path, runs, s := serve(t)
	_, run := runs.Begin(t.Context())
	run.Event(event(materialize.RunStarted, ""))
	run.Event(event(materialize.AssetStarted, "a"))
	run.Event(event(materialize.AssetStarted, "b"))
	run.Event(event(materialize.AssetFinished, "b"))
	var lines []string
	begun := func() error {
		run.Event(event(materialize.AssetFinished, "a"))
		run.Event(event(materialize.RunPublished, ""))
		run.End("succeeded")
		go s.Drain() // what has happened is told all the same
		return nil
	}
	err := Follow(t.Context(), path, begun, func(line []byte) error { lines = append(lines, string(line)); return nil })
	if err != nil || len(lines) != 3 || !strings.Contains(lines[0], `"asset_started"`) || !strings.Contains(lines[0], `"a"`) || !strings.Contains(lines[2], `"published"`) {
		t.Fatalf("%q, %v", lines, err)
	}
	if err := Follow(t.Context(), path+".other", nil, nil); !errors.Is(err, ErrNobody) {
		t.Error(err)
	}
}

// A follower who takes nothing is given up, and the run never waits for it.
func TestSlowFollower(t *testing.T) {
	runs := &Runs{}
	events, leave := runs.follow()
	defer leave()
	_, run := runs.Begin(t.Context())
	for range followed + 10 {
		run.Event(event(materialize.CheckFinished, "a"))
	}
	run.End("succeeded")
	n := 0
	for range events { // it is closed
		n++
	}
	if n != followed {
		t.Errorf("%d events were kept", n)
	}
}

// A socket that a crash left behind is nobody's, and gives way to the next holder's.
func TestStaleSocket(t *testing.T) {
	ownRuntimeDir(t)
	path := filepath.Join(t.TempDir(), "w.duckdb")
	db, err := warehouse.Open(t.Context(), warehouse.Options{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	place := places(path)[0]
	if err := os.MkdirAll(filepath.Dir(place), 0o700); err != nil {
		t.Fatal(err)
	}
	stale, err := net.ListenUnix("unix", &net.UnixAddr{Name: place, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	stale.SetUnlinkOnClose(false)
	stale.Close()
	if _, err := os.Lstat(place); err != nil {
		t.Fatal("the test left no socket:", err)
	}
	if _, err := Ask(t.Context(), path); !errors.Is(err, ErrNobody) {
		t.Error(err)
	}
	s, err := Serve(db, path, "daemon", &Runs{}, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if info, err := os.Stat(place); err != nil || info.Mode().Perm() != 0o600 {
		t.Error(info.Mode(), err)
	}
	if info, err := Ask(t.Context(), path); err != nil || info.Command != "daemon" {
		t.Errorf("%+v, %v", info, err)
	}
}

// Whoever accepts and says nothing is given up, and named.
func TestSilentHolder(t *testing.T) {
	ownRuntimeDir(t)
	path := filepath.Join(t.TempDir(), "w.duckdb")
	place := places(path)[0]
	if err := os.MkdirAll(filepath.Dir(place), 0o700); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("unix", place) // nobody accepts, as if the process were stopped
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, err = Ask(t.Context(), path)
	if err == nil || errors.Is(err, ErrNobody) || !strings.Contains(err.Error(), fmt.Sprintf("(process %d), which does not answer", os.Getpid())) {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Ask(ctx, path); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// In a directory that others can enter anybody could answer: nobody is asked there, and
// nobody listens.
func TestPlaces(t *testing.T) {
	dir := ownRuntimeDir(t)
	path := filepath.Join(t.TempDir(), "w.duckdb")
	own := filepath.Join(dir, "assets")
	if err := os.Mkdir(own, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := makePrivate(own); err == nil || !strings.Contains(err.Error(), "chmod 700") {
		t.Error(err)
	}
	if err := os.Remove(own); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(t.TempDir(), own); err != nil {
		t.Fatal(err)
	}
	if err := makePrivate(own); err == nil || !strings.Contains(err.Error(), "not a directory") {
		t.Error(err)
	}
	t.Setenv("XDG_RUNTIME_DIR", "/tmp/"+strings.Repeat("long", 30))
	for _, place := range places(path) {
		if len(place) > longest || strings.Contains(place, "long") {
			t.Error(place)
		}
	}
	// Who is not told of it looks there all the same, after where it would listen itself.
	t.Setenv("XDG_RUNTIME_DIR", "")
	found := places(path)
	t.Setenv("XDG_RUNTIME_DIR", fmt.Sprintf("/run/user/%d", os.Getuid()))
	if told := places(path)[0]; found[0] == told || found[len(found)-1] != told {
		t.Errorf("%s is not the last of %q", told, found)
	}
	t.Setenv("XDG_RUNTIME_DIR", "relative")
	if place := places(path)[0]; !filepath.IsAbs(place) {
		t.Error(place)
	}
}

// FuzzRequest: whatever somebody sends first, the process goes on and answers the next.
func FuzzRequest(f *testing.F) {
	for _, s := range []string{
		"", "\n", "{}\n", `{"version":1,"want":"tell"}` + "\n", `{"version":1,"want":"read"}` + "\n" + "rubbish", `{"version":1,"want":"cancel","run":"x"}` + "\n",
		`{"version":1,"want":"follow"}` + "\n" + "more", `{"version":99,"want":"tell"}` + "\n", `{"version":1,"want":"nothing"}` + "\n", "GET / HTTP/1.1\r\n\r\n",
		strings.Repeat("x", longestLine+1), `{"version":1,"want":"` + strings.Repeat("[", 4000) + "\n", "\x00\xff\xfe\n",
	} {
		f.Add([]byte(s))
	}
	path, _, _ := serve(f)
	f.Fuzz(func(t *testing.T, sent []byte) {
		conn, err := net.Dial("unix", places(path)[0])
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if _, err := conn.Write(sent); err == nil {
			_ = conn.(*net.UnixConn).CloseWrite()
			for in := bufio.NewReader(conn); err == nil; {
				_, err = in.ReadByte()
			}
		}
		if info, err := Ask(t.Context(), path); err != nil || info.PID != os.Getpid() {
			t.Fatal(info, err)
		}
	})
}
