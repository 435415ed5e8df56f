package server

import (
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// guard lets in who may ask. With a token: who shows it, also on loopback, which other
// users of the machine reach, too. Without one the listener is on loopback, and what
// is left to fear is the browser of somebody who works there: a page from elsewhere
// that posts (its Origin tells), or that gave its own name the address 127.0.0.1 to
// read the answers (the Host header tells).
func (a *api) guard(next http.Handler) http.Handler {
	origins := http.NewCrossOriginProtection()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case a.Token.Asked() && a.shows(r):
			next.ServeHTTP(w, r) // no browser shows it unless its user's own page does
		case a.Token.Asked():
			w.Header().Set("WWW-Authenticate", `Bearer realm="assets"`)
			a.fail(w, refusal(http.StatusUnauthorized, "A token is needed", "Send the daemon's token in the header “Authorization: Bearer …”."))
		case !loopbackHost(r.Host):
			a.fail(w, refusal(http.StatusForbidden, "Wrong host name", "Without a token this server answers only to localhost, 127.0.0.1 and [::1], not to %s.", shown(r.Host)))
		case origins.Check(r) != nil:
			a.fail(w, refusal(http.StatusForbidden, "Request from another site", "A page of another site may not change anything here."))
		default:
			next.ServeHTTP(w, r)
		}
	})
}

func (a *api) shows(r *http.Request) bool {
	scheme, text, found := strings.Cut(r.Header.Get("Authorization"), " ")
	return found && strings.EqualFold(scheme, "Bearer") && a.Token.Matches(strings.TrimSpace(text))
}

// loopbackHost reports whether a Host header names this machine in a way that no
// name server decides. The port may be another one: that of a tunnel.
func loopbackHost(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	if strings.EqualFold(host, "localhost") {
		return true
	}
	address, err := netip.ParseAddr(host)
	return err == nil && address.IsLoopback()
}
