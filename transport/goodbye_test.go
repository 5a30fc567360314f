package transport

import (
	"fmt"
	"io"
	"testing"
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
	opts := secured(testcert.NewAuthority(t, "CA").Issue(t, "127.0.0.1"))
	for _, linger := range []time.Duration{0, 20 * time.Millisecond} {
		x := unread(t, opts)
		r := newRecorder(t, nil)
		x.Start(r, timed(Limits{}))
		for range 400 {
			x.Send(newFrame(make([]byte, 100_000)...), Leave)
		}
		start := time.Now()
		x.Close(linger)
		if err := r.end(); err != nil {
			t.Error(err)
		}
		// Package tls alone would take 5 seconds for its last word.
		if took := time.Since(start); took > 4*time.Second {
			t.Errorf("with %v it took %v", linger, took)
		}
	}
}
