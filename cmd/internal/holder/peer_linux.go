package holder

import (
	"fmt"
	"net"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// peer names the process at the other end of a connection without asking it.
func peer(conn net.Conn) string {
	const unknown = "another process"
	socket, ok := conn.(*net.UnixConn)
	if !ok {
		return unknown
	}
	raw, err := socket.SyscallConn()
	if err != nil {
		return unknown
	}
	var who *unix.Ucred
	if raw.Control(func(fd uintptr) { who, err = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED) }) != nil || err != nil {
		return unknown
	}
	name := "a process"
	if program, err := os.Readlink(fmt.Sprintf("/proc/%d/exe", who.Pid)); err == nil {
		name = filepath.Base(program)
	}
	return fmt.Sprintf("%s (process %d)", name, who.Pid)
}
