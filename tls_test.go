package gomas_test

import (
	"context"
	"crypto/tls"
	"errors"
	"testing"

	"github.com/gomas/gomas"
	"github.com/gomas/gomas/internal/testcert"
	"github.com/gomas/gomas/rpc"
	"github.com/gomas/gomas/transport"
)

// secured starts a container with a certificate for localhost.
func secured(t *testing.T, files testcert.Files, opts gomas.Options) *gomas.Container {
	t.Helper()
	opts.TLS = &transport.TLS{CA: files.CA, Cert: files.Cert, Key: files.Key}
	c, err := gomas.NewContainer(t.Context(), "tcp://localhost:0", &opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Shutdown(context.Background()); err != nil {
			t.Errorf("shutdown: %v", err)
		}
	})
	return c
}

func TestContainersWithTLSKnowWhoCalls(t *testing.T) {
	ca := testcert.NewAuthority(t, "test")
	here := secured(t, ca.Issue(t, "localhost"), gomas.Options{})
	caller := make(chan string, 10)
	there := secured(t, ca.Issue(t, "localhost"), gomas.Options{
		Incoming: []rpc.Interceptor{func(ctx context.Context, call rpc.Info, next func(context.Context) error) error {
			state, ok := call.Conn.Channel().TLS()
			if ok && len(state.VerifiedChains) > 0 {
				caller <- state.PeerCertificates[0].DNSNames[0]
			}
			return next(ctx)
		}},
	})
	r := connect(t, here, spawn(t, there))
	if n, err := add.Call(t.Context(), r, 3); n != 3 || err != nil {
		t.Errorf("got %d, %v", n, err)
	}
	for _, what := range []string{"connecting", "the call"} {
		if name := <-caller; name != "localhost" {
			t.Errorf("%s came from %q", what, name)
		}
	}
}

func TestContainersRefuseWhomTheyDoNotTrust(t *testing.T) {
	ca, other := testcert.NewAuthority(t, "test"), testcert.NewAuthority(t, "other")
	c := secured(t, ca.Issue(t, "localhost"), gomas.Options{})
	a := spawn(t, c)

	stranger := secured(t, other.Issue(t, "localhost"), gomas.Options{})
	_, err := stranger.Connect(t.Context(), a.URL())
	var unverified *tls.CertificateVerificationError
	if !errors.As(err, &unverified) {
		t.Errorf("another authority: %v", err)
	}
	if _, err := container(t).Connect(t.Context(), a.URL()); err == nil {
		t.Error("a container without TLS may connect")
	}
	if _, err := secured(t, ca.Issue(t, "localhost"), gomas.Options{}).Connect(t.Context(), a.URL()); err != nil {
		t.Errorf("a container of the same authority: %v", err)
	}
}
