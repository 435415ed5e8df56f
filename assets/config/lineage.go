package config

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"

	"github.com/seed-4311623e/assets/assets"
)

const (
	defaultPostTimeout = 5 * time.Second
	longestPostTimeout = time.Minute
)

// readLineage reads the lineage block of a project: where its events go.
func (l *loader) readLineage(s *scope, b *hclsyntax.Block) {
	l.noLabels(b)
	l.fits(b.Body, lineageSchema, "the lineage block")
	blocks := blocksOf(b.Body, "openlineage")
	if len(blocks) == 0 && len(b.Body.Blocks)+len(b.Body.Attributes) == 0 {
		l.report(problem(b.DefRange(), "Empty lineage block", `Say where events go: lineage { openlineage { file = "lineage.ndjson" } }, each block on lines of its own.`))
	}
	for i, ob := range blocks {
		if i > 0 {
			l.report(problem(ob.DefRange(), "Duplicate openlineage block", "A project has one. It may have a file and a url at once."))
			continue
		}
		l.project.OpenLineage = l.readOpenLineage(s, ob)
	}
}

func (l *loader) readOpenLineage(s *scope, b *hclsyntax.Block) *assets.OpenLineage {
	const what = "the openlineage block"
	l.noLabels(b)
	l.fits(b.Body, openLineageSchema, what)
	a := l.args(s, b.Body, what)
	o := &assets.OpenLineage{Namespace: l.project.Name, Timeout: defaultPostTimeout, Decl: b.DefRange()}
	if file := a.filled("file"); file != "" {
		if isRemote(file) {
			a.wrong("file", fmt.Sprintf("%q is not a file", file), "Give an address of a server as `url`, and as `file` a path on a local disk, relative to the project.")
		} else {
			o.File = resolve(l.root, file)
		}
	}
	o.URL = a.postURL("url")
	if namespace := a.filled("namespace"); namespace != "" {
		o.Namespace = namespace
	}
	if timeout, ok := a.duration("timeout"); ok {
		if timeout <= 0 || timeout > longestPostTimeout {
			a.wrong("timeout", "\"timeout\" is out of range", `It is how long one request may take: more than nothing, and at most "1m".`)
		} else {
			o.Timeout = timeout
		}
	}
	o.Headers = a.headers("headers")
	for _, name := range []string{"headers", "timeout"} {
		if a.has(name) && !a.has("url") {
			l.report(problem(a.expr(name).Range(), fmt.Sprintf("%q without \"url\"", name), "It is about requests to a server. Give the server's address as `url`, or leave it out."))
		}
	}
	if !a.has("file") && !a.has("url") {
		l.report(problem(b.DefRange(), "The openlineage block says no place", "Say where events go: a `file` that they are appended to, a `url` that they are posted to, or both."))
	}
	return o
}

// secret reads an argument that nobody is shown, and says whether it is sensitive:
// such values in it are kept from then on from whatever is shown.
func (a *args) secret(name string) (v cty.Value, sensitive, ok bool) {
	if v, ok = a.eval(name); !ok {
		a.withheld = a.withheld || isWithheld(v)
		return v, false, false
	}
	if sensitive = v.ContainsMarked(); sensitive {
		a.s.l.keepSecret(v)
		v, _ = v.UnmarkDeep()
	}
	return v, sensitive, !v.IsNull()
}

// secretText reads a string that may be a secret: see secret.
func (a *args) secretText(name string) (text string, sensitive, ok bool) {
	v, sensitive, ok := a.secret(name)
	if !ok {
		return "", false, false
	}
	if v.Type() != cty.String {
		a.must(name, "a string")
		return "", false, false
	}
	return v.AsString(), sensitive, true
}

// postURL reads the address of a server. What is wrong with one that is no
// address is not quoted: it may be a secret.
func (a *args) postURL(name string) string {
	text, secret, ok := a.secretText(name)
	if !ok {
		return ""
	}
	address, err := url.Parse(text)
	if err != nil || address.Scheme != "http" && address.Scheme != "https" || address.Hostname() == "" {
		a.wrong(name, fmt.Sprintf("%q must be a URL", name), `Write the whole address that events are posted to, such as "https://lineage.example.com/api/v1/lineage".`)
		return ""
	}
	if a.s.l.keepLogin(address, secret); secret {
		a.s.l.keepTokens(address)
	}
	return text
}

// fixedHeaders say how a request is written, which is not for a project to decide.
var fixedHeaders = map[string]bool{"Content-Type": true, "Content-Length": true, "Transfer-Encoding": true, "Connection": true, "Host": true}

// headers reads a map of header fields.
func (a *args) headers(name string) map[string]string {
	v, _, ok := a.secret(name)
	if !ok {
		return nil
	}
	if ty := v.Type(); !ty.IsObjectType() && !ty.IsMapType() {
		a.must(name, "a map of strings")
		return nil
	}
	headers := map[string]string{}
	for it := v.ElementIterator(); it.Next(); {
		key, value := it.Element()
		field := key.AsString()
		at := a.entry(name, field)
		text, err := convert.Convert(value, cty.String)
		switch {
		case !isToken(field):
			a.s.l.report(problem(at, fmt.Sprintf("%q is not the name of a header", field), "Names of headers are letters, digits and dashes, such as Authorization."))
		case fixedHeaders[http.CanonicalHeaderKey(field)]:
			a.s.l.report(problem(at, fmt.Sprintf("The header %s cannot be set", field), "It follows from the request itself. Leave it out."))
		case value.IsNull() || !value.Type().IsPrimitiveType() || err != nil:
			a.s.l.report(problem(at, fmt.Sprintf("The header %s must be a string", field), fmt.Sprintf("In %s, this value is something else.", a.what)))
		case strings.ContainsFunc(text.AsString(), func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }):
			a.s.l.report(problem(at, fmt.Sprintf("The header %s has more than one line", field), "A header is one line of text. If the value comes from a file, take its line break off with chomp()."))
		default:
			headers[field] = text.AsString()
		}
	}
	return headers
}

// entry is where the value of a key of a map stands, if the map is written out; else the map.
func (a *args) entry(name, key string) hcl.Range {
	if object, ok := a.expr(name).(*hclsyntax.ObjectConsExpr); ok {
		for _, item := range object.Items {
			if word := hcl.ExprAsKeyword(item.KeyExpr); word == key {
				return item.ValueExpr.Range()
			}
			if k, diags := item.KeyExpr.Value(nil); !diags.HasErrors() && k.Type() == cty.String && k.AsString() == key {
				return item.ValueExpr.Range()
			}
		}
	}
	return a.expr(name).Range()
}

// isToken reports whether s can be the name of a header (RFC 9110, 5.6.2).
func isToken(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		return !('a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || strings.ContainsRune("!#$%&'*+-.^_`|~", r))
	})
}
