package transport

import (
	"context"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"time"
)

// serverName is the host whose certificate is wanted at an address.
func serverName(a Addr) string {
	if a.Host == "" {
		return "localhost"
	}
	host, _, _ := strings.Cut(a.Host, "%") // the zone means something here only
	return host
}

// handshakeClient does the dialling end's part.
func handshakeClient(ctx context.Context, nc net.Conn, config *tls.Config, limit time.Duration) (net.Conn, error) {
	bounded, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	c := tls.Client(nc, config)
	err := c.HandshakeContext(bounded)
	switch {
	case err == nil:
		return c, nil
	case ctx.Err() != nil:
		err = context.Cause(ctx)
	case bounded.Err() != nil:
		// Whoever takes our first message for the start of a long frame waits
		// for more of it.
		err = fmt.Errorf("%w: the other end perhaps speaks no TLS", &TimeError{What: "TLS handshake not over", After: limit})
	default:
		err = handshakeError(err)
	}
	_ = nc.Close() // the handshake's error is the one that matters
	return nil, err
}

// handshakeServer does the accepting end's part. On failure the socket stays
// open.
func handshakeServer(nc net.Conn, config *tls.Config, limit time.Duration) (net.Conn, error) {
	c := tls.Server(nc, config)
	err := nc.SetDeadline(time.Now().Add(limit))
	if err == nil {
		err = c.Handshake()
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return nil, &TimeError{What: "TLS handshake not over", After: limit}
	}
	if err != nil {
		return nil, handshakeError(err)
	}
	return c, nc.SetDeadline(time.Time{})
}

// handshakeError says in words what a peer did wrong that speaks no TLS.
func handshakeError(err error) error {
	var record tls.RecordHeaderError
	switch {
	case errors.As(err, &record):
		what := "something else"
		if spoken := protocol(binary.BigEndian.Uint32(record.RecordHeader[:])); spoken != "" {
			what = spoken
		}
		return fmt.Errorf("TLS handshake: the other end speaks %s: %w", what, err)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return fmt.Errorf("TLS handshake: the other end closed the connection, and perhaps speaks no TLS: %w", cause(err))
	default:
		return fmt.Errorf("TLS handshake: %w", err)
	}
}

// protocol tells by the first bytes of a peer what it seems to speak, and is
// "" if they could be anything.
func protocol(header uint32) string {
	switch text := string(binary.BigEndian.AppendUint32(nil, header)); {
	case header>>24 == 0:
		return "frames without TLS"
	case header>>16 == 0x1603 || header>>16 == 0x1503: // a record: handshake or alert, SSL 3 or later
		return "TLS"
	case text == "GET " || text == "POST" || text == "PUT " || text == "HEAD" || text == "OPTI" || text == "PRI " || text == "HTTP":
		return "HTTP"
	default:
		return ""
	}
}
