package config

import (
	"fmt"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/zclconf/go-cty/cty"

	"github.com/seed-4311623e/assets/assets"
)

const (
	defaultGetTimeout = 30 * time.Second
	longestGetTimeout = time.Hour
)

// getHeaders are what a request for data says by itself.
var getHeaders = map[string]bool{"If-None-Match": true, "If-Modified-Since": true, "Range": true, "Accept-Encoding": true}

// isWeb reports whether a path is an address on the web.
func isWeb(path string) bool {
	scheme, _, _ := strings.Cut(strings.ToLower(path), "://")
	return isRemote(path) && (scheme == "http" || scheme == "https")
}

// readRemote reads the addresses that a source is fetched from. They stand in for
// the reader's files wherever these are shown.
func (l *loader) readRemote(a *args, r *assets.Reader) []assets.Request {
	if !a.has("url") {
		a.without("url", "It is about requests to a server. Give the server's address as `url`, or leave it out.", "headers", "timeout")
		return nil
	}
	r.GlobRange = a.at("url", r.GlobRange)
	if a.has("files") {
		a.wrong("url", "A source has files or a url", fmt.Sprintf("Take one of them out of %s, or declare two sources.", a.what))
	}
	for _, name := range []string{"version_by", "marker", "settle"} {
		if a.has(name) {
			a.wrong(name, fmt.Sprintf("%q is about local files", name), "What is fetched is taken when all of it has arrived, and known by its content. Leave it out.")
		}
	}
	remote := a.requests("url")
	if len(remote) == 0 {
		return nil
	}
	r.Glob = remote[0].Shown
	if more := len(remote) - 1; more > 0 {
		r.Glob += fmt.Sprintf(" and %d more", more)
	}
	for _, block := range blocksOf(a.body, "format") {
		for _, name := range []string{"filename", "hive_partitioning"} {
			if attr := block.Body.Attributes[name]; attr != nil {
				l.report(problem(attr.NameRange, fmt.Sprintf("%q needs local files", name), "What is fetched is kept under a name that means nothing. Leave it out."))
			}
		}
	}
	return remote
}

// remoteExtension is that of the path of the addresses, as far as they agree.
func remoteExtension(remote []assets.Request) string {
	var all []string
	for _, r := range remote {
		if u, err := url.Parse(r.URL); err == nil {
			all = append(all, extension(path.Base(u.Path)))
		}
	}
	if all = slices.Compact(all); len(all) == 1 {
		return all[0]
	}
	return ""
}

// requests reads one address, or a list of them, with the headers and the timeout of all.
func (a *args) requests(name string) []assets.Request {
	v, secret, ok := a.secret(name)
	if !ok {
		return nil
	}
	addresses := []cty.Value{v}
	if ty := v.Type(); ty.IsTupleType() || ty.IsListType() || ty.IsSetType() {
		if addresses = v.AsValueSlice(); len(addresses) == 0 {
			a.wrong(name, fmt.Sprintf("%q is empty", name), "Write the address, or several in square brackets.")
			return nil
		}
	}
	timeout := defaultGetTimeout
	if given, ok := a.duration("timeout"); ok {
		if given <= 0 || given > longestGetTimeout {
			a.wrong("timeout", "\"timeout\" is out of range", `It is how long one request may take, the whole answer included: more than nothing, and at most "1h".`)
		} else {
			timeout = given
		}
	}
	headers := a.headers("headers")
	for field := range headers {
		if getHeaders[http.CanonicalHeaderKey(field)] {
			a.s.l.report(problem(a.entry("headers", field), fmt.Sprintf("The header %s cannot be set", field), "It follows from the request itself. Leave it out."))
		}
	}
	var requests []assets.Request
	for i, address := range addresses {
		var u *url.URL
		err := error(nil)
		if !address.IsNull() && address.Type() == cty.String {
			u, err = url.Parse(address.AsString())
		}
		if u == nil || err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" {
			// What is wrong with it is not quoted: it may be a secret.
			a.s.l.report(problem(a.item(name, i), fmt.Sprintf("%q must be a URL", name), `Write the whole address, such as "https://example.com/orders.csv".`))
			continue
		}
		if slices.ContainsFunc(requests, func(r assets.Request) bool { return r.URL == address.AsString() }) {
			a.s.l.report(problem(a.item(name, i), "An address is listed twice", fmt.Sprintf("Take one of them out of %q.", name)))
			continue
		}
		a.s.l.keepLogin(u, secret)
		shown := u.Scheme + "://" + u.Host
		if !secret {
			shown += u.EscapedPath()
		}
		requests = append(requests, assets.Request{URL: address.AsString(), Shown: shown, Sensitive: secret, Headers: headers, Timeout: timeout})
	}
	return requests
}

// without reports arguments that say nothing without another one.
func (a *args) without(other, why string, names ...string) {
	for _, name := range names {
		if a.has(name) {
			a.s.l.report(problem(a.expr(name).Range(), fmt.Sprintf("%q without %q", name, other), why))
		}
	}
}
