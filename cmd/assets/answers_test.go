package main

import (
	"net/url"
	"strings"
	"testing"

	"github.com/seed-4311623e/assets/assets/redact"
)

// leaky is a project with secrets in whatever a daemon tells of.
const leaky = `
project "p" {}
variable "canary" {
  type      = string
  sensitive = true
}
secret "s" { env = "CANARY_SECRET" }
source "raw.a" { files = "a.csv" }
source "raw.b" {
  url     = "http://127.0.0.1:1/${env("CANARY_TOKEN")}?key=${secret.s}"
  headers = { Authorization = var.canary }
  timeout = "1s"
  format "csv" {}
}
source "hook" {
  event {}
}
asset "good" {
  sql = "select n from raw.a where '${secret.s}' <> '${env("CANARY_TOKEN")}'"
  check "sql" {
    sql      = "select n, '${secret.s}' as s from good"
    severity = "warn"
  }
}
asset "bad" {
  sql = "select '${var.canary}${env("CANARY_TOKEN")}'::int as n from raw.a"
}
asset "worse" {
  sql = "select error('${secret.s} and ' || upper('${var.canary}')) as n from raw.a"
}
`

// No answer of a daemon holds a secret. Its log and what it leaves are searched in
// every test that keeps one.
func TestAnswersHoldNoSecret(t *testing.T) {
	k := keep(t, map[string]string{"p.hcl": leaky, "a.csv": "n\n1\n"}, "-listen", "127.0.0.1:0", "-log-level=trace")
	base := k.address()
	k.await("asset failed") // in either order
	k.await("asset failed")
	k.await("run finished")
	secrets := sought()
	hidden := 0
	search := func(method, path string) {
		_, body := k.ask(method, base+path, "")
		if secrets.In(body) {
			t.Errorf("%s answers with a secret:\n%s", path, body)
		}
		hidden += strings.Count(body, redact.Hidden)
	}
	for _, path := range []string{"/", "/healthz", "/readyz", "/metrics", "/api/v1/status", "/api/v1/plan", "/api/v1/runs", "/api/v1/runs/latest",
		"/api/v1/breaches", "/api/v1/assets/good", "/api/v1/assets/bad", "/api/v1/assets/worse", "/api/v1/assets/raw.b",
		"/api/v1/assets/" + url.PathEscape(canaries["CANARY_SECRET"]), "/" + url.PathEscape(canaries["CANARY_TOKEN"]),
		"/api/v1/runs?limit=" + url.QueryEscape(canaries["CANARY_TOKEN"])} {
		search("GET", path)
	}
	search("POST", "/api/v1/events/hook?version="+url.QueryEscape(canaries["CANARY_TOKEN"]))
	search("POST", "/api/v1/events/hook?version=17")

	k.write("p.hcl", leaky+"asset \"mistaken\" { sql = \"select ${secret.s}\" }\n")
	k.await("mistaken")
	search("GET", "/api/v1/status")
	if hidden == 0 {
		t.Error("nothing that is told of is hidden: the project is not what this test needs")
	}
}
