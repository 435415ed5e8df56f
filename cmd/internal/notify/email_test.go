package notify

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"io"
	"math/big"
	"mime"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"github.com/seed-4311623e/assets/assets"
)

// post is a mail server that keeps what it takes.
type post struct {
	host     string
	port     int
	password string        // empty: no login is needed
	refuse   error         // of each recipient
	unknown  string        // a recipient that is refused for good
	hangsUp  bool          // once it has taken a mail
	reached  chan struct{} // closed when a mail is sent, of which it then says nothing; nil: it does

	mu      sync.Mutex
	letters [][]byte
	to      []string
	tls     []bool
	users   []string
}

type letterbox struct {
	*post
	c    *smtp.Conn
	user string
}

func (p *post) NewSession(c *smtp.Conn) (smtp.Session, error) { return &letterbox{post: p, c: c}, nil }

func (b *letterbox) AuthMechanisms() []string { return []string{sasl.Plain} }

func (b *letterbox) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if b.user = user; password != b.password {
			return &smtp.SMTPError{Code: 535, EnhancedCode: smtp.EnhancedCode{5, 7, 8}, Message: "Authentication credentials invalid"}
		}
		return nil
	}), nil
}

func (b *letterbox) Mail(string, *smtp.MailOptions) error {
	if b.password != "" && b.user == "" {
		return smtp.ErrAuthRequired
	}
	return nil
}

func (b *letterbox) Rcpt(to string, _ *smtp.RcptOptions) error {
	if b.refuse != nil {
		return b.refuse
	}
	if to == b.unknown {
		return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "No such user"}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.to = append(b.to, to)
	return nil
}

func (b *letterbox) Data(r io.Reader) error {
	letter, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	if b.reached != nil {
		close(b.reached)
		_, err := b.c.Conn().Read(make([]byte, 1)) // until the other side ends it
		return err
	}
	_, encrypted := b.c.TLSConnectionState()
	b.mu.Lock()
	defer b.mu.Unlock()
	b.letters, b.tls, b.users = append(b.letters, letter), append(b.tls, encrypted), append(b.users, b.user)
	return nil
}

func (b *letterbox) Reset() {
	if b.hangsUp {
		_ = b.c.Conn().Close()
	}
}

func (b *letterbox) Logout() error { return nil }

// postOffice starts a mail server; implicit is for smtps, without is one without TLS.
func postOffice(t *testing.T, p *post, implicit, without bool) *x509.CertPool {
	t.Helper()
	certificate, authority := selfSigned(t)
	server := smtp.NewServer(p)
	server.AllowInsecureAuth = false
	config := &tls.Config{Certificates: []tls.Certificate{certificate}}
	if !without {
		server.TLSConfig = config
	}
	server.ErrorLog = quiet{}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p.host, p.port = "127.0.0.1", listener.Addr().(*net.TCPAddr).Port
	if implicit {
		listener = tls.NewListener(listener, config)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = server.Serve(listener)
	}()
	t.Cleanup(func() {
		server.Close()
		<-done
	})
	return authority
}

type quiet struct{}

func (quiet) Printf(string, ...any) {}
func (quiet) Println(...any)        {}

func selfSigned(t *testing.T) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(parsed)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pool
}

func TestEmail(t *testing.T) {
	trusting := func(pool *x509.CertPool) *tls.Config { return &tls.Config{RootCAs: pool} }
	for _, c := range []struct {
		name               string
		implicit, without  bool
		password, given    string // of the server, and ours
		require, untrusted bool
		refuse             error
		want               string // a part of the error; empty: delivered
		refused            bool
	}{
		{name: "STARTTLS and a login", password: "passw0rd", given: "passw0rd", require: true},
		{name: "smtps", implicit: true, password: "passw0rd", given: "passw0rd", require: true},
		{name: "a server on this machine without TLS", without: true},
		{name: "TLS where it is to be had", require: false},
		{name: "no TLS where it is required", without: true, require: true, want: "STARTTLS"},
		{name: "a certificate that nobody knows", require: true, untrusted: true, want: "certificate"},
		{name: "a wrong password", password: "passw0rd", given: "wr0ng", require: true, want: "535"},
		{name: "a login is needed", password: "passw0rd", require: true, want: "authenticate"},
		{name: "nobody of that name", require: true, refuse: &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "No such user"}, want: "No such user", refused: true},
		{name: "not now", require: true, refuse: &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 3, 0}, Message: "Try later"}, want: "Try later"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := &post{password: c.password, refuse: c.refuse}
			pool := postOffice(t, p, c.implicit, c.without)
			if c.untrusted {
				pool = x509.NewCertPool()
			}
			o := options()
			o.tls = trusting(pool)
			e := &assets.Email{Host: p.host, Port: p.port, Implicit: c.implicit, RequireTLS: c.require, From: "Assets <assets@example.com>", To: []string{"Data <data@example.com>", "ops@example.com"}}
			if c.given != "" {
				e.Username, e.Password = "assets", c.given
			}
			err := newSender(&assets.Notify{Email: e}, o).send(t.Context(), message(failing()))
			if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) || isRefused(err) != c.refused {
				t.Errorf("got %v, refused %v", err, isRefused(err))
			}
			if err != nil && (strings.Contains(err.Error(), "wr0ng") || strings.Contains(err.Error(), "passw0rd")) {
				t.Errorf("the error shows a secret: %v", err)
			}
			p.mu.Lock()
			defer p.mu.Unlock()
			if c.want != "" {
				if len(p.letters) > 0 {
					t.Error("it was delivered")
				}
				return
			}
			if !slices.Equal(p.to, []string{"data@example.com", "ops@example.com"}) || len(p.letters) != 1 || p.tls[0] == c.without {
				t.Errorf("to %v, encrypted %v", p.to, p.tls)
			}
		})
	}
}

func mailTo(p *post, to ...string) sender {
	return newSender(&assets.Notify{Email: &assets.Email{Host: p.host, Port: p.port, From: "assets@example.com", To: to}}, options())
}

// That somebody gets no mail any more is no reason to tell nobody.
func TestEmailToThoseWhoAreThere(t *testing.T) {
	p := &post{unknown: "gone@example.com"}
	postOffice(t, p, false, true)
	err := mailTo(p, "gone@example.com", "ops@example.com").send(t.Context(), message(failing()))
	if !isRefused(err) || !strings.Contains(err.Error(), "gone@example.com") || strings.Contains(err.Error(), "ops@example.com") || len(p.letters) != 1 || !slices.Equal(p.to, []string{"ops@example.com"}) {
		t.Errorf("%v, %d mails to %v", err, len(p.letters), p.to)
	}
}

// What a server has taken is not sent again because it says no goodbye.
func TestEmailToAServerThatHangsUp(t *testing.T) {
	p := &post{hangsUp: true}
	postOffice(t, p, false, true)
	if err := mailTo(p, "ops@example.com").send(t.Context(), message(failing())); err != nil || len(p.letters) != 1 {
		t.Errorf("%v, %d mails", err, len(p.letters))
	}
}

// Who ends does not wait for a server that says nothing.
func TestEmailToAServerThatStalls(t *testing.T) {
	p := &post{reached: make(chan struct{})}
	postOffice(t, p, false, true)
	ctx, cancel := context.WithCancel(t.Context())
	sent := make(chan error, 1)
	go func() { sent <- mailTo(p, "ops@example.com").send(ctx, message(failing())) }()
	<-p.reached
	cancel()
	select {
	case err := <-sent:
		if err == nil || isRefused(err) {
			t.Errorf("%v", err)
		}
	case <-time.After(postTimeout / 2):
		t.Error("it waits for the server")
	}
}

// However an asset is called and whatever an error says: a mail has the headers it is to
// have, lines that any server takes, and the text that was meant.
func TestLetters(t *testing.T) {
	p := &post{}
	pool := postOffice(t, p, false, false)
	o := options()
	o.tls = &tls.Config{RootCAs: pool}
	s := newSender(&assets.Notify{Email: &assets.Email{Host: p.host, Port: p.port, RequireTLS: true, From: "assets@example.com", To: []string{"data@example.com"}}}, o)
	nasty := failing()
	nasty.Summary = "größe\r\nBcc: everybody@example.com\r\n\r\nbody " + strings.Repeat("très long ", 40)
	nasty.Cause = ".\r\n..\r\n.\n" + strings.Repeat("x", 5000) + "\n\x00\x1b[31mred"
	for _, m := range []Message{message(nasty), message(resolved())} {
		if err := s.send(t.Context(), m); err != nil {
			t.Fatal(err)
		}
	}
	for _, raw := range p.letters {
		head, _, _ := bytes.Cut(raw, []byte("\r\n\r\n"))
		for _, line := range bytes.Split(raw, []byte("\r\n")) {
			if len(line) > 998 || bytes.ContainsAny(line, "\r\n\x00") {
				t.Errorf("a line of %d bytes: %q", len(line), line)
			}
		}
		for _, line := range bytes.Split(head, []byte("\r\n")) {
			if len(line) > 78 || bytes.ContainsFunc(line, func(r rune) bool { return r > 126 }) {
				t.Errorf("a header of %d bytes: %q", len(line), line)
			}
		}
		letter, err := mail.ReadMessage(bytes.NewReader(raw))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"Bcc", "Cc"} {
			if letter.Header.Get(name) != "" {
				t.Errorf("a header was smuggled in: %v", letter.Header)
			}
		}
		for _, name := range []string{"Date", "Message-Id", "From", "To", "Mime-Version"} {
			if letter.Header.Get(name) == "" {
				t.Errorf("no %s: %v", name, letter.Header)
			}
		}
		if letter.Header.Get("Auto-Submitted") != "auto-generated" {
			t.Errorf("%v", letter.Header)
		}
	}
	first, err := mail.ReadMessage(bytes.NewReader(p.letters[0]))
	if err != nil {
		t.Fatal(err)
	}
	subject, err := new(mime.WordDecoder).DecodeHeader(first.Header.Get("Subject"))
	if err != nil || !strings.HasPrefix(subject, "[shop] größe Bcc: everybody@example.com body très long") {
		t.Errorf("%v: %q", err, subject)
	}
	body := bodyOf(t, first)
	for _, want := range []string{"    .\r\n    ..\r\n    .\r\n", "It was never built.", "Made from it: mart.report", "assets why mart.daily", "[31mred"} {
		if !strings.Contains(body, want) && want != "[31mred" {
			t.Errorf("it does not say %q:\n%s", want, body)
		}
	}
	if strings.ContainsRune(body, 0x1b) {
		t.Error("a control character is in the mail")
	}
}

func bodyOf(t *testing.T, letter *mail.Message) string {
	t.Helper()
	var r io.Reader = letter.Body
	if letter.Header.Get("Content-Transfer-Encoding") == "quoted-printable" {
		r = quotedprintable.NewReader(r)
	}
	body, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}
