package notify

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/seed-4311623e/assets/assets"
)

// poster posts events to a server, one in each request.
type poster struct {
	to     *assets.OpenLineage
	client *http.Client
}

func newPoster(to *assets.OpenLineage, transport http.RoundTripper) *poster {
	return &poster{to, &http.Client{
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

// post delivers one event. Its errors hold neither the address nor a header.
func (p *poster) post(ctx context.Context, line []byte) error {
	within, cancel := context.WithTimeout(ctx, p.to.Timeout)
	defer cancel()
	request, err := http.NewRequestWithContext(within, http.MethodPost, p.to.URL, bytes.NewReader(bytes.TrimSpace(line)))
	if err != nil {
		return errors.New("its address is no URL")
	}
	request.Header.Set("User-Agent", "assets")
	for name, value := range p.to.Headers {
		request.Header.Set(name, value)
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := p.client.Do(request)
	switch {
	case err != nil && ctx.Err() != nil:
		return errors.New("it had not answered by the end of the run")
	case err != nil && within.Err() != nil:
		return fmt.Errorf("it did not answer within %s", p.to.Timeout)
	case err != nil:
		return bare(err)
	}
	defer response.Body.Close()
	said, _ := io.ReadAll(io.LimitReader(response.Body, 64<<10)) // all of it, so that the connection can be used again
	return verdict(response, said)
}

// verdict is what an answer means.
func verdict(response *http.Response, said []byte) error {
	code := response.StatusCode
	switch {
	case code/100 == 2:
		return nil
	case code/100 == 3:
		return fmt.Errorf("it answered %s, a redirect, which is not followed: give as `url` the address that it leads to", status(code))
	case code == http.StatusUnauthorized, code == http.StatusForbidden:
		return fmt.Errorf("it answered %s: look at `headers`", status(code))
	case code == http.StatusBadRequest, code == http.StatusRequestEntityTooLarge, code == http.StatusUnprocessableEntity:
		return refused(fmt.Sprintf("it answered %s%s", status(code), quoted(said)))
	}
	return fmt.Errorf("it answered %s%s", status(code), quoted(said))
}

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
