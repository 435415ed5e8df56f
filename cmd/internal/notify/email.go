package notify

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/textproto"
	"strconv"
	"strings"

	"github.com/wneessen/go-mail"
	"github.com/wneessen/go-mail/smtp"

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
	// The library heeds a context until it is connected: after that the connection has to end.
	connected, cancel := context.WithCancel(ctx)
	defer cancel()
	client, err := s.client(connected)
	if err != nil {
		return err
	}
	server, err := client.DialToSMTPClientWithContext(ctx)
	if err != nil {
		return s.explain(ctx, err)
	}
	refusals, err := transmit(server, letter)
	if isFinal(err) {
		return refused("it does not take the mail: " + oneLine(err.Error()))
	} else if err != nil {
		return s.explain(ctx, err)
	}
	_ = server.Quit() // the server has it: whatever is said now, it is not sent again
	if len(refusals) > 0 {
		return refused("it does not take the mail for " + oneLine(strings.Join(refusals, ", ")) + ". All others have it")
	}
	return nil
}

// transmit hands a letter over to a server, for all who get mail there. refusals say who
// does not: that is nothing to the others. If the server takes it for nobody, or somebody
// can be sent none just now, that is an error, and nobody has it.
func transmit(server *smtp.Client, letter *mail.Msg) (refusals []string, err error) {
	if err := server.UpdateDeadline(postTimeout); err != nil {
		return nil, err
	}
	from, err := letter.GetSender(false)
	if err != nil {
		return nil, err
	}
	to, err := letter.GetRecipients()
	if err != nil {
		return nil, err
	}
	if err := server.Mail(from); err != nil {
		return nil, err
	}
	for _, address := range to {
		err := server.Rcpt(address)
		if err == nil {
			continue
		}
		if err = fmt.Errorf("%s: %w", strings.Trim(address, "<>"), err); !isFinal(err) {
			return nil, err
		}
		if refusals = append(refusals, err.Error()); len(refusals) == len(to) {
			return nil, err
		}
	}
	w, err := server.Data()
	if err != nil {
		return nil, err
	}
	if _, err := letter.WriteTo(w); err != nil {
		return nil, err
	}
	return refusals, w.Close()
}

func (s *emailSender) client(connected context.Context) (*mail.Client, error) {
	options := []mail.Option{mail.WithPort(s.Port), mail.WithTimeout(postTimeout), mail.WithTLSPolicy(mail.TLSOpportunistic), mail.WithDialContextFunc(s.dial(connected))}
	if s.RequireTLS && !s.Implicit {
		options = append(options, mail.WithTLSPolicy(mail.TLSMandatory))
	}
	if s.o.tls != nil {
		options = append(options, mail.WithTLSConfig(s.tls()))
	}
	if s.Username != "" {
		options = append(options, mail.WithSMTPAuth(mail.SMTPAuthAutoDiscover), mail.WithUsername(s.Username), mail.WithPassword(s.Password))
	}
	return mail.NewClient(s.Host, options...)
}

func (s *emailSender) tls() *tls.Config {
	config := &tls.Config{}
	if s.o.tls != nil {
		config = s.o.tls.Clone()
	}
	config.ServerName = s.Host
	return config
}

// dial connects to the server, encrypted if that is implied. The connection ends when
// connected is done.
func (s *emailSender) dial(connected context.Context) mail.DialContextFunc {
	return func(ctx context.Context, network, address string) (c net.Conn, err error) {
		if s.Implicit {
			c, err = (&tls.Dialer{Config: s.tls()}).DialContext(ctx, network, address)
		} else {
			c, err = (&net.Dialer{}).DialContext(ctx, network, address)
		}
		if err == nil {
			context.AfterFunc(connected, func() { _ = c.Close() })
		}
		return c, err
	}
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

// explain says what went wrong with a mail that is sent again.
func (s *emailSender) explain(ctx context.Context, err error) error {
	switch {
	case ctx.Err() != nil:
		return errors.New("it had not taken the mail by the end of the run")
	case strings.Contains(err.Error(), "STARTTLS"):
		return fmt.Errorf("%s. A server without TLS needs require_tls = false", oneLine(err.Error()))
	}
	return errors.New(oneLine(err.Error()))
}

// isFinal reports whether a server will never take a mail. That it refuses who sends it, not
// what is sent, can be mended.
func isFinal(err error) bool {
	var answer *textproto.Error
	if !errors.As(err, &answer) {
		return false
	}
	aboutLogin := answer.Code/10 == 53 || strings.HasPrefix(answer.Msg, "5.7.") && !strings.HasPrefix(answer.Msg, "5.7.1 ")
	return answer.Code >= 500 && !aboutLogin
}
