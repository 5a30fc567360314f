package peers

import (
	"context"
	"errors"
	"fmt"
	"io"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/gomas/gomas/bench/peers/wire"
)

// grpcServer has the default settings, but for credentials: there are none. It
// serves calls, and streams on which one request follows another.
type grpcServer struct {
	wire.UnimplementedCalculatorServer
	server *grpc.Server
	addr   string
	served chan error
	caller func(context.Context, wire.CalculatorClient) (Caller, error)
}

func openGRPCUnary(context.Context) (Server, error) {
	return openGRPC(func(_ context.Context, c wire.CalculatorClient) (Caller, error) { return grpcUnary{c}, nil })
}

// Each caller of openGRPCStream has a stream of its own.
func openGRPCStream(context.Context) (Server, error) {
	return openGRPC(func(ctx context.Context, c wire.CalculatorClient) (Caller, error) {
		stream, err := c.Work(ctx)
		if err != nil {
			return nil, err
		}
		return grpcStream{stream}, nil
	})
}

func openGRPC(caller func(context.Context, wire.CalculatorClient) (Caller, error)) (Server, error) {
	ln, err := listenTCP()
	if err != nil {
		return nil, err
	}
	s := &grpcServer{server: grpc.NewServer(), addr: ln.Addr().String(), served: make(chan error, 1), caller: caller}
	wire.RegisterCalculatorServer(s.server, s)
	go func() { s.served <- s.server.Serve(ln) }()
	return s, nil
}

func (s *grpcServer) Add(_ context.Context, t *wire.Terms) (*wire.Sum, error) {
	return &wire.Sum{Sum: t.A + t.B}, nil
}

func (s *grpcServer) Echo(_ context.Context, t *wire.Text) (*wire.Text, error) { return t, nil }

func (s *grpcServer) Work(stream grpc.BidiStreamingServer[wire.Task, wire.Outcome]) error {
	for {
		t, err := stream.Recv()
		if err != nil {
			if errors.Is(err, io.EOF) {
				return nil
			}
			return err
		}
		out := new(wire.Outcome)
		switch work := t.Work.(type) {
		case *wire.Task_Add:
			out.Result = &wire.Outcome_Sum{Sum: &wire.Sum{Sum: work.Add.A + work.Add.B}}
		case *wire.Task_Echo:
			out.Result = &wire.Outcome_Text{Text: work.Echo}
		default:
			return fmt.Errorf("unknown work %T", work)
		}
		if err := stream.Send(out); err != nil {
			return err
		}
	}
}

func (s *grpcServer) Dial(context.Context, int) (Conn, error) {
	conn, err := grpc.NewClient(s.addr, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return nil, err
	}
	return grpcConn{conn, s.caller}, nil
}

func (s *grpcServer) Close() error {
	s.server.Stop()
	return <-s.served
}

type grpcConn struct {
	*grpc.ClientConn
	caller func(context.Context, wire.CalculatorClient) (Caller, error)
}

func (c grpcConn) Caller(ctx context.Context) (Caller, error) {
	return c.caller(ctx, wire.NewCalculatorClient(c.ClientConn))
}

type grpcUnary struct{ client wire.CalculatorClient }

func (u grpcUnary) Add(ctx context.Context, a, b int) (int, error) {
	sum, err := u.client.Add(ctx, &wire.Terms{A: int64(a), B: int64(b)})
	return int(sum.GetSum()), err
}

func (u grpcUnary) Echo(ctx context.Context, text string) (string, error) {
	back, err := u.client.Echo(ctx, &wire.Text{Text: text})
	return back.GetText(), err
}

// grpcStream knows no context for each call.
type grpcStream struct {
	stream grpc.BidiStreamingClient[wire.Task, wire.Outcome]
}

func (s grpcStream) Add(_ context.Context, a, b int) (int, error) {
	out, err := s.ask(&wire.Task{Work: &wire.Task_Add{Add: &wire.Terms{A: int64(a), B: int64(b)}}})
	return int(out.GetSum().GetSum()), err
}

func (s grpcStream) Echo(_ context.Context, text string) (string, error) {
	out, err := s.ask(&wire.Task{Work: &wire.Task_Echo{Echo: &wire.Text{Text: text}}})
	return out.GetText().GetText(), err
}

func (s grpcStream) ask(t *wire.Task) (*wire.Outcome, error) {
	if err := s.stream.Send(t); err != nil {
		return nil, err
	}
	return s.stream.Recv()
}
