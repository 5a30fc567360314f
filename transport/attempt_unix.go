//go:build unix

package transport

import (
	"errors"
	"net"
	"os"
	"syscall"
)

// attempt writes to a socket without waiting for room in the kernel, as Go's own
// Write would.
type attempt struct {
	raw  syscall.RawConn
	once func(fd uintptr) bool // made once, so that writing allocates nothing

	o   *output
	err error
}

// newAttempt returns nil for what is no plain socket: TLS writes more than it is
// given, and others may count what they write.
func newAttempt(nc net.Conn) *attempt {
	switch nc.(type) {
	case *net.TCPConn, *net.UnixConn:
	default:
		return nil
	}
	raw, err := nc.(syscall.Conn).SyscallConn()
	if err != nil {
		return nil
	}
	a := &attempt{raw: raw}
	a.once = a.try
	return a
}

// write writes of o what the socket takes at once. The error is not that there
// is no room. One goroutine at a time may call it.
func (a *attempt) write(o *output) error {
	a.o, a.err = o, nil
	err := a.raw.Write(a.once)
	a.o = nil
	return errors.Join(a.err, err)
}

func (a *attempt) try(fd uintptr) bool {
	for {
		b := a.o.rest()
		if len(b) == 0 {
			return true
		}
		n, err := syscall.Write(int(fd), b[:min(len(b), writeSize)])
		switch {
		case err == nil:
			a.o.written += n
		case errors.Is(err, syscall.EAGAIN):
			return true
		case !errors.Is(err, syscall.EINTR):
			a.err = os.NewSyscallError("write", err)
			return true
		}
	}
}
