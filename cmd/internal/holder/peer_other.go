//go:build !linux

package holder

import "net"

// peer names the process at the other end of a connection without asking it.
func peer(net.Conn) string { return "another process" }
