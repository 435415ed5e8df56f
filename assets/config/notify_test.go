package config

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/hashicorp/hcl/v2"

	"github.com/seed-4311623e/assets/assets"
)

const notifying = `
-- shop.hcl --
project "shop" {}
source "raw.orders" {
  files = "x.csv"
  owner = "it@example.com"
  tags  = ["till"]
}
notify "chat" {
  slack { webhook_url = "https://hooks.example.com/T0/B0/s3cret" }
}
-- ops/notify.hcl --
notify "pager" {
  pagerduty { routing_key = env("KEY") }
  severity        = "error"
  events          = ["breach", "run_failed"]
  owners          = ["it@example.com"]
  tags            = ["till"]
  assets          = ["raw.orders", "*.*"]
  repeat_interval = "1d"
  resolve         = false
  disk_full       = 80
  long_running    = 1.5
}
notify "post" {
  email {
    smtp     = "smtp://mail.example.com"
    from     = "Assets <assets@example.com>"
    to       = ["Data <data@example.com>"]
    username = "assets"
    password = env("PASSWORD")
  }
  group_by = ["owner", "event"]
}
notify "local" {
  email {
    smtp = "smtps://localhost:4650"
    from = "a@example.com"
    to   = ["b@example.com"]
  }
}
notify "here" {
  email {
    smtp = "smtp://127.0.0.1:2525"
    from = "a@example.com"
    to   = ["b@example.com"]
  }
}
notify "tell" {
  command { argv = ["./tell.sh", env("KEY")] }
}
notify "hook" {
  webhook {
    url     = "https://example.com/alerts"
    secret  = env("SECRET")
    headers = { Authorization = "Bearer ${env("KEY")}" }
  }
  group_wait = "0s"
}
`

// Who runs no command learns no secret. What needs one is there all the same, and nothing
// is wrong with it.
func TestNotifyWithoutItsSecrets(t *testing.T) {
	p := load(t, `
-- shop.hcl --
project "shop" {}
secret "key" { command = ["vault", "read", "key"] }
notify "chat" {
  slack { webhook_url = "https://hooks.example.com/${secret.key}" }
}
notify "pager" {
  pagerduty {
    routing_key = secret.key
    url         = "https://example.com/${secret.key}"
  }
}
notify "mail" {
  email {
    smtp     = "smtp://mail.example.com"
    from     = "a@example.com"
    to       = ["b@example.com"]
    username = secret.key
    password = secret.key
  }
}
notify "hook" {
  webhook {
    url     = secret.key
    secret  = secret.key
    headers = { Authorization = "Bearer ${secret.key}" }
  }
}
notify "tell" {
  command { argv = ["./tell.sh", secret.key] }
}
asset "a" {
  sql = "select 1 as x"
  callback { command = ["./tell.sh", secret.key] }
}
`, Options{})
	var names []string
	for _, n := range p.Notify {
		names = append(names, n.Name)
	}
	if want := []string{"chat", "pager", "mail", "hook", "tell"}; !slices.Equal(names, want) || p.Notify[2].Email.Host != "mail.example.com" {
		t.Errorf("there are %q, want %q", names, want)
	}
}

func TestNotify(t *testing.T) {
	p := load(t, notifying, Options{Environ: []string{"KEY=r0uting", "PASSWORD=passw0rd", "SECRET=whsec_c2VjcmV0"}})
	base := assets.Notify{Severity: assets.Warn, GroupBy: []assets.GroupBy{assets.ByRun}, GroupWait: 30 * time.Second, RepeatInterval: 4 * time.Hour,
		Resolve: true, LongRunning: 3, DiskFull: 90}
	with := func(change func(*assets.Notify)) *assets.Notify {
		n := base
		change(&n)
		return &n
	}
	want := []*assets.Notify{
		with(func(n *assets.Notify) {
			n.Name, n.PagerDuty = "pager", &assets.PagerDuty{RoutingKey: "r0uting", URL: pagerDutyURL}
			n.Events, n.Severity, n.Owners, n.Tags = []assets.AlertEvent{assets.Breach, assets.RunFailed}, assets.Error, []string{"it@example.com"}, []string{"till"}
			n.Assets, n.RepeatInterval, n.Resolve, n.DiskFull, n.LongRunning = []string{"raw.orders", "*.*"}, 24*time.Hour, false, 80, 1.5
		}),
		with(func(n *assets.Notify) {
			n.Name, n.GroupBy = "post", []assets.GroupBy{assets.ByOwner, assets.ByEvent}
			n.Email = &assets.Email{Host: "mail.example.com", Port: 587, RequireTLS: true, Username: "assets", Password: "passw0rd",
				From: "Assets <assets@example.com>", To: []string{"Data <data@example.com>"}}
		}),
		with(func(n *assets.Notify) {
			n.Name, n.Email = "local", &assets.Email{Host: "localhost", Port: 4650, Implicit: true, RequireTLS: true, From: "a@example.com", To: []string{"b@example.com"}}
		}),
		with(func(n *assets.Notify) {
			n.Name, n.Email = "here", &assets.Email{Host: "127.0.0.1", Port: 2525, From: "a@example.com", To: []string{"b@example.com"}}
		}),
		with(func(n *assets.Notify) {
			n.Name, n.Command = "tell", &assets.Command{Argv: []string{"./tell.sh", "r0uting"}, Dir: filepath.Join(p.Dir, "ops"), Timeout: 30 * time.Second}
		}),
		with(func(n *assets.Notify) {
			n.Name, n.GroupWait = "hook", 0
			n.Webhook = &assets.Webhook{URL: "https://example.com/alerts", Secret: "whsec_c2VjcmV0", Headers: map[string]string{"Authorization": "Bearer r0uting"}}
		}),
		with(func(n *assets.Notify) {
			n.Name, n.Slack = "chat", &assets.Slack{WebhookURL: "https://hooks.example.com/T0/B0/s3cret"}
		}),
	}
	if diff := cmp.Diff(want, p.Notify, cmpopts.IgnoreTypes(hcl.Range{})); diff != "" {
		t.Error(diff)
	}
	// Addresses and keys are secrets also where they are written out.
	for _, secret := range []string{"https://hooks.example.com/T0/B0/s3cret", "https://example.com/alerts", "r0uting", "passw0rd", "whsec_c2VjcmV0"} {
		if !slices.Contains(p.Secrets, secret) {
			t.Errorf("%s is not kept secret", secret)
		}
	}
	if slices.Contains(p.Secrets, "assets") {
		t.Error("the name of a user is kept secret: no message could hold the word any more")
	}
	without := load(t, notifying[:strings.Index(notifying, "notify \"chat\"")], Options{})
	if p.Digest != without.Digest {
		t.Error("whom to tell makes another project")
	}
}

// A server may quote a part of the address that it was asked by.
func TestPartsOfHiddenAddressesAreSecrets(t *testing.T) {
	p := load(t, `
-- shop.hcl --
project "shop" {
  lineage {
    openlineage { url = env("LINEAGE") }
  }
  telemetry {
    otlp { endpoint = env("COLLECTOR") }
  }
}
notify "hook" {
  webhook { url = "https://ann:p%40ssw0rd@example.com/incoming/0123456789abcdef?key=fedcba98765%2B43210&v=1" }
}
notify "chat" {
  slack { webhook_url = "https://t0123456789abcdef@example.com/incoming" }
}
notify "chat_too" {
  slack { webhook_url = "https://bot@example.com/incoming" }
}
source "raw.orders" { url = "https://reader@example.com/orders-of-all-the-years.csv" }
`, Options{Environ: []string{"LINEAGE=https://example.com/lineage/l0123456789abcdef", "COLLECTOR=https://example.com/c0123456789abcdef"}})
	for _, secret := range []string{"p@ssw0rd", "0123456789abcdef", "fedcba98765+43210", "t0123456789abcdef", "l0123456789abcdef", "c0123456789abcdef"} {
		if !slices.Contains(p.Secrets, secret) {
			t.Errorf("%s is not among the secrets %q", secret, p.Secrets)
		}
	}
	for _, word := range []string{"ann", "incoming", "1", "bot", "reader", "orders-of-all-the-years.csv"} {
		if slices.Contains(p.Secrets, word) {
			t.Errorf("%s is among the secrets: no message could hold it any more", word)
		}
	}
}

// Each block of HCL in docs/alerts.md is a part of a project without mistakes, and that
// names every argument and every event.
func TestAlertsReference(t *testing.T) {
	text, err := os.ReadFile("../../docs/alerts.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := fence.FindAllStringSubmatch(string(text), -1)
	if len(blocks) < 6 {
		t.Fatalf("%d blocks", len(blocks))
	}
	for _, block := range blocks {
		dir := t.TempDir()
		write(t, dir, "project.hcl", "project \"reference\" {}\nsource \"raw.orders\" {\n  files = \"x.csv\"\n  owner = \"finance@example.com\"\n}\n")
		write(t, dir, "example.hcl", block[2])
		var environ []string
		for _, name := range regexp.MustCompile(`env\("(\w+)"\)`).FindAllStringSubmatch(block[2], -1) {
			environ = append(environ, name[1]+"=https://example.com/secret")
		}
		p, diags := Load(dir, Options{Environ: environ})
		for _, d := range diags {
			t.Errorf("%s\nin\n%s", show(d, p.Files), block[2])
		}
		if formatted := string(Format([]byte(block[2]))); formatted != block[2] {
			t.Errorf("as `assets fmt` has it:\n%s", formatted)
		}
	}
	var words []string
	for _, s := range []schema{notifySchema, slackSchema, emailSchema, pagerDutySchema, webhookSchema, commandSchema} {
		words = append(append(words, s.args...), s.blocks...)
	}
	for _, event := range assets.AlertEvents {
		words = append(words, string(event))
	}
	for _, word := range words {
		if !regexp.MustCompile(`\b` + word + `\b`).Match(text) {
			t.Errorf("docs/alerts.md does not mention %s", word)
		}
	}
}
