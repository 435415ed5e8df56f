package notify

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"

	"github.com/wneessen/go-mail"

	"github.com/seed-4311623e/assets/assets"
)

// emailSender sends mail. The library writes the headers, and encodes what stands in them.
type emailSender struct {
	*assets.Email
	o senderOptions
}

func (s *emailSender) place() string {
	return fmt.Sprintf("%s by way of %s", strings.Join(s.To, ", "), s.server())
}

func (s *emailSender) server() string { return net.JoinHostPort(s.Host, strconv.Itoa(s.Port)) }

func (s *emailSender) send(ctx context.Context, m Message) error {
	letter, err := s.letter(m)
	if err != nil {
		return refused("the mail cannot be written: " + err.Error())
	}
	client, err := s.client()
	if err != nil {
		return err
	}
	if err := client.DialAndSendWithContext(ctx, letter); err != nil {
		return s.explain(ctx, err)
	}
	return nil
}

func (s *emailSender) client() (*mail.Client, error) {
	options := []mail.Option{mail.WithPort(s.Port), mail.WithTimeout(postTimeout), mail.WithTLSPolicy(mail.TLSOpportunistic)}
	if s.RequireTLS {
		options = append(options, mail.WithTLSPolicy(mail.TLSMandatory))
	}
	if s.Implicit {
		options = append(options, mail.WithSSL())
	}
	if s.o.tls != nil {
		config := s.o.tls.Clone()
		config.ServerName = s.Host
		options = append(options, mail.WithTLSConfig(config))
	}
	if s.Username != "" {
		options = append(options, mail.WithSMTPAuth(mail.SMTPAuthAutoDiscover), mail.WithUsername(s.Username), mail.WithPassword(s.Password))
	}
	return mail.NewClient(s.Host, options...)
}

// letter is the mail of a message. Those of one group are one thread.
func (s *emailSender) letter(m Message) (*mail.Msg, error) {
	letter := mail.NewMsg()
	if err := errors.Join(letter.From(s.From), letter.To(s.To...)); err != nil {
		return nil, err
	}
	letter.Subject(oneLine(fmt.Sprintf("[%s] %s", m.Project, m.Summary)))
	letter.SetDateWithValue(m.At)
	domain := "assets.invalid"
	if from := letter.GetFrom(); len(from) == 1 {
		if _, host, ok := strings.Cut(from[0].Address, "@"); ok {
			domain = host
		}
	}
	letter.SetMessageIDWithValue(strings.ToLower(m.ID) + "@" + domain)
	if m.Thread != "" {
		letter.SetGenHeader(mail.HeaderReferences, "<"+m.Thread+"@"+domain+">")
	}
	letter.SetGenHeader("Auto-Submitted", "auto-generated") // nobody is on holiday for a program
	if hasError(m) {
		letter.SetImportance(mail.ImportanceHigh)
	}
	letter.SetBodyString(mail.TypeTextPlain, plainText(m, s.o.zone))
	return letter, nil
}

// explain says what went wrong with a mail. What a server will never take is not sent again.
func (s *emailSender) explain(ctx context.Context, err error) error {
	var failed *mail.SendError
	switch {
	case ctx.Err() != nil:
		return errors.New("it had not taken the mail by the end of the run")
	case errors.As(err, &failed) && failed.ErrorCode() >= 500 && !aboutLogin(failed):
		return refused(fmt.Sprintf("it does not take the mail: %s", oneLine(err.Error())))
	case strings.Contains(err.Error(), "STARTTLS"):
		return fmt.Errorf("%s. A server without TLS needs require_tls = false", oneLine(err.Error()))
	}
	return errors.New(oneLine(err.Error()))
}

// aboutLogin reports whether a server refused who sends, not what is sent: that can be mended.
func aboutLogin(e *mail.SendError) bool {
	status := e.EnhancedStatusCode()
	return e.ErrorCode()/10 == 53 || strings.HasPrefix(status, "5.7.") && status != "5.7.1"
}
