package main

import (
	"context"
	"crypto/tls"
	"encoding/binary"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/gomas/gomas"
	"github.com/gomas/gomas/codec"
	"github.com/gomas/gomas/codec/msgpack"
	"github.com/gomas/gomas/internal/pypeer"
	"github.com/gomas/gomas/internal/testcert"
	"github.com/gomas/gomas/rpc"
	"github.com/gomas/gomas/transport"
)

// startPeers starts all that scripts talk to, and returns the variables that
// say where it is.
func startPeers(t *testing.T) []string {
	files := testcert.NewAuthority(t, "the test").Issue(t, "127.0.0.1", "localhost")
	other := testcert.NewAuthority(t, "another").Issue(t, "127.0.0.1")
	secure := &transport.TLS{CA: files.CA, Cert: files.Cert, Key: files.Key}
	return []string{
		"CONTAINER=" + startContainer(t, nil),
		"MSGPACK=" + startContainer(t, &gomas.Options{Codec: msgpack.Codec{}}),
		"SECURE=" + startContainer(t, &gomas.Options{TLS: secure}),
		"SERVER=" + startServer(t),
		"HTTP=" + startHTTP(t, nil),
		"HTTPS=" + startHTTP(t, serverTLS(t, files)),
		"CURT=" + startCurt(t, serverTLS(t, files)),
		"SILENT=" + startRaw(t, func(nc net.Conn) { _, _ = io.Copy(io.Discard, nc) }),
		"CLOSING=" + startRaw(t, func(net.Conn) {}),
		"HOSTILE=" + startRaw(t, answering("", codec.Failure, `"ValueError: \u001b[31mred\u0007\n"`)),
		"CUSTOM=" + startRaw(t, answering("", codec.Result, `[{"__type__": [3, [1, null]]}, {"__type__": [1, "tcp://10.0.0.7:1/0"]}, {"__type__": [0, "sub"]}]`)),
		"UNKNOWN=" + startRaw(t, answering("", codec.Result, `{"__type__": [12, 1]}`)),
		"BUSY=" + startRaw(t, answering(validateAID, codec.Result, "null")),
		"NOISE=" + startRaw(t, func(nc net.Conn) { _, _ = nc.Write([]byte("\x00\x00\x00\x04what")) }),
		"WAITING=" + startRaw(t, answering(validateAID, codec.Result, "null")), // for frames of any length
		"DEAD=" + deadAddr(t),
		"CA=" + files.CA, "CERT=" + files.Cert, "KEY=" + files.Key,
		"OTHERCA=" + other.CA, "OTHERCERT=" + other.Cert, "OTHERKEY=" + other.Key,
	}
}

// startPythonPeers is startPeers for those that are written in Python.
func startPythonPeers(t *testing.T) []string {
	return []string{
		"PYTHON=" + pypeer.Start(t, "serve-agents", "tcp://127.0.0.1:0").Addr,
		"PYMANAGER=" + pypeer.Start(t, "serve-manager", "tcp://127.0.0.1:0").Addr,
		"PYSERVER=" + pypeer.Start(t, "serve-rpc", "tcp://127.0.0.1:0").Addr,
		"CHANNEL=" + pypeer.Start(t, "serve-channel", "tcp://127.0.0.1:0").Addr,
	}
}

// startContainer starts a container with an Echo and a Counter.
func startContainer(t *testing.T, opts *gomas.Options) string {
	t.Helper()
	c, err := gomas.NewContainer(t.Context(), "tcp://127.0.0.1:0", opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
	})
	if _, err := gomas.Spawn(t.Context(), c, newEcho); err != nil {
		t.Fatal(err)
	}
	if _, err := gomas.Spawn(t.Context(), c, func(ctx context.Context, a *gomas.Agent) (*Counter, error) {
		return newCounter(ctx, a, 40)
	}); err != nil {
		t.Fatal(err)
	}
	return c.Addr()
}

// startServer starts a server without agents.
func startServer(t *testing.T) string {
	t.Helper()
	hidden := rpc.NewService()
	hidden.Handle("key()", func() int { return 7 })
	hidden.Hide()
	svc, err := rpc.Table{
		"add(a, b): adds":   func(a, b int) int { return a + b },
		"say(text)":         func(text string) string { return text },
		"kinds(*args)":      kinds,
		"text":              rpc.Table{"upper(text)": strings.ToUpper},
		"explode(message)":  func(message string) { panic(message) },
		"named(a, b=2)":     func(a, b any) []any { return []any{a, b} },
		"big()":             func() uint64 { return 1<<64 - 1 },
		"map(key1, key2=0)": func(a, b any) map[string]any { return map[string]any{"z": a, "a": b} },
	}.Service()
	if err != nil {
		t.Fatal(err)
	}
	svc.Mount("hidden", hidden)
	srv, err := rpc.Listen(t.Context(), "tcp://127.0.0.1:0", svc, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = srv.Close() })
	return srv.Addr()
}

// kinds returns what kind of value each argument arrives as.
func kinds(args ...any) []string {
	list := make([]string, len(args))
	for i, arg := range args {
		switch arg.(type) {
		case nil:
			list[i] = "null"
		case bool:
			list[i] = "bool"
		case int64:
			list[i] = "integer"
		case float64:
			list[i] = "float"
		case string:
			list[i] = "text"
		case []any:
			list[i] = "list"
		case map[string]any, codec.Map:
			list[i] = "map"
		}
	}
	return list
}

// startHTTP starts a web server, with TLS if there are settings for it.
func startHTTP(t *testing.T, secure *tls.Config) string {
	t.Helper()
	l := listen(t)
	addr := "tcp://" + l.Addr().String()
	if secure != nil {
		l = tls.NewListener(l, secure)
	}
	srv := &http.Server{Handler: http.NotFoundHandler(), ErrorLog: log.New(io.Discard, "", 0)}
	ended := make(chan error, 1)
	go func() { ended <- srv.Serve(l) }()
	t.Cleanup(func() {
		_ = srv.Close()
		<-ended
	})
	return addr
}

// startCurt starts a TLS server that closes the connection where it should tell
// the client what is wrong with its certificate.
func startCurt(t *testing.T, secure *tls.Config) string {
	t.Helper()
	return startRaw(t, func(nc net.Conn) {
		secure := secure.Clone()
		secure.MaxVersion = tls.VersionTLS12
		secure.ClientAuth = tls.RequestClientCert
		secure.VerifyConnection = func(tls.ConnectionState) error { return nc.Close() }
		_ = tls.Server(nc, secure).Handshake() // fails
	})
}

// startRaw starts a server that handles connections, and closes them then.
func startRaw(t *testing.T, handle func(net.Conn)) string {
	t.Helper()
	l := listen(t)
	var all sync.WaitGroup
	all.Go(func() {
		for {
			nc, err := l.Accept()
			if err != nil {
				return
			}
			all.Go(func() {
				handle(nc)
				_ = nc.Close()
			})
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		all.Wait() // clients have gone
	})
	return "tcp://" + l.Addr().String()
}

// answering returns a handler of connections that gives the same answer, in
// JSON, to all requests that hold a text.
func answering(to string, kind codec.Kind, content string) func(net.Conn) {
	return func(nc net.Conn) {
		for id := 0; ; id++ {
			var size [4]byte
			if _, err := io.ReadFull(nc, size[:]); err != nil {
				return
			}
			request, err := io.ReadAll(io.LimitReader(nc, int64(binary.BigEndian.Uint32(size[:]))))
			if err != nil {
				return
			}
			if !strings.Contains(string(request), to) {
				continue
			}
			text := fmt.Sprintf("[%d, %d, %s]", kind, id, content)
			if _, err := nc.Write(append(binary.BigEndian.AppendUint32(nil, uint32(len(text))), text...)); err != nil {
				return
			}
		}
	}
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// deadAddr returns an address where nothing listens.
func deadAddr(t *testing.T) string {
	t.Helper()
	l := listen(t)
	defer l.Close()
	return "tcp://" + l.Addr().String()
}

// serverTLS returns settings of a TLS server with the files of a certificate.
func serverTLS(t *testing.T, files testcert.Files) *tls.Config {
	t.Helper()
	pair, err := tls.LoadX509KeyPair(files.Cert, files.Key)
	if err != nil {
		t.Fatal(err)
	}
	return &tls.Config{Certificates: []tls.Certificate{pair}}
}
