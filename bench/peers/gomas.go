package peers

import (
	"context"
	"errors"
	"slices"

	"github.com/gomas/gomas/channel"
	"github.com/gomas/gomas/codec"
	"github.com/gomas/gomas/codec/blosc"
	"github.com/gomas/gomas/codec/json"
	"github.com/gomas/gomas/codec/msgpack"
	"github.com/gomas/gomas/rpc"
)

const (
	add  rpc.Func2[int, int, int]  = "add(a, b)"
	echo rpc.Func1[string, string] = "echo(text)"
)

// gomases are our own peers: each layer in each format over each socket and over
// a local network, and inside one program, where there is no format.
func gomases() []*Peer {
	var all []*Peer
	for _, s := range slices.Concat(sockets, []socket{localNetwork}) {
		for _, f := range []struct {
			name  string
			codec codec.Codec
		}{{"JSON", json.Codec{}}, {"MsgPack", msgpack.Codec{}}, {"Blosc", blosc.Codec{}}} {
			for _, layer := range []struct {
				name string
				open func(context.Context, socket, codec.Codec) (Server, error)
			}{
				{"gomas channel", openChannel},
				{"gomas contract", openRPC(contractCaller)},
				{"gomas untyped", openRPC(untypedCaller)},
				{"gomas agents", openAgents},
			} {
				open := func(ctx context.Context) (Server, error) { return layer.open(ctx, s, f.codec) }
				if s.place == Local {
					open = openInNetwork(open)
				}
				all = append(all, &Peer{
					Place: s.place, Name: layer.name + ", " + f.name, Open: open,
					Connections: layer.name != "gomas agents",
				})
			}
		}
	}
	all = append(all,
		&Peer{Place: Inside, Name: "gomas contract", Open: openRPCInside},
		&Peer{Place: Inside, Name: "gomas agents", Open: openAgentsInside, Crowd: crowdOfAgents})
	for _, p := range all {
		p.Ours, p.Contexts, p.Timeout = true, true, rpc.Timeout
	}
	return all
}

// gomasServer is a server of package channel or rpc, and how it is dialled.
type gomasServer struct {
	closers
	dial func(context.Context) (Conn, error)
}

func (s *gomasServer) Dial(ctx context.Context, _ int) (Conn, error) { return s.dial(ctx) }

// task is a request on a channel, whose answer is a sum or a text.
type task struct {
	A    int    `json:"a,omitempty" msgpack:"a,omitempty"`
	B    int    `json:"b,omitempty" msgpack:"b,omitempty"`
	Text string `json:"text,omitempty" msgpack:"text,omitempty"`
}

func openChannel(ctx context.Context, s socket, c codec.Codec) (Server, error) {
	_, _, url, remove, err := s.address()
	if err != nil {
		return nil, err
	}
	opts := &channel.Options{Codec: c}
	srv, err := channel.Listen(ctx, url, serveChannel, opts)
	if err != nil {
		return nil, errors.Join(err, remove.Close())
	}
	server := &gomasServer{closers: remove, dial: func(ctx context.Context) (Conn, error) {
		conn, err := channel.Dial(ctx, srv.Addr(), opts)
		if err != nil {
			return nil, err
		}
		return sharedConn{channelCaller{conn}, closing(ctx, conn)}, nil
	}}
	server.add(func() error { return srv.Shutdown(context.WithoutCancel(ctx)) })
	return server, nil
}

func serveChannel(ctx context.Context, conn *channel.Conn) {
	start := starter(ctx)
	for {
		req, err := conn.Receive(ctx)
		if err != nil {
			return
		}
		start(func() {
			t, err := channel.Content[task](req)
			switch {
			case err != nil:
				_ = req.Fail(ctx, err)
			case t.Text != "":
				_ = req.Reply(ctx, t.Text)
			default:
				_ = req.Reply(ctx, t.A+t.B)
			}
		})
	}
}

// sharedConn is a connection with one Caller for all.
type sharedConn struct {
	caller Caller
	close  func() error
}

func (c sharedConn) Caller(context.Context) (Caller, error) { return c.caller, nil }
func (c sharedConn) Close() error                           { return c.close() }

// closing returns what closes a connection that was opened with ctx, and waits
// for its end.
func closing(ctx context.Context, conn *channel.Conn) func() error {
	ctx = context.WithoutCancel(ctx)
	return func() error {
		err := conn.Close()
		if reason := conn.Wait(ctx); !errors.Is(reason, channel.ErrClosed) {
			err = errors.Join(err, reason)
		}
		return err
	}
}

type channelCaller struct{ conn *channel.Conn }

func (c channelCaller) Add(ctx context.Context, a, b int) (int, error) {
	return channel.Ask[int](ctx, c.conn, task{A: a, B: b})
}

func (c channelCaller) Echo(ctx context.Context, text string) (string, error) {
	return channel.Ask[string](ctx, c.conn, task{Text: text})
}

// calculator is what our rpc servers offer.
func calculator() *rpc.Service {
	svc := rpc.NewService()
	add.Handle(svc, func(_ context.Context, a, b int) (int, error) { return a + b, nil })
	echo.Handle(svc, func(_ context.Context, text string) (string, error) { return text, nil })
	return svc
}

func openRPC(caller func(rpc.Remote) Caller) func(context.Context, socket, codec.Codec) (Server, error) {
	return func(ctx context.Context, s socket, c codec.Codec) (Server, error) {
		_, _, url, remove, err := s.address()
		if err != nil {
			return nil, err
		}
		opts := &rpc.Options{Codec: c}
		srv, err := rpc.Listen(ctx, url, calculator(), opts)
		if err != nil {
			return nil, errors.Join(err, remove.Close())
		}
		server := &gomasServer{closers: remove, dial: func(ctx context.Context) (Conn, error) {
			conn, err := rpc.Dial(ctx, srv.Addr(), nil, opts)
			if err != nil {
				return nil, err
			}
			return sharedConn{caller(conn.Remote()), closing(ctx, conn.Channel())}, nil
		}}
		server.add(func() error { return srv.Shutdown(context.WithoutCancel(ctx)) })
		return server, nil
	}
}

func openRPCInside(context.Context) (Server, error) {
	svc := calculator()
	return &gomasServer{dial: func(context.Context) (Conn, error) {
		return sharedConn{contractCaller(svc.Remote()), func() error { return nil }}, nil
	}}, nil
}

func contractCaller(to rpc.Remote) Caller { return contract{to} }

// contract calls by contracts.
type contract struct{ to rpc.Remote }

func (c contract) Add(ctx context.Context, a, b int) (int, error) { return add.Call(ctx, c.to, a, b) }

func (c contract) Echo(ctx context.Context, text string) (string, error) {
	return echo.Call(ctx, c.to, text)
}

func untypedCaller(to rpc.Remote) Caller { return untyped{to} }

// untyped calls by names.
type untyped struct{ to rpc.Remote }

func (u untyped) Add(ctx context.Context, a, b int) (int, error) {
	return rpc.Call[int](ctx, u.to, "add", a, b)
}

func (u untyped) Echo(ctx context.Context, text string) (string, error) {
	return rpc.Call[string](ctx, u.to, "echo", text)
}
