package observe

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/seed-4311623e/assets/assets"
)

// mostRedirects is how often an address may lead to another one.
const mostRedirects = 5

// perHost is how many requests a server gets at once.
const perHost = 8

var (
	errRedirects = fmt.Errorf("it is redirected more than %d times", mostRedirects)
	errDowngrade = errors.New("it is redirected from https to http, where everyone can read and change it")
)

// newClient returns a client with connections of its own.
func newClient() *http.Client {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxConnsPerHost = perHost
	transport.DisableCompression = true // so that lengths can be verified
	return &http.Client{Transport: transport, CheckRedirect: func(next *http.Request, via []*http.Request) error {
		first := via[0].URL
		switch {
		case len(via) > mostRedirects:
			return errRedirects
		case first.Scheme == "https" && next.URL.Scheme != "https":
			return errDowngrade
		case first.Host != next.URL.Host || first.Scheme != next.URL.Scheme:
			// What is meant for one server, a token among it, is not told to another.
			kept := http.Header{"User-Agent": {agent}}
			for _, name := range []string{"If-None-Match", "If-Modified-Since"} {
				if value := next.Header.Get(name); value != "" {
					kept.Set(name, value)
				}
			}
			next.Header = kept
		}
		return nil
	}}
}

const agent = "assets"

// get sends a request. The caller closes the answer's body.
func (o *Observer) get(ctx context.Context, r assets.Request, more http.Header) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, r.URL, nil)
	if err != nil {
		return nil, errors.New("its address is no URL")
	}
	request.Header.Set("User-Agent", agent)
	for name, value := range r.Headers {
		request.Header.Set(name, value)
	}
	for name, values := range more {
		request.Header[name] = values
	}
	return o.client.Do(request)
}

// failure says what went wrong with a request, without its address.
func failure(ctx, within context.Context, r assets.Request, err error) error {
	if ctx.Err() == nil && within.Err() != nil {
		return fmt.Errorf("it did not answer within %s", r.Timeout)
	}
	var of *url.Error
	if errors.As(err, &of) {
		err = of.Err
	}
	return err
}

// fetch makes dir hold what an address has now, and returns it. If the answer is
// what is known, which has to be in dir, nothing is transferred or written. A file
// appears in dir when all of it has arrived; its mtime is when it was changed, as
// the server says, or else now.
func (o *Observer) fetch(ctx context.Context, r assets.Request, dir, prefix string, known fetched) (fetched, error) {
	within, cancel := context.WithTimeout(ctx, r.Timeout)
	defer cancel()
	conditions := http.Header{}
	if known.ETag != "" {
		conditions.Set("If-None-Match", known.ETag)
	}
	if known.LastModified != "" {
		conditions.Set("If-Modified-Since", known.LastModified)
	}
	response, err := o.get(within, r, conditions)
	if err != nil {
		return known, failure(ctx, within, r, err)
	}
	defer response.Body.Close()
	switch code := response.StatusCode; {
	case code == http.StatusNotModified && len(conditions) > 0:
		return known, nil
	case code == http.StatusUnauthorized, code == http.StatusForbidden:
		return known, fmt.Errorf("it answered %s: look at `headers`", status(code))
	case code != http.StatusOK && code != http.StatusNonAuthoritativeInfo:
		return known, fmt.Errorf("it answered %s", status(code))
	}
	temp, err := os.CreateTemp(dir, partial)
	if err != nil {
		return known, err
	}
	defer os.Remove(temp.Name()) // gone already if all went well
	hash, packing, err := receive(temp, response)
	if err = errors.Join(err, temp.Close()); err != nil {
		if ctx.Err() == nil && within.Err() != nil {
			err = fmt.Errorf("the transfer was not complete within %s: give it more time with `timeout`", r.Timeout)
		}
		return known, err
	}
	now := fetched{Name: prefix + hash[:16] + packing, Hash: hash}
	if o.vouches(response.Header) {
		now.ETag, now.LastModified = response.Header.Get("ETag"), response.Header.Get("Last-Modified")
	}
	changed, stated := o.modified(response.Header.Get("Last-Modified"))
	path := filepath.Join(dir, now.Name)
	if now.Hash == known.Hash {
		if info, err := os.Stat(path); err == nil && (!stated || !changed.After(info.ModTime())) {
			return now, nil
		}
		return now, os.Chtimes(path, changed, changed) // delivered again
	}
	if err := os.Chtimes(temp.Name(), changed, changed); err != nil {
		return known, err
	}
	return now, os.Rename(temp.Name(), path)
}

// vouches reports whether a server will tell when an answer is out of date. Its times
// are whole seconds, and many make their ETags of them: what was changed just now may
// be changed again without another time.
func (o *Observer) vouches(header http.Header) bool {
	changed, err := http.ParseTime(header.Get("Last-Modified"))
	if err != nil {
		return true
	}
	answered, err := http.ParseTime(header.Get("Date"))
	if err != nil {
		answered = o.Now
	}
	return answered.Sub(changed) >= racy
}

// modified is when an address was changed, as its server says; else now, and false.
func (o *Observer) modified(stated string) (time.Time, bool) {
	t, err := http.ParseTime(stated)
	if err != nil || t.Year() < 1990 || t.After(o.Now) { // servers that do not know say 1970, or now
		return o.Now, false
	}
	return t, true
}

// receive writes an answer's body, and returns its hash and the ending that says how
// the content is packed.
func receive(to io.Writer, response *http.Response) (hash, packing string, err error) {
	counted := &counter{from: response.Body}
	var body io.Reader = counted
	switch encoding := strings.ToLower(response.Header.Get("Content-Encoding")); encoding {
	case "", "identity":
	case "gzip", "x-gzip":
		if body, err = gzip.NewReader(counted); err != nil {
			return "", "", brokenOff(err, counted.n, response.ContentLength)
		}
	default:
		return "", "", fmt.Errorf("it answered in the encoding %q, which cannot be read", encoding)
	}
	read := bufio.NewReaderSize(body, 64<<10)
	head, _ := read.Peek(512)
	if isPage(head, response.Header.Get("Content-Type")) {
		return "", "", errors.New("it answered with a page of HTML instead of data: it may ask for a login, or be an error")
	}
	sum := sha256.New()
	n, err := io.Copy(io.MultiWriter(to, sum), read)
	switch {
	case err != nil:
		return "", "", brokenOff(err, counted.n, response.ContentLength)
	case response.ContentLength >= 0 && counted.n != response.ContentLength:
		return "", "", brokenOff(io.ErrUnexpectedEOF, counted.n, response.ContentLength)
	case n == 0:
		return "", "", errors.New("it answered with nothing (0 bytes)")
	}
	return hex.EncodeToString(sum.Sum(nil)), packingOf(head), nil
}

func brokenOff(err error, got, of int64) error {
	switch {
	case !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF):
		return fmt.Errorf("the transfer broke off: %w", err)
	case of >= 0:
		return fmt.Errorf("the transfer broke off after %d of %d bytes", got, of)
	}
	return fmt.Errorf("the transfer broke off after %d bytes", got)
}

type counter struct {
	from io.Reader
	n    int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.from.Read(p)
	c.n += int64(n)
	return n, err
}

// isPage reports whether an answer is made for people: an error or a login that is
// answered as a success.
func isPage(head []byte, contentType string) bool {
	head = bytes.ToLower(bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\xef\xbb\xbf")), " \t\r\n"))
	return bytes.HasPrefix(head, []byte("<!doctype html")) || bytes.HasPrefix(head, []byte("<html")) ||
		strings.HasPrefix(strings.ToLower(contentType), "text/html") && bytes.HasPrefix(head, []byte("<"))
}

// packingOf is the ending by which DuckDB knows how a file is compressed. What the
// address or the server call it may be wrong.
func packingOf(head []byte) string {
	switch {
	case bytes.HasPrefix(head, []byte{0x1f, 0x8b}):
		return ".gz"
	case bytes.HasPrefix(head, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		return ".zst"
	}
	return ""
}
