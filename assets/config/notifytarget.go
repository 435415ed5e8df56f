package config

import (
	"fmt"
	"net"
	"net/mail"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/seed-4311623e/assets/assets"
)

// pagerDutyURL is where PagerDuty takes events (Events API v2).
const pagerDutyURL = "https://events.pagerduty.com/v2/enqueue"

const (
	defaultCommandTimeout = 30 * time.Second
	longestCommandTimeout = 5 * time.Minute
)

var (
	slackSchema = schema{args: []string{"webhook_url"}, instead: map[string]string{
		"url": "Give the address of the incoming webhook as `webhook_url`.", "token": botInstead, "api_key": botInstead,
		"channel": "An incoming webhook belongs to one channel: make another webhook, and another notify block.",
	}}
	emailSchema = schema{args: []string{"smtp", "from", "to", "username", "password", "require_tls"}, instead: map[string]string{
		"host": smtpInstead, "port": smtpInstead, "server": smtpInstead, "user": "Give it as `username`.", "tls": "That the connection must be encrypted says `require_tls`, which is true unless the server is on this machine.",
		"subject": "Subjects are written by the alerts themselves.",
	}}
	pagerDutySchema = schema{args: []string{"routing_key", "url"}, instead: map[string]string{
		"service_key": "Give the integration key of Events API v2 as `routing_key`.", "integration_key": "Give it as `routing_key`.",
		"api": "Another address than PagerDuty's own, such as https://events.eu.pagerduty.com/v2/enqueue, is given as `url`.",
	}}
	webhookSchema = schema{args: []string{"url", "secret", "headers"}, instead: map[string]string{"endpoint": "Give the whole address as `url`.", "method": "Messages are posted."}}
	commandSchema = schema{args: []string{"argv", "timeout"}, instead: map[string]string{
		"command": "Give the program and its arguments as a list: argv = [\"./tell.sh\", \"ops\"].",
		"env":     "The command has the environment of this program.",
	}}
)

const (
	botInstead  = "Alerts go to an incoming webhook, whose address is all that is needed: webhook_url = env(\"SLACK_WEBHOOK_URL\")."
	smtpInstead = `Give the server with its scheme and port: smtp = "smtp://mail.example.com:587".`
)

// readTarget reads whom a notify block tells.
func (l *loader) readTarget(s *scope, b *hclsyntax.Block, n *assets.Notify, what string) {
	var first *hclsyntax.Block
	for _, kind := range notifyTargets {
		for _, tb := range blocksOf(b.Body, kind) {
			if first != nil {
				l.report(problem(tb.DefRange(), "A notify block tells one target", fmt.Sprintf("In %s there is a %s block already. Write another notify block.", what, first.Type)))
				continue
			}
			first = tb
			l.noLabels(tb)
			of := fmt.Sprintf("the %s block of %s", kind, what)
			switch a := l.args(s, tb.Body, of); kind {
			case "slack":
				l.fits(tb.Body, slackSchema, of)
				n.Slack = &assets.Slack{WebhookURL: a.hiddenURL("webhook_url")}
				l.needs(a, tb, "webhook_url", `webhook_url = env("SLACK_WEBHOOK_URL")`)
			case "email":
				l.fits(tb.Body, emailSchema, of)
				n.Email = l.readEmail(a, tb)
			case "pagerduty":
				l.fits(tb.Body, pagerDutySchema, of)
				n.PagerDuty = &assets.PagerDuty{RoutingKey: a.hidden("routing_key"), URL: pagerDutyURL}
				if a.has("url") {
					n.PagerDuty.URL = a.hiddenURL("url")
				}
				l.needs(a, tb, "routing_key", `routing_key = env("PAGERDUTY_ROUTING_KEY")`)
			case "webhook":
				l.fits(tb.Body, webhookSchema, of)
				n.Webhook = &assets.Webhook{URL: a.hiddenURL("url"), Secret: a.hidden("secret"), Headers: a.headers("headers")}
				l.needs(a, tb, "url", `url = "https://example.com/alerts"`)
			case "command":
				l.fits(tb.Body, commandSchema, of)
				n.Command = l.readCommand(a, tb)
			}
		}
	}
	if first == nil {
		l.report(problem(b.DefRange(), "Nobody to tell", fmt.Sprintf("Say in %s whom: slack { … }, email { … }, pagerduty { … }, webhook { … } or command { … }.", what)))
	}
}

// needs reports that an argument is missing.
func (l *loader) needs(a *args, b *hclsyntax.Block, name, example string) {
	if !a.has(name) {
		l.report(problem(b.DefRange(), fmt.Sprintf("Missing argument %q", name), fmt.Sprintf("In %s, write for example: %s.", a.what, example)))
	}
}

// hidden reads a string that is a secret, wherever it comes from.
func (a *args) hidden(name string) string {
	text, _, ok := a.secretText(name)
	if !ok {
		return ""
	}
	a.s.l.addSecret(text)
	if strings.TrimSpace(text) == "" {
		a.wrong(name, fmt.Sprintf("%q is empty", name), "Is the variable of the environment set that it is read from?")
	}
	return strings.TrimSpace(text)
}

// hiddenURL reads the address of a server that whoever knows it can write to.
func (a *args) hiddenURL(name string) string {
	text := a.hidden(name)
	if text == "" {
		return ""
	}
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" {
		a.wrong(name, fmt.Sprintf("%q must be a URL", name), `Write the whole address that is posted to, beginning with https://. It is not shown here: it may be a secret.`)
		return text
	}
	a.s.l.keepLogin(u, true)
	a.s.l.keepTokens(u)
	return text
}

func (l *loader) readEmail(a *args, b *hclsyntax.Block) *assets.Email {
	e := &assets.Email{From: a.filled("from")}
	l.needs(a, b, "smtp", `smtp = "smtp://mail.example.com:587"`)
	l.needs(a, b, "from", `from = "assets@example.com"`)
	l.needs(a, b, "to", `to = ["data@example.com"]`)
	if e.From != "" && !isAddress(e.From) {
		a.wrong("from", fmt.Sprintf("%q is no mail address", e.From), `Write "assets@example.com", or with a name "Assets <assets@example.com>".`)
	}
	if e.To = a.texts("to"); a.has("to") && len(e.To) == 0 {
		if v, ok := a.eval("to"); ok && v.CanIterateElements() {
			a.wrong("to", "\"to\" is empty", `Say who gets the mail: to = ["data@example.com"].`)
		}
	}
	for i, to := range e.To {
		if !isAddress(to) {
			l.report(problem(a.item("to", i), fmt.Sprintf("%q is no mail address", to), `Write "data@example.com", or with a name "Data <data@example.com>".`))
		}
	}
	e.Username, _, _ = a.secretText("username") // a word that may stand anywhere: hidden only if it is sensitive
	e.Password = a.hidden("password")
	if a.has("username") != a.has("password") {
		l.report(problem(b.DefRange(), "\"username\" and \"password\" belong together", "Give both, or neither for a server that takes mail without a login."))
	}
	local := l.readServer(a, e)
	e.RequireTLS = a.boolean("require_tls", !local)
	switch {
	case e.Implicit && !e.RequireTLS:
		a.missable("require_tls", "smtps is encrypted from the first byte on", "Leave `require_tls` out, or write smtp:// for a connection that is not encrypted.")
		e.RequireTLS = true
	case !e.RequireTLS && !local && a.has("password"):
		a.missable("require_tls", "A password would be sent unencrypted", "Leave `require_tls` out, or the login.")
	}
	return e
}

// missable reports what is wrong with an argument that may have been left out.
func (a *args) missable(name, summary, detail string) {
	if a.has(name) {
		a.wrong(name, summary, detail)
	}
}

// readServer reads which server takes the mail, and reports whether it is on this machine.
func (l *loader) readServer(a *args, e *assets.Email) (local bool) {
	const write = `Write the server with its scheme and port: "smtp://mail.example.com:587", which is encrypted by STARTTLS, or "smtps://mail.example.com:465".`
	text := a.filled("smtp")
	if text == "" {
		return false
	}
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Hostname() == "" || u.Scheme != "smtp" && u.Scheme != "smtps" || strings.Trim(u.Path, "/") != "" || u.RawQuery != "":
		a.wrong("smtp", "\"smtp\" names no mail server", write)
		return false
	case u.User != nil:
		a.wrong("smtp", "The login does not belong into \"smtp\"", "Give it as `username` and `password`.")
		return false
	}
	e.Host, e.Implicit, e.Port = u.Hostname(), u.Scheme == "smtps", 587
	if e.Implicit {
		e.Port = 465
	}
	if port := u.Port(); port != "" {
		if e.Port, err = strconv.Atoi(port); err != nil || e.Port < 1 || e.Port > 65535 {
			a.wrong("smtp", "\"smtp\" names no mail server", write)
		}
	}
	ip := net.ParseIP(e.Host)
	return e.Host == "localhost" || ip != nil && ip.IsLoopback()
}

func isAddress(text string) bool {
	_, err := mail.ParseAddress(text)
	return err == nil && !strings.ContainsAny(text, "\r\n")
}

func (l *loader) readCommand(a *args, b *hclsyntax.Block) *assets.Command {
	c := &assets.Command{Argv: a.argv("argv"), Dir: a.s.dir, Timeout: defaultCommandTimeout}
	l.needs(a, b, "argv", `argv = ["./tell.sh", "ops"]`)
	if timeout, ok := a.duration("timeout"); ok {
		if c.Timeout = timeout; timeout <= 0 || timeout > longestCommandTimeout {
			a.wrong("timeout", "\"timeout\" is out of range", `It is how long the command may take: more than nothing, and at most "5m".`)
		}
	}
	return c
}
