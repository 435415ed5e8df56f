package telemetry

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"time"
)

// defaultTimeout is how long one request may take.
const defaultTimeout = 10 * time.Second

// client makes the client that one signal is posted with. It follows no redirect: one may
// turn a POST into a GET that succeeds and delivers nothing, and would take the headers, a
// token among them, to another address. So it has to read itself what the SDK reads from
// the environment for clients of its own.
func (e environment) client(s signal) (*http.Client, *http.Transport, error) {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.MaxIdleConnsPerHost = 1
	config, err := e.tls(s)
	if err != nil {
		return nil, nil, err
	}
	t.TLSClientConfig = config
	timeout := defaultTimeout
	if ms, err := strconv.Atoi(e.of(s, "TIMEOUT")); err == nil && ms > 0 {
		timeout = time.Duration(ms) * time.Millisecond
	}
	return &http.Client{
		Transport: t, Timeout: timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}, t, nil
}

// tls says whom to trust and how to prove who we are, if the environment does; nil: as usual.
func (e environment) tls(s signal) (*tls.Config, error) {
	authority, certificate, key := e.of(s, "CERTIFICATE"), e.of(s, "CLIENT_CERTIFICATE"), e.of(s, "CLIENT_KEY")
	if authority == "" && certificate == "" {
		return nil, nil
	}
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if authority != "" {
		text, err := os.ReadFile(authority)
		if err != nil {
			return nil, fmt.Errorf("read %sCERTIFICATE: %w", envOTLP, err)
		}
		if config.RootCAs = x509.NewCertPool(); !config.RootCAs.AppendCertsFromPEM(text) {
			return nil, errors.New(envOTLP + "CERTIFICATE names a file without a certificate in PEM")
		}
	}
	if certificate != "" {
		pair, err := tls.LoadX509KeyPair(certificate, key)
		if err != nil {
			return nil, fmt.Errorf("read %sCLIENT_CERTIFICATE and its key: %w", envOTLP, err)
		}
		config.Certificates = []tls.Certificate{pair}
	}
	return config, nil
}
