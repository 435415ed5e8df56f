package notify

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// poster posts JSON documents to a server, one in each request.
type poster struct {
	url     string
	headers map[string]string
	timeout time.Duration
	client  *http.Client
	// rights names what a server asks for that answers that it may not be written to.
	rights string
}

func newPoster(url string, headers map[string]string, timeout time.Duration, transport http.RoundTripper) *poster {
	return &poster{url: url, headers: headers, timeout: timeout, rights: "`headers`", client: &http.Client{
		Transport: transport,
		// A redirect may turn a POST into a GET that succeeds and delivers nothing, and
		// would take the headers, a token among them, to another address.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// ownTransport is one whose connections end with the run.
func ownTransport() *http.Transport {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.MaxIdleConnsPerHost = 1
	return t
}

// post delivers one line.
func (p *poster) post(ctx context.Context, line []byte) error {
	_, err := p.send(ctx, bytes.TrimSpace(line), nil)
	return err
}

// send delivers one document, with further headers, and returns the answer to it. Its
// errors hold neither the address nor a header.
func (p *poster) send(ctx context.Context, document []byte, headers map[string]string) (said []byte, err error) {
	within, cancel := context.WithTimeout(ctx, p.timeout)
	defer cancel()
	request, err := http.NewRequestWithContext(within, http.MethodPost, p.url, bytes.NewReader(document))
	if err != nil {
		return nil, errors.New("its address is no URL")
	}
	request.Header.Set("User-Agent", "assets")
	for _, fields := range []map[string]string{p.headers, headers} {
		for name, value := range fields {
			request.Header.Set(name, value)
		}
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := p.client.Do(request)
	switch {
	case err != nil && ctx.Err() != nil:
		return nil, errors.New("it had not answered by the end of the run")
	case err != nil && within.Err() != nil:
		return nil, fmt.Errorf("it did not answer within %s", p.timeout)
	case err != nil:
		return nil, bare(err)
	}
	defer response.Body.Close()
	said, _ = io.ReadAll(io.LimitReader(response.Body, 64<<10)) // all of it, so that the connection can be used again
	return said, p.verdict(response, said)
}

// verdict is what an answer means.
func (p *poster) verdict(response *http.Response, said []byte) error {
	code := response.StatusCode
	switch {
	case code/100 == 2:
		return nil
	case code/100 == 3:
		return fmt.Errorf("it answered %s, a redirect, which is not followed: give as `url` the address that it leads to", status(code))
	case code == http.StatusUnauthorized, code == http.StatusForbidden:
		return fmt.Errorf("it answered %s: look at %s", status(code), p.rights)
	case code == http.StatusBadRequest, code == http.StatusRequestEntityTooLarge, code == http.StatusUnprocessableEntity:
		return refused(fmt.Sprintf("it answered %s%s", status(code), quoted(said)))
	}
	err := fmt.Errorf("it answered %s%s", status(code), quoted(said))
	if after := retryAfter(response); after > 0 {
		return later{err, after}
	}
	return err
}

// retryAfter is how long a server asks to be left alone; 0: it says nothing of that.
func retryAfter(response *http.Response) time.Duration {
	text := response.Header.Get("Retry-After")
	if seconds, err := strconv.Atoi(text); err == nil && seconds > 0 {
		return time.Duration(min(seconds, int(longestAsked/time.Second))) * time.Second
	}
	if at, err := http.ParseTime(text); err == nil {
		if date, err := http.ParseTime(response.Header.Get("Date")); err == nil {
			return min(max(0, at.Sub(date)), longestAsked) // by the server's clock, both
		}
	}
	return 0
}

// longestAsked is the longest that a server is left alone because it asks for that.
const longestAsked = time.Hour

func status(code int) string {
	return strings.TrimSpace(fmt.Sprintf("%d %s", code, http.StatusText(code)))
}

// quoted is the beginning of what a server said, on one line.
func quoted(said []byte) string {
	text := strings.Join(strings.Fields(strings.ToValidUTF8(string(said), "")), " ")
	if text == "" || strings.HasPrefix(text, "<") { // a page for people is no reason
		return ""
	}
	if runes := []rune(text); len(runes) > 120 {
		text = string(runes[:120]) + "…"
	}
	return fmt.Sprintf(", %q", text)
}

// bare is an error of a request without its address.
func bare(err error) error {
	var of *url.Error
	if errors.As(err, &of) {
		return of.Err
	}
	return err
}

// place is a server's address as it can be shown: a path may hold a key.
func place(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return "the server"
	}
	return u.Scheme + "://" + u.Host
}
