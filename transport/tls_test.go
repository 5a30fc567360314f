package transport

import (
	"crypto/tls"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/gomas/gomas/internal/testcert"
)

// secured returns options for TLS with these files.
func secured(f testcert.Files) *Options {
	return &Options{TLS: &TLS{CA: f.CA, Cert: f.Cert, Key: f.Key}}
}

// peerName is what the certificate of the other end says.
func peerName(t testing.TB, l Link) string {
	t.Helper()
	state, ok := l.(interface {
		ConnectionState() (tls.ConnectionState, bool)
	}).ConnectionState()
	if !ok || len(state.PeerCertificates) == 0 {
		t.Fatal("no certificate of the other end")
	}
	return state.PeerCertificates[0].Subject.CommonName
}

func TestBothEndsOverTLSKnowWhoTheOtherIs(t *testing.T) {
	eachNetwork(t, func(t *testing.T, addr Addr) {
		ca := testcert.NewAuthority(t, "CA")
		opts := secured(ca.Issue(t, "localhost", "127.0.0.1"))
		g := openGate(t, addr, *opts)
		x, err := Dial(t.Context(), g.Addr(), opts)
		if err != nil {
			t.Fatal(err)
		}
		y := next(t, "link", g.links)
		for _, l := range []Link{x, y} {
			if name := peerName(t, l); name != "one of CA" {
				t.Errorf("the other end is %q", name)
			}
		}
		g.exchange(x, y)
	})
}

func TestALinkWithoutTLSHasNoState(t *testing.T) {
	x, _ := sockets(t, mustParse(t, "tcp://127.0.0.1:0"))
	if _, ok := NewStream(x, Addr{}, Addr{}).(*stream).ConnectionState(); ok {
		t.Error("it has")
	}
}

func TestTLSOfPythonsAgeIsUnderstood(t *testing.T) {
	files := testcert.NewAuthority(t, "CA").Issue(t, "127.0.0.1")
	g := openGate(t, mustParse(t, "tcp://127.0.0.1:0"), *secured(files))
	for _, tt := range []struct {
		name    string
		version uint16
		suite   uint16
		ok      bool
	}{
		{"TLS 1.3", tls.VersionTLS13, 0, true},
		{"TLS 1.2 with AES-GCM", tls.VersionTLS12, tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, true},
		{"TLS 1.2 with AES-CBC", tls.VersionTLS12, tls.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA, false},
		{"TLS 1.1", tls.VersionTLS11, tls.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			config, err := secured(files).TLS.client("127.0.0.1", nil)
			if err != nil {
				t.Fatal(err)
			}
			config.MinVersion, config.MaxVersion = tls.VersionTLS10, tt.version
			config.CipherSuites = []uint16{tt.suite}
			link, err := Dial(t.Context(), g.Addr(), &Options{TLS: &TLS{Client: config}})
			if !tt.ok {
				if err == nil {
					t.Error("it is accepted")
				}
				next(t, "refusal", g.refused)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			g.exchange(link, next(t, "link", g.links))
		})
	}
}

func TestHandshakesThatFailSayWhy(t *testing.T) {
	ca, other := testcert.NewAuthority(t, "CA"), testcert.NewAuthority(t, "other CA")
	good := ca.Issue(t, "127.0.0.1")
	foreign := other.Issue(t, "127.0.0.1")
	mixed := testcert.Files{CA: good.CA, Cert: foreign.Cert, Key: foreign.Key} // trusts, and is not trusted
	anonymous, err := secured(good).TLS.client("127.0.0.1", nil)
	if err != nil {
		t.Fatal(err)
	}
	anonymous.GetClientCertificate = nil
	for _, tt := range []struct {
		name        string
		server      testcert.Files
		client      *Options
		here, there string // parts of the errors of the two ends
	}{
		{"the server is of another authority", mixed, secured(good), "signed by unknown authority", "bad certificate"},
		{"the server's certificate has expired", ca.IssueExpired(t, "127.0.0.1"), secured(good), "has expired", "bad certificate"},
		{"the server is another host", ca.Issue(t, "example.org"), secured(good), "127.0.0.1", "bad certificate"},
		{"the client is of another authority", good, secured(mixed), "unknown certificate authority", "signed by unknown authority"},
		{"the client's certificate has expired", good, secured(ca.IssueExpired(t)), "expired certificate", "has expired"},
		{"the client has no certificate", good, &Options{TLS: &TLS{Client: anonymous}}, "certificate required", "didn't provide a certificate"},
		{"the client does not use TLS", good, nil, "EOF", "speaks frames without TLS"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			g := openGate(t, mustParse(t, "tcp://127.0.0.1:0"), *secured(tt.server))
			link, err := Dial(t.Context(), g.Addr(), tt.client)
			if err == nil {
				// The client was through before the server had a look at it.
				r := newRecorder(t, nil)
				link.Start(r, roomy)
				for range 100 {
					link.Send(newFrame(make([]byte, 1000)...), Leave)
				}
				err = r.end()
			} else if prefix := "dial " + g.Addr().String() + ": TLS handshake: "; !strings.HasPrefix(err.Error(), prefix) {
				t.Errorf("%q does not begin with %q", err, prefix)
			}
			if err == nil || !strings.Contains(err.Error(), tt.here) {
				t.Errorf("the client says %v, not %s", err, tt.here)
			}
			if err := next(t, "refusal", g.refused); !strings.Contains(err.Error(), tt.there) {
				t.Errorf("the server says %v, not %s", err, tt.there)
			}
			if tt.server == good {
				g.talk(secured(good)) // others are not affected
			}
		})
	}
}

func TestWhoSpeaksSomethingElseIsTold(t *testing.T) {
	files := testcert.NewAuthority(t, "CA").Issue(t, "127.0.0.1")
	t.Run("HTTP to TLS", func(t *testing.T) {
		g := openGate(t, mustParse(t, "tcp://127.0.0.1:0"), *secured(files))
		c := rawDial(t, g.Addr())
		if _, err := io.WriteString(c, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		if b, err := io.ReadAll(c); err != nil {
			t.Errorf("it gets %q, %v", b, err)
		}
		if err := next(t, "refusal", g.refused); !strings.Contains(err.Error(), "the other end speaks HTTP") {
			t.Error(err)
		}
	})
	t.Run("nothing to TLS", func(t *testing.T) {
		g := openGate(t, mustParse(t, "tcp://127.0.0.1:0"), *secured(files))
		if err := rawDial(t, g.Addr()).Close(); err != nil {
			t.Fatal(err)
		}
		if err := next(t, "refusal", g.refused); !strings.Contains(err.Error(), "the other end closed the connection") {
			t.Error(err)
		}
	})
	t.Run("TLS to frames", func(t *testing.T) {
		g := openGate(t, mustParse(t, "tcp://127.0.0.1:0"), Options{})
		failed := make(chan error)
		go func() {
			_, err := Dial(t.Context(), g.Addr(), secured(files))
			failed <- err
		}()
		r := newRecorder(t, nil)
		next(t, "link", g.links).Start(r, roomy)
		var frame *FrameError
		if err := r.end(); !errors.As(err, &frame) || !strings.HasSuffix(err.Error(), "seems to speak TLS") {
			t.Errorf("the server says %v", err)
		}
		if err := next(t, "error", failed); err == nil || !strings.Contains(err.Error(), "perhaps speaks no TLS") {
			t.Errorf("the client says %v", err)
		}
	})
	for _, tt := range []struct{ name, says, want string }{
		{"TLS to HTTP", "HTTP/1.1 400 Bad Request\r\n\r\n", "the other end speaks HTTP"},
		{"TLS to a greeting", "220 mail.example.org ESMTP\r\n", "the other end speaks something else"},
		{"TLS to who sends frames", string(framed([]byte("[0, 0, \"ohai\"]"))), "the other end speaks frames without TLS"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			ln, a, err := listenSocket(t.Context(), mustParse(t, "tcp://127.0.0.1:0"))
			if err != nil {
				t.Fatal(err)
			}
			defer ln.Close()
			go func() {
				c, err := ln.Accept()
				if err != nil {
					t.Error(err)
					return
				}
				_, _ = io.WriteString(c, tt.says)
				_, _ = io.Copy(io.Discard, c)
				_ = c.Close()
			}()
			if _, err := Dial(t.Context(), a, secured(files)); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Error(err)
			}
		})
	}
	t.Run("HTTP to frames", func(t *testing.T) {
		x, y := sockets(t, mustParse(t, "tcp://127.0.0.1:0"))
		r := newRecorder(t, nil)
		NewStream(x, Addr{}, Addr{}).Start(r, roomy)
		if _, err := io.WriteString(y, "POST / HTTP/1.1\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		if err := r.end(); err == nil || !strings.HasSuffix(err.Error(), "seems to speak HTTP") {
			t.Error(err)
		}
	})
}

func TestTheHostToBeCheckedIsTheOneThatIsDialled(t *testing.T) {
	for _, tt := range []struct{ addr, want string }{
		{"tcp://example.org:1", "example.org"},
		{"tcp://[fe80::1%eth0]:1", "fe80::1"},
		{"tcp://:1", "localhost"},
		{"ipc://[/run/a.sock]", "localhost"},
	} {
		if got := serverName(mustParse(t, tt.addr)); got != tt.want {
			t.Errorf("at %s it is %q, want %q", tt.addr, got, tt.want)
		}
	}
}
