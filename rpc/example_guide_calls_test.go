package rpc_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/gomas/gomas/channel"
	"github.com/gomas/gomas/internal/testcert"
	"github.com/gomas/gomas/rpc"
	"github.com/gomas/gomas/transport"
)

// The examples of docs/calls.md.

func Example_manyAtOnce() {
	const Price rpc.Func1[string, float64] = "price(product)"
	var markets []rpc.Remote
	for _, price := range []float64{0.25, 0, 0.24} {
		svc := rpc.NewService()
		Price.Handle(svc, func(context.Context, string) (float64, error) {
			if price == 0 {
				return 0, errors.New("closed today")
			}
			return price, nil
		})
		remote, stop := connect(svc, nil, nil)
		defer stop()
		markets = append(markets, remote)
	}
	soon, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()

	ask := func(ctx context.Context, market rpc.Remote) (float64, error) {
		return Price.Call(ctx, market, "heat")
	}
	prices, err := rpc.Gather(soon, markets, ask) // soon is a context with a deadline
	failed, _ := errors.AsType[*rpc.ItemError](err)
	fmt.Println(prices, failed.Index, failure(failed.Err))

	for market, r := range rpc.Each(soon, markets, ask) {
		if r.Err == nil && r.Value < 0.25 {
			fmt.Println(market == markets[2], r.Value)
			break // the others are given up
		}
	}
	market, price, err := rpc.First(soon, markets[1:], ask)
	fmt.Println(market == markets[2], price, err)
	// Output:
	// [0.25 0 0.24] 1 Error: closed today
	// true 0.24
	// true 0.24 <nil>
}

func Example_cancellation() {
	ctx, svc := context.Background(), rpc.NewService()
	remote, stop := connect(svc, nil, nil)
	defer stop()
	const Solve rpc.Func1[int, int] = "solve(n)"

	began, ended := make(chan bool), make(chan error)
	Solve.Handle(svc, func(ctx context.Context, n int) (int, error) {
		began <- true
		<-ctx.Done()
		ended <- ctx.Err()
		return 0, ctx.Err()
	})
	impatient, giveUp := context.WithCancel(ctx)
	go func() { <-began; giveUp() }()
	_, err := Solve.Call(impatient, remote, 42)
	fmt.Println(err)
	fmt.Println(<-ended)
	// Output:
	// context canceled
	// context canceled
}

func Example_deadlines() {
	ctx, svc := context.Background(), rpc.NewService()
	remote, stop := connect(svc, nil, nil)
	defer stop()
	svc.Handle("time_left()", func(ctx context.Context) string {
		if end, ok := ctx.Deadline(); ok {
			return time.Until(end).Round(time.Minute).String()
		}
		return "for ever"
	})

	bounded := rpc.Timeout(ctx, 5*time.Minute) // of each call, from its beginning
	fmt.Println(rpc.Call[string](bounded, remote, "time_left"))
	fmt.Println(rpc.Call[string](bounded, remote, "time_left"))
	// Output:
	// for ever <nil>
	// 5m0s <nil>
}

func Example_afterTheReturn() {
	ctx, svc := context.Background(), rpc.NewService()
	remote, stop := connect(svc, nil, nil)
	defer stop()

	contexts := make(chan context.Context, 1)
	svc.Handle("start()", func(ctx context.Context) { contexts <- ctx })
	_, err := rpc.Call[any](ctx, remote, "start")
	kept := <-contexts
	fmt.Println(err, kept.Err(), context.WithoutCancel(kept).Err())
	// Output: <nil> context canceled <nil>
}

func Example_errors() {
	ctx, svc := context.Background(), rpc.NewService()
	const Transmit rpc.Proc1[float64] = "transmit(kW)"

	errOverload := errors.New("the line is overloaded")
	var known channel.Errors
	if err := known.Register("grid.Overload", errOverload); err != nil {
		log.Fatal(err)
	}
	Transmit.Handle(svc, func(_ context.Context, kW float64) error {
		switch {
		case kW < 0:
			return &rpc.Error{Type: "ValueError", Message: "less than nothing"}
		case kW > 100:
			return fmt.Errorf("line 7: %w", errOverload)
		}
		panic("out of order")
	})
	line, stop := connect(svc, nil, &rpc.Options{Errors: &known}) // both ends have the same here
	defer stop()
	for _, kW := range []float64{-1, 50, 200} {
		err := Transmit.Call(ctx, line, kW)
		remote, _ := errors.AsType[*rpc.RemoteError](err)
		fmt.Println(remote.Type, "/", remote.Message, "/", errors.Is(err, errOverload))
	}
	// Output:
	// ValueError / less than nothing / false
	// PanicError / panic: out of order / false
	// grid.Overload / line 7: the line is overloaded / true
}

func Example_errorsOverHops() {
	ctx, svc, relay := context.Background(), rpc.NewService(), rpc.NewService()
	errOverload := errors.New("the line is overloaded")
	var known channel.Errors
	if err := known.Register("grid.Overload", errOverload); err != nil {
		log.Fatal(err)
	}
	line, stop := connect(svc, nil, &rpc.Options{Errors: &known})
	defer stop()
	remote, stopRelay := connect(relay, nil, &rpc.Options{Errors: &known})
	defer stopRelay()
	const Transmit rpc.Proc1[float64] = "transmit(kW)"
	Transmit.Handle(svc, func(context.Context, float64) error { return errOverload })

	Transmit.Handle(relay, func(ctx context.Context, kW float64) error {
		return Transmit.Call(ctx, line, kW)
	})
	fmt.Println(errors.Is(Transmit.Call(ctx, remote, 200), errOverload))
	// Output: true
}

func Example_connections() {
	ctx, svc, mine := context.Background(), rpc.NewService(), rpc.NewService()
	const Name rpc.Func0[string] = "name()"
	Name.Handle(mine, func(context.Context) (string, error) { return "client 7", nil })

	svc.Handle("greet()", func(ctx context.Context) (string, error) {
		caller := rpc.Caller(ctx) // its Channel().RemoteAddr() is where the call comes from
		name, err := Name.Call(ctx, caller.Remote())
		return "hello, " + name, err
	})
	lost := make(chan error, 1)
	srv, err := rpc.Listen(ctx, "tcp://localhost:0", svc, &rpc.Options{
		Lost: func(ch *channel.Conn, reason error) { lost <- reason }, // rpc.Of(ch) is the *rpc.Conn
	})
	if err != nil {
		log.Fatal(err)
	}
	defer srv.Close()
	conn, err := rpc.Dial(ctx, srv.Addr(), mine, nil)
	if err != nil {
		log.Fatal(err)
	}

	fmt.Println(rpc.Call[string](ctx, conn.Remote(), "greet"))
	fmt.Println(conn.Addr() == srv.Addr(), len(srv.Conns()))
	_ = conn.Close()
	_, gone := errors.AsType[*channel.LostError](<-lost)
	fmt.Println(gone)
	// Output:
	// hello, client 7 <nil>
	// true 1
	// true
}

func Example_authorization() {
	ctx, svc, admin := context.Background(), rpc.NewService(), rpc.NewService()
	svc.Handle("read()", func() int { return 7 })
	admin.Handle("reset()", func() {})
	svc.Mount("admin", admin)

	admin.Intercept(func(ctx context.Context, call rpc.Info, next func(context.Context) error) error {
		if call.Conn != nil { // nil: a call from within this program
			tls, ok := call.Conn.Channel().TLS()
			if !ok || !slices.Contains(tls.PeerCertificates[0].DNSNames, "operator.example") {
				return &rpc.Error{Type: "PermissionError", Message: call.Path}
			}
		}
		return next(ctx)
	})
	remotes, stop := overTLS(svc, "operator.example", "guest.example") // one for each certificate
	defer stop()
	for _, remote := range remotes {
		_, err := rpc.Call[any](ctx, remote, "admin/reset")
		fmt.Println(failure(err))
	}
	// Output:
	// <nil>
	// PermissionError: admin/reset
}

// overTLS listens with svc, dials with a certificate for each of the names,
// and returns the remotes of svc.
func overTLS(svc *rpc.Service, names ...string) (remotes []rpc.Remote, stop func()) {
	dir, err := os.MkdirTemp("", "rpc")
	if err != nil {
		log.Fatal(err)
	}
	ctx, files := context.Background(), temporary{dir: dir}
	authority := testcert.NewAuthority(files, "examples")
	options := func(name string) *rpc.Options {
		f := authority.Issue(files, name)
		return &rpc.Options{TLS: &transport.TLS{CA: f.CA, Cert: f.Cert, Key: f.Key}}
	}
	srv, err := rpc.Listen(ctx, "tcp://localhost:0", svc, options("localhost"))
	if err != nil {
		log.Fatal(err)
	}
	var conns []*rpc.Conn
	for _, name := range names {
		conn, err := rpc.Dial(ctx, srv.Addr(), nil, options(name))
		if err != nil {
			log.Fatal(err)
		}
		conns, remotes = append(conns, conn), append(remotes, conn.Remote())
	}
	return remotes, func() {
		for _, conn := range conns {
			_ = conn.Close() // never fails
		}
		_ = srv.Close()
		_ = os.RemoveAll(dir) // only the system's temporary files
	}
}

// temporary is what package testcert needs of a test, for an example.
type temporary struct {
	testing.TB
	dir string
}

func (temporary) Helper() {}

func (temporary) Fatal(args ...any) { log.Fatal(args...) }

func (t temporary) TempDir() string {
	dir, err := os.MkdirTemp(t.dir, "")
	if err != nil {
		log.Fatal(err)
	}
	return dir
}
