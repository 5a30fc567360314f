package rpc_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"strings"

	"github.com/gomas/gomas/rpc"
)

// The examples of docs/rpc.md.

func Example_firstCall() {
	ctx := context.Background()

	const Price rpc.Func2[string, int, float64] = "price(product, hours)"

	svc := rpc.NewService()
	Price.Handle(svc, func(ctx context.Context, product string, hours int) (float64, error) {
		return 0.25 * float64(hours), nil
	})
	srv, err := rpc.Listen(ctx, "tcp://localhost:0", svc, nil) // port 0: any free one
	if err != nil {
		log.Fatal(err)
	}
	defer srv.Close()

	conn, err := rpc.Dial(ctx, srv.Addr(), nil, nil)
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()
	remote := conn.Remote()
	fmt.Println(Price.Call(ctx, remote, "heat", 6))
	fmt.Println(rpc.Call[float64](ctx, remote, "price", "heat", 6)) // without the contract
	// Output:
	// 1.5 <nil>
	// 1.5 <nil>
}

// connect is the first example in one function: it listens with svc, dials,
// offering mine, and returns the remote of svc.
func connect(svc, mine *rpc.Service, opts *rpc.Options) (remote rpc.Remote, stop func()) {
	ctx := context.Background()
	srv, err := rpc.Listen(ctx, "tcp://localhost:0", svc, opts)
	if err != nil {
		log.Fatal(err)
	}
	conn, err := rpc.Dial(ctx, srv.Addr(), mine, opts)
	if err != nil {
		log.Fatal(err)
	}
	return conn.Remote(), func() {
		_ = conn.Close() // never fails
		_ = srv.Close()  // nothing to be done about it
	}
}

// failure is the error of a peer without the peer's address.
func failure(err error) string {
	if remote, ok := errors.AsType[*rpc.RemoteError](err); ok {
		return remote.Type + ": " + remote.Message
	}
	return fmt.Sprint(err)
}

func Example_anyShape() {
	ctx, svc := context.Background(), rpc.NewService()
	remote, stop := connect(svc, nil, nil)
	defer stop()

	svc.Handle("upper(text)", strings.ToUpper)
	svc.Handle("divide(a, b)", func(a, b int) (quotient, rest int) { return a / b, a % b })
	svc.Handle("join(sep, *texts)", func(_ context.Context, sep string, texts ...string) (string, error) {
		return strings.Join(texts, sep), nil
	})
	fmt.Println(rpc.Call[string](ctx, remote, "upper", "ohai"))
	fmt.Println(rpc.Call[[]int](ctx, remote, "divide", 17, 5))
	fmt.Println(rpc.Call[string](ctx, remote, "join", "-", "a", "b", "c"))
	// Output:
	// OHAI <nil>
	// [3 2] <nil>
	// a-b-c <nil>
}

func Example_table() {
	ctx := context.Background()
	svc, err := rpc.Table{
		"upper(text)": strings.ToUpper,
		"texts":       rpc.Table{"cut(text, sep=\" \")": strings.Cut},
	}.Service()
	if err != nil {
		log.Fatal(err)
	}
	remote, stop := connect(svc, nil, nil)
	defer stop()

	fmt.Println(rpc.Call[[]any](ctx, remote, "texts/cut", "spam and eggs"))
	// Output: [spam and eggs true] <nil>
}

func Example_nesting() {
	ctx, svc := context.Background(), rpc.NewService()
	remote, stop := connect(svc, nil, nil)
	defer stop()
	const Power rpc.Func0[int] = "power()"
	wind := rpc.NewService()
	Power.Handle(wind, func(context.Context) (int, error) { return 300, nil })

	svc.Mount("wind", wind)
	fmt.Println(Power.Call(ctx, remote.Sub("wind")))
	fmt.Println(rpc.Call[int](ctx, remote, "wind/power"))
	svc.Unmount("wind")
	_, err := Power.Call(ctx, remote.Sub("wind"))
	fmt.Println(failure(err))
	// Output:
	// 300 <nil>
	// 300 <nil>
	// LookupError: Name "wind" not found in ""
}

func Example_defaults() {
	ctx, svc := context.Background(), rpc.NewService()
	remote, stop := connect(svc, nil, nil)
	defer stop()

	const (
		Plan    rpc.Func2[string, int, string] = "plan(day, hours=24): plans a day"
		PlanDay rpc.Func1[string, string]      = "plan(day)"
	)
	Plan.Handle(svc, func(_ context.Context, day string, hours int) (string, error) {
		return fmt.Sprint(day, " ", hours), nil
	})
	fmt.Println(PlanDay.Call(ctx, remote, "Monday"))
	fmt.Println(rpc.Call[string](ctx, remote, "plan", rpc.Kw{"hours": 6, "day": "Tuesday"}))
	// Output:
	// Monday 24 <nil>
	// Tuesday 6 <nil>
}

func Example_badArguments() {
	ctx, svc := context.Background(), rpc.NewService()
	remote, stop := connect(svc, nil, nil)
	defer stop()
	type Order struct {
		Units int     `json:"units"`
		Price float64 `json:"price"`
	}

	svc.Handle("place(orders, limit=1.5)", func(orders []Order, limit float64) int { return len(orders) })
	good, bad := map[string]any{"units": 2, "price": 1}, map[string]any{"units": 2, "price": "cheap"}
	for _, args := range [][]any{{[]any{good, good, good, bad}}, {}, {[]any{good}, rpc.Kw{"limits": 2}}} {
		_, err := rpc.Call[int](ctx, remote, "place", args...)
		fmt.Println(failure(err))
	}
	// Output:
	// TypeError: place() argument 'orders[3].price': string does not fit float64
	// TypeError: place() missing 1 required positional argument: 'orders'
	// TypeError: place() got an unexpected keyword argument 'limits'
}

func Example_references() {
	ctx, svc, mine := context.Background(), rpc.NewService(), rpc.NewService()
	remote, stop := connect(svc, mine, nil)
	defer stop()
	const (
		Watch  rpc.Func1[rpc.Remote, rpc.Remote] = "watch(watcher)"
		Notice rpc.Proc1[float64]                = "notice(price)"
	)

	Watch.Handle(svc, func(ctx context.Context, watcher rpc.Remote) (rpc.Remote, error) {
		return watcher, Notice.Call(ctx, watcher, 0.25) // goes back over the caller's connection
	})

	watcher := rpc.NewService()
	Notice.Handle(watcher, func(_ context.Context, price float64) error {
		fmt.Println("the price is", price)
		return nil
	})
	mine.Mount("watcher", watcher) // mine is what this end has given to Dial
	back, err := Watch.Call(ctx, remote, watcher.Remote())
	fmt.Println(back == watcher.Remote(), err)
	// Output:
	// the price is 0.25
	// true <nil>
}

func Example_refusedReferences() {
	ctx, svc, mine := context.Background(), rpc.NewService(), rpc.NewService()
	remote, stop := connect(svc, mine, nil)
	defer stop()
	thirdParty, stopThird := connect(rpc.NewService(), nil, nil)
	defer stopThird()
	const Take rpc.Proc1[rpc.Remote] = "take(service)"

	err1 := Take.Call(ctx, remote, rpc.NewService().Remote()) // mounted nowhere
	err2 := Take.Call(ctx, remote, thirdParty)                // on another connection
	err3 := Take.Call(ctx, thirdParty, mine.Remote())         // over which nothing is offered
	fmt.Println(errors.Is(err1, rpc.ErrOutside), errors.Is(err2, rpc.ErrForeign), errors.Is(err3, rpc.ErrNoService))
	// Output: true true true
}

func Example_notifications() {
	ctx, svc := context.Background(), rpc.NewService()
	remote, stop := connect(svc, nil, nil)
	defer stop()
	const Report rpc.Proc1[float64] = "report(kW)"

	reported := make(chan float64)
	Report.Handle(svc, func(_ context.Context, kW float64) error {
		reported <- kW
		return nil
	})
	fmt.Println(Report.Notify(ctx, remote, 300)) // while the handler waits for us
	fmt.Println(<-reported)
	// Output:
	// <nil>
	// 300
}

func Example_stub() {
	ctx, svc := context.Background(), rpc.NewService()
	remote, stop := connect(svc, nil, nil)
	defer stop()
	weather := rpc.NewService()
	svc.Mount("weather", weather)
	svc.Handle("set_power(plant, kW)", func(string, float64) {})
	weather.Handle("range(hours=24)", func(hours int) (low, high float64) { return -2, 5 })

	var grid struct {
		SetPower func(ctx context.Context, plant string, kW float64) error // set_power
		Weather  struct {
			Forecast func(ctx context.Context, hours int) (low, high float64, err error) `rpc:"range"`
		}
	}
	if err := rpc.Bind(ctx, remote, &grid); err != nil {
		log.Fatal(err)
	}
	fmt.Println(grid.SetPower(ctx, "wind", 300))
	fmt.Println(grid.Weather.Forecast(ctx, 6))
	// Output:
	// <nil>
	// -2 5 <nil>
}

func Example_introspection() {
	ctx, svc := context.Background(), rpc.NewService()
	secret := rpc.NewService()
	secret.Hide()
	remote, stop := connect(svc, nil, nil)
	defer stop()

	svc.Handle("plan(day, hours=24): plans a day", func(day string, hours int) []float64 { return nil })
	svc.Mount("secret", secret) // secret.Hide() has been called
	d, err := rpc.Describe(ctx, remote)
	fmt.Println(d.Functions[0], "//", d.Functions[0].Doc, d.Services, err)
	_, err = rpc.Describe(ctx, remote.Sub("secret"))
	fmt.Println(errors.Is(err, rpc.ErrNoDescription))
	// Output:
	// plan(day string, hours int = 24) []float64 // plans a day [secret] <nil>
	// true
}

func Example_withinOneProgram() {
	ctx, svc := context.Background(), rpc.NewService()

	svc.Handle("scale(values, by)", func(values []float64, by float64) []float64 {
		for i := range values {
			values[i] *= by
		}
		return values
	})
	values := []float64{1, 2}
	fmt.Println(rpc.Call[[]float64](ctx, svc.Remote(), "scale", values, 10))
	fmt.Println(values) // unchanged: what is passed is a copy, as between programs
	// Output:
	// [10 20] <nil>
	// [1 2]
}
