package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// told is a project of which one asset is built when something is pushed, and one fails at first.
const told = `
project "p" {}
source "raw.a" { files = "a/*.csv" }
source "hook" {
  event {}
}
asset "a" {
  sql = "select count(*) as n from raw.a"
  check "row_count" { min = 1 }
  freshness { max_lag = "1s" }
}
asset "hooked" {
  sql = "select version as v from hook"
}
asset "fussy" {
  sql = "select if(n = 2, error('no'), n) as n from a"
}
`

// address is where the daemon says that it listens.
func (k *kept) address() string {
	k.Helper()
	return regexp.MustCompile(`listening on (http://\S+)`).FindStringSubmatch(k.awaitLine("listening on http://"))[1]
}

// ask sends a request and returns the code and the body of the answer.
func (k *kept) ask(method, url, token string) (int, string) {
	k.Helper()
	r, err := http.NewRequestWithContext(k.Context(), method, url, nil)
	if err != nil {
		k.Fatal(err)
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		k.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		k.Fatal(err)
	}
	return answer.StatusCode, string(body)
}

// get reads a document.
func (k *kept) get(url string, doc any) {
	k.Helper()
	code, body := k.ask("GET", url, "")
	if code != http.StatusOK {
		k.Fatalf("%s: %d %s", url, code, body)
	}
	if err := json.Unmarshal([]byte(body), doc); err != nil {
		k.Fatalf("%s: %v: %s", url, err, body)
	}
}

// metric waits until a scrape has a series with this value.
func (k *kept) metric(base, series string, value float64) {
	k.Helper()
	var last string
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); {
		_, body := k.ask("GET", base+"/metrics", "")
		lines := bufio.NewScanner(strings.NewReader(body))
		for lines.Scan() {
			var got float64
			if rest, found := strings.CutPrefix(lines.Text(), series+" "); found {
				if last = rest; mustScan(rest, &got) && got == value {
					return
				}
			}
		}
	}
	k.Fatalf("%s is %s, want %g", series, last, value)
}

func mustScan(text string, value *float64) bool {
	_, err := fmt.Sscan(text, value)
	return err == nil
}

// What a daemon knows and does can be asked for, and told to it, while it works.
func TestDaemonOverHTTP(t *testing.T) {
	k := keep(t, map[string]string{"p.hcl": told, "a/1.csv": "n\n1\n", "a/2.csv": "n\n2\n"}, "-listen", "127.0.0.1:0")
	base := k.address()
	k.await("run finished", "failed=1") // fussy
	if code, body := k.ask("GET", base+"/healthz", ""); code != 200 || body != "ok\n" {
		t.Errorf("%d %s", code, body)
	}
	if code, body := k.ask("GET", base+"/readyz", ""); code != 200 || body != "ok\n" {
		t.Errorf("%d %s", code, body)
	}

	// From many sides at once, while something is pushed and built.
	var asking sync.WaitGroup
	for _, path := range []string{"status", "plan", "runs", "runs/latest", "breaches", "assets/a"} {
		asking.Go(func() {
			for range 20 {
				if code, body := k.ask("GET", base+"/api/v1/"+path, ""); code != http.StatusOK {
					t.Errorf("%s: %d %s", path, code, body)
				}
			}
		})
	}
	if code, body := k.ask("POST", base+"/api/v1/events/hook?version=one", ""); code != http.StatusAccepted {
		t.Errorf("%d %s", code, body)
	}
	k.await("run started", "assets=hooked")
	k.write("a/3.csv", "n\n3\n")
	k.await("run finished", "built=1")
	k.await("run finished", "built=2")
	k.await("waiting") // the status is of after that
	asking.Wait()

	var status struct {
		Assets []struct {
			Asset, State string
			Last         struct{ Rows int }
		}
		Diagnostics []any
	}
	k.get(base+"/api/v1/status", &status)
	if states := fmt.Sprint(status.Assets); len(status.Assets) != 3 || strings.Count(states, "fresh") != 3 {
		t.Errorf("states: %s", states)
	}
	var runs struct {
		Runs []struct{ Run, Status string }
	}
	k.get(base+"/api/v1/runs?limit=2", &runs)
	if len(runs.Runs) != 2 {
		t.Fatalf("runs: %v", runs)
	}
	var run struct {
		Run    string
		Assets []struct{ Asset, Status string }
	}
	id := runs.Runs[0].Run
	for _, called := range []string{"latest", id, id[:24], strings.ToLower(id[16:])} {
		if k.get(base+"/api/v1/runs/"+called, &run); run.Run != id || len(run.Assets) == 0 {
			t.Errorf("%s: %v", called, run)
		}
	}
	var plan struct{ Summary map[string]int }
	if k.get(base+"/api/v1/plan", &plan); plan.Summary["create"] != 0 {
		t.Errorf("plan: %v", plan)
	}
	var breaches struct {
		Breaches []any
		Months   []struct{ Name string }
	}
	if k.get(base+"/api/v1/breaches?name=a", &breaches); breaches.Breaches == nil || len(breaches.Months) == 0 || breaches.Months[0].Name != "a" {
		t.Errorf("breaches: %v", breaches)
	}
	for path, code := range map[string]int{"breaches?name=nobody": 400, "breaches?since=yesterday": 400, "runs/0000": 404, "runs/01": 404, "assets/b": 404} {
		if got, body := k.ask("GET", base+"/api/v1/"+path, ""); got != code {
			t.Errorf("%s: %d %s", path, got, body)
		}
	}
	if code, body := k.ask("POST", base+"/api/v1/events/raw.a", ""); code != http.StatusConflict || !strings.Contains(body, "takes no events") {
		t.Errorf("%d %s", code, body)
	}

	k.metric(base, `assets_builds_total{asset="hooked"}`, 1)
	k.metric(base, `assets_lag_seconds{asset="a"}`, 0)
	k.metric(base, `assets_rows{asset="a"}`, 1)
	k.metric(base, `assets_breaches_in_progress`, 0)

	// What fails for longer than its policy allows is a breach.
	k.write("broken.hcl", `asset "broken" {
  sql = "select if(count(*) = 4, error('no'), count(*)) as n from raw.a"
  freshness { max_lag = "1s" }
}`)
	k.await("run finished", "built=1")
	k.write("a/4.csv", "n\n4\n")
	k.await("asset failed", "asset=broken")
	k.metric(base, `assets_build_failures_total{asset="broken"}`, 1)
	k.metric(base, `assets_breaches_in_progress`, 1)
	k.metric(base, `assets_breaches_total`, 1)
	if k.get(base+"/api/v1/breaches?open=true", &breaches); len(breaches.Breaches) != 1 {
		t.Errorf("breaches: %v", breaches)
	}

	if err := k.signal(syscall.SIGTERM); err != nil {
		t.Errorf("it ended with %v", err)
	}
	if v := k.value("from hooked"); v != "one" {
		t.Errorf("hooked is %q", v)
	}
}

// The runs of a warehouse that another program holds can be asked for in a moment.
func TestDaemonOverHTTPBesideAHolder(t *testing.T) {
	k := keep(t, map[string]string{"p.hcl": twoChains, "a/1.csv": "n\n1\n", "b.csv": "n\n1\n"}, "-listen", "127.0.0.1:0")
	base := k.address()
	k.await("planned", `"unchanged":3`)
	k.await("waiting", "runs=0")
	holder := k.hold()
	r, err := http.Get(base + "/api/v1/runs")
	if err != nil {
		t.Fatal(err)
	}
	body, _ := io.ReadAll(r.Body)
	r.Body.Close()
	if r.StatusCode != http.StatusServiceUnavailable || r.Header.Get("Retry-After") == "" || !strings.Contains(string(body), fmt.Sprint(holder.Pid)) {
		t.Errorf("%d %s", r.StatusCode, body)
	}
	k.write("b.csv", "n\n4\n")
	k.await("could not open the warehouse")
	k.await("waiting")
	var status struct{ Diagnostics []struct{ Summary string } }
	if k.get(base+"/api/v1/status", &status); len(status.Diagnostics) != 1 || status.Diagnostics[0].Summary != "Nothing can be built at present" {
		t.Errorf("%v", status)
	}
	if code, _ := k.ask("GET", base+"/readyz", ""); code != http.StatusOK {
		t.Errorf("it is not ready after a moment: %d", code)
	}
	if err := holder.Kill(); err != nil {
		t.Fatal(err)
	}
	k.await("run finished", "built=2")
}

// Outside loopback nobody is answered without a token, nor where there is one.
func TestDaemonAsksForAToken(t *testing.T) {
	const token = "0123456789abcdef0123456789abcdef"
	secret := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(secret, []byte(token+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	k := keep(t, map[string]string{"p.hcl": twoChains, "a/1.csv": "n\n1\n", "b.csv": "n\n1\n"}, "-listen", "0.0.0.0:0", "-token-file", secret)
	base := strings.Replace(k.address(), "[::]", "127.0.0.1", 1)
	k.await("planned")
	for _, c := range []struct {
		path, token string
		code        int
	}{
		{"/healthz", "", 200},
		{"/api/v1/runs", "", 401},
		{"/api/v1/runs", "wrong" + token, 401},
		{"/api/v1/runs", token, 200},
		{"/metrics", "", 401},
		{"/metrics", token, 200},
	} {
		if code, body := k.ask("GET", base+c.path, c.token); code != c.code {
			t.Errorf("%s with %q: %d %s", c.path, c.token, code, body)
		}
	}
	if log := k.log.String(); strings.Contains(log, token) {
		t.Error("the log has the token")
	}
}

// Two daemons of two projects may both be started without a thought: one answers at the
// usual address, and the other one says that it does not.
func TestTwoDaemonsOfTwoProjects(t *testing.T) {
	files := map[string]string{"p.hcl": twoChains, "a/1.csv": "n\n1\n", "b.csv": "n\n1\n"}
	first := keep(t, files)
	first.awaitLine("http") // another program may have the usual address
	first.await("run finished")
	second := keep(t, files)
	second.await("no HTTP", "127.0.0.1:8632", "-listen HOST:PORT")
	second.await("run finished")
}

// A run under way is told of with its id. While the last runs end, the daemon answers
// that it stops; when they have ended, nobody does.
func TestDaemonOverHTTPWhileItStops(t *testing.T) {
	k := keep(t, map[string]string{"p.hcl": "project \"p\" {}" + forever}, "-listen", "127.0.0.1:0")
	base := k.address()
	k.await("run started")
	var status struct {
		Running []struct {
			Run    string
			Assets []string
		}
	}
	for deadline := time.Now().Add(time.Minute); len(status.Running) != 1 || status.Running[0].Run == ""; {
		if time.Now().After(deadline) {
			t.Fatalf("running: %v", status.Running)
		}
		if code, body := k.ask("GET", base+"/api/v1/status", ""); code == http.StatusOK {
			if err := json.Unmarshal([]byte(body), &status); err != nil {
				t.Fatal(err)
			}
		}
	}
	if got := fmt.Sprint(status.Running[0].Assets); got != "[long many]" && got != "[many long]" {
		t.Errorf("it is about %s", got)
	}
	if err := k.process.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	k.await("stopping", "runs=1")
	for deadline := time.Now().Add(time.Minute); ; {
		if code, body := k.ask("GET", base+"/readyz", ""); code == http.StatusServiceUnavailable && strings.HasPrefix(body, "stopping") {
			break
		} else if time.Now().After(deadline) {
			t.Fatalf("%d %s", code, body)
		}
	}
	if err := k.signal(syscall.SIGTERM); err != nil {
		t.Errorf("it ended with %v", err)
	}
	if _, err := http.Get(base + "/healthz"); err == nil {
		t.Error("it still answers")
	}
}
