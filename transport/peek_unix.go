//go:build unix

package transport

import (
	"crypto/tls"
	"errors"
	"net"
	"syscall"
)

// peek looks at what has arrived on a socket, and leaves it there.
type peek struct {
	raw  syscall.RawConn
	once func(fd uintptr) bool // made once, so that it allocates nothing

	plain bool // the bytes are those that are read
	found Arrival
}

// newPeek returns nil for connections of which it is not known that reading can be
// interrupted at any place. Package tls goes on after an error that is temporary, as
// that of a deadline is.
func newPeek(nc net.Conn) *peek {
	secure, ok := nc.(*tls.Conn)
	if ok {
		nc = secure.NetConn()
	}
	switch nc.(type) {
	case *net.TCPConn, *net.UnixConn:
	default:
		return nil
	}
	raw, err := nc.(syscall.Conn).SyscallConn()
	if err != nil {
		return nil
	}
	p := &peek{raw: raw, plain: !ok}
	p.once = p.try
	return p
}

// look must not be called while somebody reads.
func (p *peek) look() Arrival {
	p.found = Ended
	if err := p.raw.Read(p.once); err != nil {
		return Ended
	}
	return p.found
}

func (p *peek) try(fd uintptr) bool {
	for {
		var b [1]byte
		n, _, err := syscall.Recvfrom(int(fd), b[:], syscall.MSG_PEEK)
		switch {
		case errors.Is(err, syscall.EINTR):
			continue
		case errors.Is(err, syscall.EAGAIN):
			p.found = Nothing
		case err == nil && n > 0 && p.plain:
			p.found = Something
		}
		return true
	}
}
