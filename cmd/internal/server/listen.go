package server

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"strconv"
	"syscall"
)

// DefaultAddress is where to listen unless told otherwise.
const DefaultAddress = "127.0.0.1:8632"

// Listen takes an address, "host:port". One outside loopback is refused without a
// token. Its errors say what to do.
func Listen(ctx context.Context, address string, token Token) (net.Listener, error) {
	if err := checkAddress(address); err != nil {
		return nil, err
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, explain(address, err)
	}
	// What a name stood for is known for sure only now. Nobody is answered before Serve.
	if err := permitted(listener.Addr(), token); err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	return listener, nil
}

func checkAddress(address string) error {
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return fmt.Errorf("%q is not an address to listen on: write host:port, as in %s", address, DefaultAddress)
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n > 65535 {
		return fmt.Errorf("%q is not an address to listen on: its port must be a number up to 65535, as in %s", address, DefaultAddress)
	}
	return nil
}

// permitted says why nobody may be served at an address; nil: they may.
func permitted(address net.Addr, token Token) error {
	tcp, ok := address.(*net.TCPAddr)
	if !ok || tcp.IP.IsLoopback() || token.Asked() {
		return nil // not ok: a socket in the file system, which has permissions
	}
	return fmt.Errorf("%s can be reached from other machines, so a token is needed to listen there. "+
		"Give one with -token-file or -token-env, or listen on loopback, as in 127.0.0.1:%d", tcp, tcp.Port)
}

// explain says what to do about an address that cannot be had.
func explain(address string, err error) error {
	var dns *net.DNSError
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return fmt.Errorf("cannot listen on %s: another program does. Stop it if it is another daemon of this project, or give another port", address)
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return fmt.Errorf("cannot listen on %s: this machine has no such address. Give one of its own, or %s", address, DefaultAddress)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("cannot listen on %s: the system does not permit it; ports below 1024 are often reserved. Give another port", address)
	case errors.As(err, &dns):
		return fmt.Errorf("cannot listen on %s: the name %s stands for no address. Give an address of this machine, as in %s", address, dns.Name, DefaultAddress)
	}
	return fmt.Errorf("cannot listen on %s: %w", address, err)
}
