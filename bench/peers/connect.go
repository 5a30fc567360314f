package peers

import (
	"context"
	"errors"
	"net/http"

	"github.com/gomas/gomas/bench/peers/wire"
	"github.com/gomas/gomas/bench/peers/wire/wireconnect"
)

// connectServer speaks connect's own protocol with Protocol Buffers, over
// HTTP/2 without TLS. The number of streams on one connection is raised, so that
// all callers share one.
type connectServer struct {
	server http.Server
	url    string
	served chan error
}

func openConnect(context.Context) (Server, error) {
	ln, err := listenTCP()
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle(wireconnect.NewCalculatorHandler(connectCalculator{}))
	s := &connectServer{url: "http://" + ln.Addr().String(), served: make(chan error, 1)}
	s.server.Handler = mux
	s.server.Protocols = http2Only()
	s.server.HTTP2 = &http.HTTP2Config{MaxConcurrentStreams: 4096}
	go func() { s.served <- s.server.Serve(ln) }()
	return s, nil
}

func http2Only() *http.Protocols {
	p := new(http.Protocols)
	p.SetUnencryptedHTTP2(true)
	return p
}

type connectCalculator struct {
	wireconnect.UnimplementedCalculatorHandler
}

func (connectCalculator) Add(_ context.Context, t *wire.Terms) (*wire.Sum, error) {
	return &wire.Sum{Sum: t.A + t.B}, nil
}

func (connectCalculator) Echo(_ context.Context, t *wire.Text) (*wire.Text, error) { return t, nil }

func (s *connectServer) Dial(context.Context, int) (Conn, error) {
	transport := &http.Transport{Protocols: http2Only()}
	return connectConn{wireconnect.NewCalculatorClient(&http.Client{Transport: transport}, s.url), transport}, nil
}

func (s *connectServer) Close() error {
	err := s.server.Close()
	if served := <-s.served; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	return err
}

type connectConn struct {
	client    wireconnect.CalculatorClient
	transport *http.Transport
}

func (c connectConn) Caller(context.Context) (Caller, error) { return c, nil }

func (c connectConn) Close() error {
	c.transport.CloseIdleConnections()
	return nil
}

func (c connectConn) Add(ctx context.Context, a, b int) (int, error) {
	sum, err := c.client.Add(ctx, &wire.Terms{A: int64(a), B: int64(b)})
	return int(sum.GetSum()), err
}

func (c connectConn) Echo(ctx context.Context, text string) (string, error) {
	back, err := c.client.Echo(ctx, &wire.Text{Text: text})
	return back.GetText(), err
}
