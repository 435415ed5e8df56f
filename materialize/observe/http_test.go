package observe

import (
	"compress/gzip"
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seed-4311623e/assets/assets"
)

// web is a yard with a server, which answers as the test says.
type web struct {
	*yard
	*httptest.Server
	mu       sync.Mutex
	answer   http.HandlerFunc
	requests []*http.Request
}

func newWeb(t *testing.T) *web {
	w := &web{yard: newYard(t)}
	w.FetchDir = filepath.Join(w.dir, ".assets", "http")
	w.Server = httptest.NewServer(http.HandlerFunc(func(to http.ResponseWriter, r *http.Request) {
		w.mu.Lock()
		w.requests = append(w.requests, r)
		answer := w.answer
		w.mu.Unlock()
		answer(to, r)
	}))
	t.Cleanup(w.Server.Close)
	return w
}

func (w *web) says(answer http.HandlerFunc) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.answer = answer
}

func text(content string) http.HandlerFunc {
	return func(to http.ResponseWriter, _ *http.Request) { fmt.Fprint(to, content) }
}

func (w *web) source(paths ...string) *assets.Source {
	s := w.yard.source("x.csv")
	s.Reader.Glob = "http://web" + paths[0]
	for _, path := range paths {
		s.Remote = append(s.Remote, assets.Request{URL: w.URL + path, Shown: "http://web" + path, Timeout: 5 * time.Second})
	}
	return s
}

// know makes the next look follow this one.
func (y *yard) know(look Look) {
	y.Known[look.Source] = look.Observation
	y.Now = y.Now.Add(time.Minute)
}

// fetchedFiles are the copies that are kept.
func (w *web) fetchedFiles() (names []string) {
	w.t.Helper()
	entries, err := os.ReadDir(filepath.Join(w.FetchDir, "raw.orders"))
	if err != nil {
		w.t.Fatal(err)
	}
	for _, e := range entries {
		if e.Name() != copiesFile {
			names = append(names, e.Name())
		}
	}
	return names
}

// A version is the content; ETag and Last-Modified only spare the transfer.
func TestFetchOnlyWhatIsNew(t *testing.T) {
	for _, test := range []struct {
		name, header, first, second, asks string
	}{
		{"etag", "ETag", `"1"`, `"2"`, "If-None-Match"},
		{"last modified", "Last-Modified", "Mon, 02 Jan 2023 10:00:00 GMT", "Mon, 02 Jan 2023 11:00:00 GMT", "If-Modified-Since"},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWeb(t)
			value, content := test.first, "a,b\n1,2\n"
			sent := 0
			w.says(func(to http.ResponseWriter, r *http.Request) {
				to.Header().Set(test.header, value)
				if r.Header.Get(test.asks) == value {
					to.WriteHeader(http.StatusNotModified)
					return
				}
				sent++
				fmt.Fprint(to, content)
			})
			s := w.source("/a.csv")
			first := w.good(s)
			if got := w.table(first.SQL); got != "1 2" {
				t.Fatalf("read %q", got)
			}
			w.know(first)
			if again := w.good(s); again.ID != first.ID || !again.Arrived.Equal(first.Arrived) || sent != 1 {
				t.Errorf("unchanged: %v, %v, sent %d times", again.ID, again.Arrived, sent)
			}
			value = test.second // touched, not changed
			if same := w.good(s); same.ID != first.ID || sent != 2 {
				t.Errorf("equal content: %v, want %v; sent %d times", same.ID, first.ID, sent)
			}
			value, content = test.second+" ", "a,b\n3,4\n"
			second := w.good(s)
			if second.ID == first.ID || w.table(second.SQL) != "3 4" {
				t.Errorf("changed: %v, %q", second.ID, w.table(second.SQL))
			}
			if got := w.table(first.SQL); got != "1 2" {
				t.Errorf("a run of the version before reads %q now", got)
			}
			if path, err := Changed(bg, first); path != "" || err != nil {
				t.Errorf("%s moved, %v", path, err)
			}
		})
	}
}

// A time in whole seconds says nothing of what is changed within the same one.
func TestFetchTwiceInASecond(t *testing.T) {
	w := newWeb(t)
	content := ""
	at := time.Now()
	w.says(func(to http.ResponseWriter, r *http.Request) {
		http.ServeContent(to, r, "a.csv", at, strings.NewReader(content))
	})
	s := w.source("/a.csv")
	for _, row := range []string{"1 2", "3 4", "5 6"} {
		content = "a,b\n" + strings.ReplaceAll(row, " ", ",") + "\n"
		if look := w.good(s); w.table(look.SQL) != row {
			t.Errorf("read %q, want %q", w.table(look.SQL), row)
		}
	}
}

// Without either header each look transfers, and finds out that nothing is new. The
// copies of the last two versions are kept, also when the cache is lost.
func TestFetchWithoutValidators(t *testing.T) {
	w := newWeb(t)
	s := w.source("/a.csv")
	var ids []assets.Digest
	for i := range 4 {
		w.says(text(fmt.Sprintf("a,b\n%d,0\n", i)))
		look := w.good(s)
		w.know(look)
		os.Remove(w.CachePath)
		if again := w.good(s); again.ID != look.ID || !again.Arrived.Equal(look.Arrived) {
			t.Errorf("looked twice: %v, %v", look.Version, again.Version)
		}
		ids = append(ids, look.ID)
	}
	if got := w.fetchedFiles(); len(got) != 2 {
		t.Errorf("%d versions left %v", len(ids), got)
	}
	os.WriteFile(filepath.Join(w.FetchDir, "raw.orders", w.fetchedFiles()[0]), []byte("a,b\n9,9\n"), 0o666)
	os.WriteFile(filepath.Join(w.FetchDir, "raw.orders", w.fetchedFiles()[1]), []byte("a,b\n9,9\n"), 0o666)
	if repaired := w.good(s); repaired.ID != ids[3] || w.table(repaired.SQL) != "3 0" {
		t.Errorf("copies that someone edited: %v, %s", repaired.ID, w.table(repaired.SQL))
	}
	os.RemoveAll(w.FetchDir)
	if again := w.good(s); again.ID != ids[3] {
		t.Errorf("without copies %v, want %v", again.ID, ids[3])
	}
}

func TestFetchReads(t *testing.T) {
	w := newWeb(t)
	for _, test := range []struct {
		name   string
		answer http.HandlerFunc
	}{
		{"text", text("a,b\n1,2\n")},
		{"in pieces", func(to http.ResponseWriter, _ *http.Request) {
			fmt.Fprint(to, "a,b\n")
			to.(http.Flusher).Flush()
			fmt.Fprint(to, "1,2\n")
		}},
		{"a gzip file", text(gz("a,b\n1,2\n"))},
		{"packed for the transfer", func(to http.ResponseWriter, _ *http.Request) {
			to.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(to)
			fmt.Fprint(z, "a,b\n1,2\n")
			z.Close()
		}},
		{"text that claims to be HTML", func(to http.ResponseWriter, _ *http.Request) {
			to.Header().Set("Content-Type", "text/html")
			fmt.Fprint(to, "a,b\n1,2\n")
		}},
		{"redirected", func(to http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/a.csv" {
				http.Redirect(to, r, "/b.csv", http.StatusFound)
				return
			}
			fmt.Fprint(to, "a,b\n1,2\n")
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			w.says(test.answer)
			if look := w.look(w.source("/a.csv")); look.Err != "" || w.table(look.SQL) != "1 2" {
				t.Errorf("%s %s", look.Err, look.SQL)
			}
		})
	}
	t.Run("several", func(t *testing.T) {
		w.says(func(to http.ResponseWriter, r *http.Request) { fmt.Fprintf(to, "a,b\n%s,x\n", r.URL.Query().Get("n")) })
		if look := w.good(w.source("/?n=2", "/?n=1", "/?n=3")); w.table(look.SQL) != "2 x\n1 x\n3 x" {
			t.Error(w.table(look.SQL))
		}
	})
}

// raw answers with bytes as they are, and hangs up.
func raw(answer string) http.HandlerFunc {
	return func(to http.ResponseWriter, _ *http.Request) {
		conn, _, err := to.(http.Hijacker).Hijack()
		if err != nil {
			panic(err)
		}
		fmt.Fprint(conn, answer)
		conn.Close()
	}
}

// Whatever a server does is an error of its source alone, which goes on with its copy.
func TestFetchErrors(t *testing.T) {
	for _, test := range []struct {
		name   string
		answer http.HandlerFunc
		want   string
	}{
		{"not found", http.NotFound, "it answered 404 Not Found"},
		{"no entry", func(to http.ResponseWriter, _ *http.Request) { to.WriteHeader(403) }, "it answered 403 Forbidden: look at `headers`"},
		{"broken", func(to http.ResponseWriter, _ *http.Request) { to.WriteHeader(502) }, "it answered 502 Bad Gateway"},
		{"nothing", func(to http.ResponseWriter, _ *http.Request) { to.WriteHeader(204) }, "it answered 204 No Content"},
		{"empty", text(""), "it answered with nothing (0 bytes)"},
		{"unchanged from what", func(to http.ResponseWriter, _ *http.Request) { to.WriteHeader(304) }, "it answered 304 Not Modified"},
		{"a page", text("\n<!DOCTYPE html><title>Sign in</title>"), "it answered with a page of HTML instead of data: it may ask for a login, or be an error"},
		{"a piece of a page", func(to http.ResponseWriter, _ *http.Request) {
			to.Header().Set("Content-Type", "text/html; charset=utf-8")
			fmt.Fprint(to, "<h1>Error</h1>")
		}, "it answered with a page of HTML"},
		{"unknown packing", func(to http.ResponseWriter, _ *http.Request) {
			to.Header().Set("Content-Encoding", "br")
			fmt.Fprint(to, "xx")
		}, `it answered in the encoding "br", which cannot be read`},
		{"packing that breaks off", func(to http.ResponseWriter, _ *http.Request) {
			to.Header().Set("Content-Encoding", "gzip")
			fmt.Fprint(to, gz("a,b\n1,2\n")[:20])
		}, "the transfer broke off after 20 of 20 bytes"},
		{"cut short", raw("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\na,b\n1,2\n"), "the transfer broke off after 8 of 100 bytes"},
		{"cut short in pieces", raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n8\r\na,b\n1,2\n\r\n"), "the transfer broke off after 8 bytes"},
		{"no HTTP", raw("220 ftp ready\r\n"), "malformed HTTP"},
		{"hangs up", raw(""), "EOF"},
		{"hangs", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, "it did not answer within 100ms"},
		{"hangs in the middle", func(to http.ResponseWriter, r *http.Request) {
			fmt.Fprint(to, strings.Repeat("a,b\n", 1000))
			to.(http.Flusher).Flush()
			<-r.Context().Done()
		}, "the transfer was not complete within 100ms: give it more time with `timeout`"},
		{"in circles", func(to http.ResponseWriter, r *http.Request) { http.Redirect(to, r, "/a.csv", http.StatusFound) }, "it is redirected more than 5 times"},
		{"another content", text("PAR1\x00\x01\x02\xff\xfe,\n\n\x00"), "http://web/a.csv cannot be read as csv"},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWeb(t)
			s := w.source("/a.csv")
			s.Remote[0].URL += "?key=s3cret"
			w.says(text("a,b\n1,2\n"))
			first := w.good(s)
			if strings.HasPrefix(test.name, "hangs") {
				s.Remote[0].Timeout = 100 * time.Millisecond
			}
			w.says(test.answer)
			if look := w.look(s); !strings.Contains(look.Err, test.want) || !strings.HasPrefix(look.Err, "http://web/a.csv cannot be") || look.ID != "" || look.SQL != "" || look.Unreadable {
				t.Errorf("never seen before: %+v", look)
			}
			w.know(first)
			look := w.look(s)
			if !strings.Contains(look.Err, test.want) || strings.Contains(look.Err, "s3cret") {
				t.Errorf("got  %s\nwant %s", look.Err, test.want)
			}
			if look.ID != first.ID || look.Unreadable || look.SQL == "" || w.table(look.SQL) != "1 2" {
				t.Errorf("the last version cannot be read: %+v", look)
			}
			os.RemoveAll(w.FetchDir)
			if look := w.look(s); look.ID != first.ID || !look.Unreadable || look.SQL != "" {
				t.Errorf("without its copy: %+v", look)
			}
		})
	}
}

// What is meant for one server is not told to another one.
func TestFetchKeepsHeadersToItself(t *testing.T) {
	var told http.Header
	other := httptest.NewServer(http.HandlerFunc(func(to http.ResponseWriter, r *http.Request) {
		told = r.Header
		fmt.Fprint(to, "a,b\n1,2\n")
	}))
	t.Cleanup(other.Close)
	w := newWeb(t)
	w.says(func(to http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Api-Key") != "s3cret" {
			to.WriteHeader(401)
			return
		}
		http.Redirect(to, r, other.URL+"/b.csv", http.StatusFound)
	})
	s := w.source("/a.csv?also=s3cret")
	s.Remote[0].Headers = map[string]string{"x-api-key": "s3cret"}
	w.good(s)
	if told == nil || strings.Contains(fmt.Sprint(told), "s3cret") {
		t.Errorf("the other server was told %v", told)
	}
}

func TestFetchRefused(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	listener.Close() // nobody is there any more
	w := newWeb(t)
	s := w.source("/a.csv")
	s.Remote[0].URL = "http://" + listener.Addr().String()
	if look := w.look(s); !strings.HasPrefix(look.Err, "http://web/a.csv cannot be fetched: dial tcp") || !strings.HasSuffix(look.Err, "connection refused") {
		t.Error(look.Err)
	}
}

// Sources that hang hold up the others for one timeout, however many they are.
func TestHangingSourcesWaitTogether(t *testing.T) {
	w := newWeb(t)
	w.says(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	w.write("a.csv", "a,b\n1,2\n")
	local := w.yard.source("a.csv")
	local.Name = assets.MustName("raw.local")
	sources := []*assets.Source{local}
	const many, timeout = 40, 200 * time.Millisecond
	for i := range many {
		s := w.source("/a.csv")
		s.Name = assets.MustName(fmt.Sprintf("raw.s%d", i))
		s.Remote[0].Timeout = timeout
		sources = append(sources, s)
	}
	began := time.Now()
	looks, err := w.Look(bg, sources)
	if took := time.Since(began); err != nil || took >= many*timeout {
		t.Errorf("took %s, %v", took, err)
	}
	for _, s := range sources {
		if look := looks[s.Name]; (look.Err == "") != (s == local) {
			t.Errorf("%s: %s", s.Name, look.Err)
		}
	}
	ctx, cancel := context.WithCancel(bg)
	time.AfterFunc(20*time.Millisecond, cancel)
	sources[1].Remote[0].Timeout = time.Hour
	if _, err := w.Look(ctx, sources[:2]); err != context.Canceled {
		t.Errorf("a cancelled look: %v", err)
	}
}

// When a version of a server's arrived.
func TestArrivalOfWhatWasFetched(t *testing.T) {
	for _, test := range []struct {
		name, modified string
		want           string // relative to the look
	}{
		{"as the server says", "-3h", "-3h"},
		{"it does not say", "", "0s"},
		{"in the future", "2h", "0s"},
		{"before there was a web", "-500000h", "0s"},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWeb(t)
			w.Now = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
			w.says(func(to http.ResponseWriter, _ *http.Request) {
				if ago, err := time.ParseDuration(test.modified); err == nil {
					to.Header().Set("Last-Modified", w.Now.Add(ago).Format(http.TimeFormat))
				}
				fmt.Fprint(to, "a,b\n1,2\n")
			})
			want, _ := time.ParseDuration(test.want)
			if look := w.good(w.source("/a.csv")); !look.Arrived.Equal(w.Now.Add(want)) || !look.Delivered.Equal(look.Arrived) {
				t.Errorf("arrived %s, delivered %s; want %s", look.Arrived, look.Delivered, w.Now.Add(want))
			}
		})
	}
}

func TestSweepFetched(t *testing.T) {
	w := newWeb(t)
	w.says(text("a,b\n1,2\n"))
	s := w.source("/a.csv")
	w.good(s)
	SweepFetched(w.FetchDir, map[assets.Name]*assets.Source{s.Name: s})
	if len(w.fetchedFiles()) != 1 {
		t.Error("what is used was removed")
	}
	SweepFetched(w.FetchDir, map[assets.Name]*assets.Source{s.Name: w.yard.source("x.csv")})
	if _, err := os.Stat(filepath.Join(w.FetchDir, "raw.orders")); !os.IsNotExist(err) {
		t.Error("what is not used was kept", err)
	}
}
