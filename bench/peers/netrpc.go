package peers

import (
	"context"
	"errors"
	"io"
	"net"
	"net/rpc"
	"net/rpc/jsonrpc"
	"sync"
)

// netRPCFormat is one of the two that net/rpc has.
type netRPCFormat struct {
	serve  func(*rpc.Server, io.ReadWriteCloser)
	client func(io.ReadWriteCloser) *rpc.Client
}

var (
	gobFormat  = netRPCFormat{(*rpc.Server).ServeConn, rpc.NewClient}
	jsonFormat = netRPCFormat{
		func(s *rpc.Server, conn io.ReadWriteCloser) { s.ServeCodec(jsonrpc.NewServerCodec(conn)) },
		jsonrpc.NewClient,
	}
)

type netRPCServer struct {
	ln     net.Listener
	format netRPCFormat
	wg     sync.WaitGroup
}

func openNetRPC(format netRPCFormat) func(context.Context) (Server, error) {
	return func(context.Context) (Server, error) {
		ln, err := listenTCP()
		if err != nil {
			return nil, err
		}
		server := rpc.NewServer()
		if err := server.RegisterName("Calculator", NetRPCCalculator{}); err != nil {
			return nil, errors.Join(err, ln.Close())
		}
		s := &netRPCServer{ln: ln, format: format}
		s.wg.Go(func() {
			for {
				conn, err := ln.Accept()
				if err != nil {
					return
				}
				s.wg.Go(func() { format.serve(server, conn) })
			}
		})
		return s, nil
	}
}

// NetRPCCalculator is exported because net/rpc serves nothing else.
type NetRPCCalculator struct{}

// Add adds two numbers.
func (NetRPCCalculator) Add(t Terms, sum *int) error {
	*sum = t.A + t.B
	return nil
}

// Echo returns a text.
func (NetRPCCalculator) Echo(t string, back *string) error {
	*back = t
	return nil
}

func (s *netRPCServer) Dial(context.Context, int) (Conn, error) {
	addr := s.ln.Addr()
	conn, err := net.Dial(addr.Network(), addr.String())
	if err != nil {
		return nil, err
	}
	return netRPCConn{s.format.client(conn)}, nil
}

// Close waits for the connections, which must have been closed.
func (s *netRPCServer) Close() error {
	err := s.ln.Close()
	s.wg.Wait()
	return err
}

type netRPCConn struct{ *rpc.Client }

func (c netRPCConn) Caller(context.Context) (Caller, error) { return c, nil }

func (c netRPCConn) Add(_ context.Context, a, b int) (sum int, err error) {
	err = c.Call("Calculator.Add", Terms{a, b}, &sum)
	return sum, err
}

func (c netRPCConn) Echo(_ context.Context, text string) (back string, err error) {
	err = c.Call("Calculator.Echo", text, &back)
	return back, err
}
