package transport

import (
	"crypto/tls"
	"io"
	"net"
	"time"
)

// hangUp closes the socket. That of TLS would first try to say goodbye.
func (s *stream) hangUp() {
	if c, ok := s.nc.(*tls.Conn); ok {
		_ = c.NetConn().Close()
		return
	}
	_ = s.nc.Close()
}

// goodbye is how long a link that was closed waits for the other end to close
// too, once all is written.
const goodbye = time.Second

// sayGoodbye ends what is sent, after all of it has been written, and waits
// for the other end to do the same. Without that, closing the socket while
// there is input, or before it comes, makes the system drop what it has yet to
// send. If wait is not positive, all there is to do is the end of TLS.
func sayGoodbye(nc net.Conn, wait time.Duration) {
	raw := nc
	c, secure := nc.(*tls.Conn)
	if secure {
		raw = c.NetConn()
	}
	// Package tls would wait 5 seconds until a peer that does not read takes
	// the alert.
	cut := time.AfterFunc(max(wait, goodbye/10), func() { _ = raw.Close() })
	defer cut.Stop()
	if secure {
		_ = c.CloseWrite()
	}
	half, ok := raw.(interface{ CloseWrite() error })
	if ok && wait > 0 && half.CloseWrite() == nil && raw.SetReadDeadline(time.Time{}) == nil {
		_, _ = io.Copy(io.Discard, raw)
	}
}
