package peers

import (
	"context"
	"net"

	"github.com/creachadair/jrpc2"
	"github.com/creachadair/jrpc2/channel"
	"github.com/creachadair/jrpc2/handler"
	"github.com/creachadair/jrpc2/server"
)

// jrpc2Server has the default settings, and a line for each message.
type jrpc2Server struct {
	ln     net.Listener
	served chan error
}

func openJRPC2(context.Context) (Server, error) {
	ln, err := listenTCP()
	if err != nil {
		return nil, err
	}
	assign := handler.Map{
		"add":  handler.New(func(_ context.Context, t Terms) int { return t.A + t.B }),
		"echo": handler.New(func(_ context.Context, t text) string { return t.Text }),
	}
	s := &jrpc2Server{ln: ln, served: make(chan error, 1)}
	go func() {
		s.served <- server.Loop(context.Background(), server.NetAccepter(ln, channel.Line), server.Static(assign), nil)
	}()
	return s, nil
}

func (s *jrpc2Server) Dial(context.Context, int) (Conn, error) {
	addr := s.ln.Addr()
	conn, err := net.Dial(addr.Network(), addr.String())
	if err != nil {
		return nil, err
	}
	return jrpc2Conn{jrpc2.NewClient(channel.Line(conn, conn), nil)}, nil
}

// Close waits for the connections, which must have been closed.
func (s *jrpc2Server) Close() error {
	err := s.ln.Close()
	<-s.served // that the listener was closed
	return err
}

type jrpc2Conn struct{ client *jrpc2.Client }

func (c jrpc2Conn) Caller(context.Context) (Caller, error) { return c, nil }
func (c jrpc2Conn) Close() error                           { return c.client.Close() }

func (c jrpc2Conn) Add(ctx context.Context, a, b int) (sum int, err error) {
	err = c.client.CallResult(ctx, "add", Terms{a, b}, &sum)
	return sum, err
}

func (c jrpc2Conn) Echo(ctx context.Context, t string) (back string, err error) {
	err = c.client.CallResult(ctx, "echo", text{t}, &back)
	return back, err
}
