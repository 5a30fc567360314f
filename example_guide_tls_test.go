package gomas_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/gomas/gomas"
	"github.com/gomas/gomas/internal/testcert"
	"github.com/gomas/gomas/rpc"
	"github.com/gomas/gomas/transport"
)

// The code of docs/tls.md.

func TestTheGuideToTLS(t *testing.T) {
	ctx, authority := t.Context(), testcert.NewAuthority(t, "guide")
	here, there := authority.Issue(t, "operator.example", "localhost"), authority.Issue(t, "localhost")
	refusals := make(chan string, 10)

	opts := &gomas.Options{
		TLS: &transport.TLS{CA: there.CA, Cert: there.Cert, Key: there.Key}, // names of files
		Refused: func(remote transport.Addr, reason error) { // who tried to connect, and why not
			refusals <- fmt.Sprint(remote, " was turned away: ", reason)
		},
	}
	c, err := gomas.NewContainer(ctx, "tcp://localhost:0", opts)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Shutdown(context.Background()) }()
	plant, err := gomas.Spawn(ctx, c, NewPlant)
	if err != nil {
		t.Fatal(err)
	}

	const Shut rpc.Proc0 = "shut()"
	Shut.Handle(plant.Services(), func(ctx context.Context) error {
		state, ok := rpc.Caller(ctx).Channel().TLS()
		if !ok || !slices.Contains(state.PeerCertificates[0].DNSNames, "operator.example") {
			return &rpc.Error{Type: "PermissionError", Message: "only the operator may do that"}
		}
		return nil
	})

	operator := secured(t, here, gomas.Options{})
	r, err := operator.Connect(ctx, plant.URL())
	if err != nil {
		t.Fatal(err)
	}
	if err := Shut.Call(ctx, r); err != nil {
		t.Error("the operator:", err)
	}
	guest, err := secured(t, authority.Issue(t, "localhost"), gomas.Options{}).Connect(ctx, plant.URL())
	if err != nil {
		t.Fatal(err)
	}
	refused, ok := errors.AsType[*rpc.RemoteError](Shut.Call(ctx, guest))
	if !ok || refused.Type != "PermissionError" {
		t.Error("a guest:", refused)
	}

	if _, err := container(t).Connect(ctx, plant.URL()); err == nil {
		t.Error("a container without TLS may connect")
	}
	if text := <-refusals; !strings.Contains(text, "speaks frames without TLS") {
		t.Error("the reason:", text)
	}
}

func TestTLSWithConfigurationsOfOnesOwn(t *testing.T) {
	ctx := t.Context()
	files := testcert.NewAuthority(t, "guide").Issue(t, "localhost")
	certificate, err := tls.LoadX509KeyPair(files.Cert, files.Key)
	if err != nil {
		t.Fatal(err)
	}

	listening := &gomas.Options{TLS: &transport.TLS{
		Server: &tls.Config{Certificates: []tls.Certificate{certificate}}, // anybody may call
		Client: &tls.Config{},                                             // authorities of the system
	}}
	c, err := gomas.NewContainer(ctx, "tcp://localhost:0", listening)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Shutdown(context.Background()) }()
	plant, err := gomas.Spawn(ctx, c, NewPlant)
	if err != nil {
		t.Fatal(err)
	}
	other, err := gomas.NewContainer(ctx, "tcp://localhost:0", listening)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = other.Shutdown(context.Background()) }()
	_, err = other.Connect(ctx, plant.URL())
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); !ok {
		t.Error("one who trusts the authorities of the system:", err)
	}
	if _, err := secured(t, files, gomas.Options{}).Connect(ctx, plant.URL()); err != nil {
		t.Error("one who trusts the authority:", err)
	}
}
