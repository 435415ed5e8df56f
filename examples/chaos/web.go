//go:build linux

package main

import (
	"fmt"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// A web is the server that a source is read from. What it does with a request is its
// mood.
type web struct {
	address string
	server  *http.Server

	mu   sync.Mutex
	mood string // empty: it is a good server
	body []byte
	tag  int // of body
	lies int // how often it did not do what it should
}

// moods are the ways in which the server is bad.
var moods = []string{
	"hang", "refuse", "reset", "answer 500", "truncate", "lie about the length", "end early without a length",
	"lie about the tag", "drip", "answer with HTML", "answer with nothing", "send broken gzip", "redirect for ever",
}

func startWeb() (*web, error) {
	w := &web{}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	w.address = listener.Addr().String()
	w.serve(listener)
	return w, nil
}

func (w *web) serve(listener net.Listener) {
	w.server = &http.Server{Handler: w}
	go w.server.Serve(listener)
}

func (w *web) close() { w.server.Close() }

// put is what the server serves from now on.
func (w *web) put(body []byte, tag int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.body, w.tag = body, tag
}

// turn puts the server into a mood, and returns what makes it good again.
func (w *web) turn(mood string) (back func(), err error) {
	if mood == "refuse" {
		w.server.Close() // nobody listens any more
		return func() {
			for range 100 {
				listener, err := net.Listen("tcp", w.address)
				if err == nil {
					w.serve(listener)
					return
				}
				time.Sleep(50 * time.Millisecond)
			}
		}, nil
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.mood = mood
	return func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.mood = ""
	}, nil
}

func (w *web) ServeHTTP(out http.ResponseWriter, request *http.Request) {
	w.mu.Lock()
	mood, body, tag := w.mood, w.body, fmt.Sprintf(`"generation %d"`, w.tag)
	if mood != "" {
		w.lies++
	}
	w.mu.Unlock()
	raw := func(header string, body []byte) {
		conn, _, err := out.(http.Hijacker).Hijack()
		if err != nil {
			return
		}
		defer conn.Close()
		if header == "" { // with a reset instead of an end
			conn.(*net.TCPConn).SetLinger(0)
			return
		}
		fmt.Fprintf(conn, "HTTP/1.1 200 OK\r\nContent-Type: text/csv\r\nConnection: close\r\n%s\r\n", header)
		conn.Write(body)
	}
	switch mood {
	case "hang":
		<-request.Context().Done()
	case "reset":
		raw("", nil)
	case "answer 500":
		http.Error(out, "out of order", http.StatusInternalServerError)
	case "truncate": // the last chunk never comes
		raw("Transfer-Encoding: chunked\r\n", fmt.Appendf(nil, "%x\r\n%s\r\n", len(body)/2, body[:len(body)/2]))
	case "lie about the length":
		raw("Content-Length: "+strconv.Itoa(len(body)+100)+"\r\n", body)
	case "end early without a length":
		raw("X-Lie: whole\r\n", body[:len(body)/2])
	case "lie about the tag": // there is something new, and it says there is not
		if request.Header.Get("If-None-Match") != "" {
			out.WriteHeader(http.StatusNotModified)
			return
		}
		out.Header().Set("Etag", `"a lie"`)
		out.Write(body)
	case "drip":
		out.Header().Set("Content-Length", strconv.Itoa(len(body)))
		for i := range body {
			if _, err := out.Write(body[i : i+1]); err != nil || request.Context().Err() != nil {
				return
			}
			out.(http.Flusher).Flush()
			time.Sleep(20 * time.Millisecond)
		}
	case "answer with HTML":
		out.Header().Set("Content-Type", "text/html")
		fmt.Fprint(out, "<!DOCTYPE html><html><body>Please log in</body></html>")
	case "answer with nothing":
		out.WriteHeader(http.StatusOK)
	case "send broken gzip":
		out.Write(append([]byte{0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3}, body[:50]...))
	case "redirect for ever":
		http.Redirect(out, request, "/rates.csv?again", http.StatusFound)
	default:
		out.Header().Set("Etag", tag)
		if request.Header.Get("If-None-Match") == tag {
			out.WriteHeader(http.StatusNotModified)
			return
		}
		out.Write(body)
	}
}
