package transport

import (
	"errors"
	"fmt"
	"io"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gomas/gomas/internal/testcert"
)

func TestCloseLosesNothingAlsoIfTheOtherEndGoesOnSending(t *testing.T) {
	ca := testcert.NewAuthority(t, "CA")
	for _, opts := range []*Options{{}, secured(ca.Issue(t, "127.0.0.1", "localhost"))} {
		eachNetwork(t, func(t *testing.T, addr Addr) {
			t.Run(fmt.Sprintf("TLS %v", opts.TLS != nil), func(t *testing.T) {
				for range 20 {
					g := openGate(t, addr, *opts)
					x, err := Dial(t.Context(), g.Addr(), opts)
					if err != nil {
						t.Fatal(err)
					}
					y := next(t, "link", g.links)
					const frames, size = 50, 20_000
					n := 0
					first := make(chan bool)
					a := newRecorder(t, func(p []byte) {
						if n++; n == 1 {
							<-first // so that much is under way
						}
					})
					b := newRecorder(t, func([]byte) {})
					hold(t, x, a, roomy)
					hold(t, y, b, roomy)
					for range frames {
						y.Send(newFrame(make([]byte, size)...), Leave)
						x.Send(newFrame(make([]byte, size)...), Leave)
					}
					y.Close(patience)
					for range frames {
						x.Send(newFrame(make([]byte, size)...), Leave)
					}
					close(first)
					if err := b.end(); err != nil {
						t.Errorf("the end that closed: %v", err)
					}
					if err := a.end(); err != io.EOF || n != frames {
						t.Fatalf("%d of %d frames arrived, and the link ended with %v", n, frames, err)
					}
					if err := g.Close(); err != nil {
						t.Error(err)
					}
				}
			})
		})
	}
}

func TestCloseOverTLSWaitsForAPeerThatDoesNotReadNoLongerThanLinger(t *testing.T) {
	settings := secured(testcert.NewAuthority(t, "CA").Issue(t, "127.0.0.1")).TLS
	client, err1 := settings.client("127.0.0.1", nil)
	server, err2 := settings.server(nil)
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	now := time.Now() // that the certificates are for
	server = server.Clone()
	client.Time, server.Time = func() time.Time { return now }, func() time.Time { return now }
	for _, linger := range []time.Duration{0, 20 * time.Millisecond} {
		synctest.Test(t, func(t *testing.T) {
			x, y := net.Pipe()
			defer y.Close()
			shaken := make(chan error, 1)
			go func() {
				_, err := handshakeServer(y, server, patience)
				shaken <- err
			}()
			c, err := handshakeClient(t.Context(), x, client, patience)
			if err := errors.Join(err, <-shaken); err != nil {
				t.Fatal(err)
			}
			l := NewStream(c, Addr{}, Addr{})
			r := newRecorder(t, nil)
			l.Start(r, timed(Limits{}))
			for range 400 {
				l.Send(newFrame(make([]byte, 100_000)...), Leave)
			}
			start := time.Now()
			l.Close(linger)
			if err := r.end(); err != nil {
				t.Error(err)
			}
			// Package tls alone would take 5 seconds for its last word.
			if took := time.Since(start); took > linger+goodbye/10 {
				t.Errorf("with %v it took %v", linger, took)
			}
		})
	}
}
