package transport

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// listener makes links of the sockets that come in.
type listener struct {
	ln      net.Listener
	addr    Addr
	options Options
	links   atomic.Int64 // with those that are yet to become one

	ctx     context.Context // ends with Close
	cancel  context.CancelFunc
	running sync.WaitGroup // accepting, and handshakes
	once    sync.Once
	err     error // of closing

	mu     sync.Mutex // held while accept is called
	accept func(Link)
}

func newListener(ln net.Listener, addr Addr, o Options) *listener {
	l := &listener{ln: ln, addr: addr, options: o}
	l.ctx, l.cancel = context.WithCancel(context.Background())
	return l
}

func (l *listener) Addr() Addr { return l.addr }

func (l *listener) Start(accept func(Link)) {
	l.accept = accept
	l.running.Go(l.run)
}

// run accepts until the listener is closed. Other errors, too many open files
// most of all, may pass: it tries again after a while.
func (l *listener) run() {
	const patience = 5 * time.Millisecond
	delay := patience
	for {
		nc, err := l.ln.Accept()
		if l.ctx.Err() != nil {
			if err == nil {
				_ = nc.Close()
			}
			return
		}
		if err == nil {
			l.take(nc)
			delay = patience
			continue
		}
		if log := l.options.Logger; log != nil {
			log.Warn("a connection cannot be accepted", "address", l.addr.String(), "error", err)
		}
		select {
		case <-l.ctx.Done():
			return
		case <-time.After(delay):
			delay = min(2*delay, time.Second)
		}
	}
}

// take makes a link of a socket, if there are not too many.
func (l *listener) take(nc net.Conn) {
	limit := l.options.MaxLinks
	switch n := l.links.Add(1); {
	case limit > 0 && n > int64(limit):
		l.refuse(nc, fmt.Errorf("%w, limit %d", ErrTooManyLinks, limit))
	case l.options.TLS == nil:
		l.deliver(nc, nc)
	default:
		l.running.Go(func() { l.handshake(nc) })
	}
}

// release is told of each socket that take was given when it has ended.
func (l *listener) release() { l.links.Add(-1) }

// deliver hands over a link to nc, by way of c.
func (l *listener) deliver(c, nc net.Conn) {
	link := newStream(c, l.addr, peerAddr(nc), l.release)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.accept(link)
}

func (l *listener) refuse(nc net.Conn, err error) {
	remote := peerAddr(nc)
	l.release()
	_ = nc.Close()
	if l.options.Refused != nil {
		l.options.Refused(remote, err)
	}
}

// handshake secures a socket.
func (l *listener) handshake(nc net.Conn) {
	uncut := context.AfterFunc(l.ctx, func() { _ = nc.Close() })
	var c net.Conn
	config, err := l.options.TLS.server(l.options.Logger)
	if err == nil {
		c, err = handshakeServer(nc, config, l.options.Handshake)
	}
	if err != nil {
		lastWord(nc, err)
	}
	switch {
	case !uncut():
		l.release()
		_ = nc.Close()
	case err != nil:
		l.refuse(nc, err)
	default:
		l.deliver(c, nc)
	}
}

// lastWord gives the other end of a failed handshake the time to read the
// alert that says why: it would be lost if the socket was closed while there
// are bytes to be read, as when a client has sent its first request.
func lastWord(nc net.Conn, reason error) {
	const (
		patience = time.Second
		most     = 256 << 10
	)
	var late *TimeError
	if errors.As(reason, &late) {
		return
	}
	// If any of this fails, there is nobody left to be told.
	if c, ok := nc.(interface{ CloseWrite() error }); ok && c.CloseWrite() == nil {
		_ = nc.SetDeadline(time.Now().Add(patience))
		_, _ = io.CopyN(io.Discard, nc, most)
	}
}

// peerAddr is where a socket that was accepted comes from.
func peerAddr(nc net.Conn) Addr {
	if t, ok := nc.RemoteAddr().(*net.TCPAddr); ok {
		ip := t.AddrPort().Addr().Unmap().WithZone("")
		return Addr{Scheme: schemeTCP, Host: ip.String(), Port: uint16(t.Port)}
	}
	return Addr{Scheme: schemeIPC} // the dialling end of a Unix socket has no name
}

func (l *listener) Close() error {
	l.once.Do(func() {
		l.cancel()
		l.err = l.ln.Close()
		l.running.Wait()
	})
	return l.err
}
