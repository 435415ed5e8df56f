package server

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-4311623e/assets/materialize"
)

func TestListenTellsWhatToDo(t *testing.T) {
	taken, err := Listen(t.Context(), "127.0.0.1:0", Token{})
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	for _, c := range []struct{ address, says string }{
		{taken.Addr().String(), ": another program does. Stop it if it is another daemon of this project, or give another port"},
		{"0.0.0.0:0", "can be reached from other machines, so a token is needed to listen there. Give one with -token-file or -token-env, or listen on loopback, as in 127.0.0.1:"},
		{":0", "can be reached from other machines"},
		{"127.0.0.1", `"127.0.0.1" is not an address to listen on: write host:port, as in 127.0.0.1:8632`},
		{"", "write host:port"},
		{"127.0.0.1:http", "its port must be a number"},
		{"127.0.0.1:65536", "up to 65535"},
		{"192.0.2.1:0", "this machine has no such address"},
		{"no-such-host.invalid:0", "cannot listen on no-such-host.invalid:0"},
	} {
		listener, err := Listen(t.Context(), c.address, Token{})
		if err == nil {
			listener.Close()
			t.Errorf("%q: it listens", c.address)
		} else if !strings.Contains(err.Error(), c.says) {
			t.Errorf("%q: %v", c.address, err)
		}
	}
	token, _ := NewToken(secret)
	for _, address := range []string{"0.0.0.0:0", "localhost:0", "127.0.0.2:0"} {
		listener, err := Listen(t.Context(), address, token)
		if err != nil {
			t.Errorf("%s with a token: %v", address, err)
			continue
		}
		listener.Close()
	}
}

func TestErrorsOfListeningAreExplained(t *testing.T) {
	of := func(err error) error { return &net.OpError{Op: "listen", Err: os.NewSyscallError("bind", err)} }
	for _, c := range []struct {
		err  error
		says string
	}{
		{of(syscall.EACCES), "ports below 1024"},
		{of(syscall.EADDRINUSE), "another program does"},
		{&net.OpError{Op: "listen", Err: &net.DNSError{Name: "nowhere"}}, "the name nowhere stands for no address"},
		{errors.New("out of files"), "cannot listen on 127.0.0.1:80: out of files"},
	} {
		if got := explain("127.0.0.1:80", c.err).Error(); !strings.Contains(got, c.says) {
			t.Errorf("%v: %s", c.err, got)
		}
	}
}

// Whoever makes the listener, nobody outside is served without a token.
func TestServeRefusesToBeReachedFromOutside(t *testing.T) {
	listener, err := net.Listen("tcp", "0.0.0.0:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := New(options()).Serve(t.Context(), listener, &fakeDaemon{}); err == nil || !strings.Contains(err.Error(), "a token is needed") {
		t.Errorf("%v", err)
	}
	if _, err := listener.Accept(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("it listens on: %v", err)
	}
}

// serve serves d in the background; stop ends it and waits for Serve to return.
func serve(t *testing.T, o Options, d Daemon) (url string, stop func() error) {
	listener, err := Listen(t.Context(), "127.0.0.1:0", o.Token)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- New(o).Serve(ctx, listener, d) }()
	return "http://" + listener.Addr().String(), func() error { cancel(); return <-ended }
}

func TestServeLetsRequestsEnd(t *testing.T) {
	entered, release := make(chan bool), make(chan bool)
	d := &fakeDaemon{snapshot: shop(), onRuns: func(ctx context.Context) error { close(entered); <-release; return ctx.Err() }}
	url, stop := serve(t, options(), d)
	answered := make(chan string)
	go func() {
		response, err := http.Get(url + "/api/v1/runs")
		if err != nil {
			answered <- err.Error()
			return
		}
		defer response.Body.Close()
		answered <- response.Status
	}()
	<-entered
	stopped := make(chan error)
	go func() { stopped <- stop() }()
	for { // until nobody is let in any more
		c, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
		if err != nil {
			break
		}
		c.Close()
	}
	close(release)
	if got := <-answered; got != "200 OK" {
		t.Errorf("the request under way got %s", got)
	}
	if err := <-stopped; err != nil {
		t.Error(err)
	}
}

func TestServeCutsOffWhatDoesNotEnd(t *testing.T) {
	entered := make(chan bool)
	d := &fakeDaemon{snapshot: shop(), onRuns: func(ctx context.Context) error { close(entered); <-ctx.Done(); return ctx.Err() }}
	o := options()
	o.Grace = time.Millisecond
	url, stop := serve(t, o, d)
	answered := make(chan error)
	go func() {
		_, err := http.Get(url + "/api/v1/runs")
		answered <- err
	}()
	<-entered
	if err := stop(); err != nil {
		t.Error(err)
	}
	if err := <-answered; err == nil {
		t.Error("the request was answered")
	}
}

func TestServeTellsWhenItCannotGoOn(t *testing.T) {
	listener, err := Listen(t.Context(), "127.0.0.1:0", Token{})
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error)
	go func() { ended <- New(options()).Serve(t.Context(), listener, &fakeDaemon{}) }()
	listener.Close()
	if err := <-ended; !errors.Is(err, net.ErrClosed) {
		t.Errorf("%v", err)
	}
}

// pipes is a listener without a network, so that its time is the test's.
type pipes struct {
	conns chan net.Conn
	once  sync.Once
	done  chan bool
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}
func (p *pipes) Close() error   { p.once.Do(func() { close(p.done) }); return nil }
func (p *pipes) Addr() net.Addr { return &net.UnixAddr{Name: "test", Net: "unix"} }

// A client that dawdles is left after a while, whatever it dawdles with.
func TestSlowClientsAreLeft(t *testing.T) {
	for _, c := range []struct {
		name, sends string
		within      time.Duration
	}{
		{"nothing", "", headerTimeout},
		{"half a header", "GET /healthz HTTP/1.1\r\nHost: local", headerTimeout},
		{"half a body", "POST /api/v1/events/raw.orders HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{", readTimeout},
	} {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			listener := &pipes{conns: make(chan net.Conn), done: make(chan bool)}
			ended := make(chan error)
			d := &fakeDaemon{snapshot: shop()}
			go func() { ended <- New(options()).Serve(ctx, listener, d) }()
			client, server := net.Pipe()
			listener.conns <- server
			began := time.Now()
			go io.WriteString(client, c.sends)
			answer, _ := io.ReadAll(client)
			if took := time.Since(began); took < c.within || took > c.within+time.Second {
				t.Errorf("%s: left after %s", c.name, took)
			}
			if len(d.pushed) > 0 || strings.Contains(string(answer), "HTTP/1.1 20") {
				t.Errorf("%s: %s", c.name, answer)
			}
			cancel()
			if err := <-ended; err != nil {
				t.Error(err)
			}
		})
	}
}

func TestHeadersAreBounded(t *testing.T) {
	url, stop := serve(t, options(), &fakeDaemon{snapshot: shop()})
	c, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	// It answers before all is sent, and may close the connection on what is left.
	_, _ = fmt.Fprintf(c, "GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: %s\r\n\r\n", strings.Repeat("x", 64<<10))
	line, _ := bufio.NewReader(c).ReadString('\n')
	if !strings.Contains(line, "431") {
		t.Errorf("answered %q", line)
	}
	if err := stop(); err != nil {
		t.Error(err)
	}
}

// Everything at once, for the race detector.
func TestManyAskWhileRunsGoOn(t *testing.T) {
	d := &fakeDaemon{snapshot: shop()}
	s := New(options())
	h := s.Handler(d)
	var all sync.WaitGroup
	paths := []string{"/metrics", "/api/v1/status", "/api/v1/plan", "/api/v1/assets/mart.sales", "/api/v1/runs", "/readyz"}
	for _, path := range paths {
		for range 2 {
			all.Go(func() {
				for range 20 {
					if w := ask(h, "GET", path, ""); w.Code != 200 {
						t.Errorf("%s: %d", path, w.Code)
					}
				}
			})
		}
	}
	all.Go(func() {
		for i := range 200 {
			s.Observe(materialize.Event{Type: materialize.AssetFinished, Asset: n("mart.sales"), Outcome: materialize.Built, Took: time.Second})
			d.mu.Lock()
			d.snapshot = shop()
			d.snapshot.Breaches.Total = i
			d.mu.Unlock()
			ask(h, "POST", "/api/v1/events/raw.orders", `{"version":"7"}`)
		}
	})
	all.Wait()
	if len(d.pushed) != 200 || s.counters.counted()[n("mart.sales")].all != 200 {
		t.Errorf("%d pushed, %v counted", len(d.pushed), s.counters.counted())
	}
}
