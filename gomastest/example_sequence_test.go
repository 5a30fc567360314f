package gomastest_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/gomas/gomas"
	"github.com/gomas/gomas/gomastest"
	"github.com/gomas/gomas/rpc"
	"github.com/gomas/gomas/transport/local"
)

const double rpc.Func1[int, int] = "double(x)"

type doubler struct{ *gomas.Agent }

func newDoubler(_ context.Context, a *gomas.Agent) (*doubler, error) {
	double.Handle(a.Services(), func(_ context.Context, x int) (int, error) { return 2 * x, nil })
	return &doubler{a}, nil
}

// callDoubler has an agent call another one in a network.
func callDoubler(ctx context.Context) error {
	a, err := gomas.NewContainer(ctx, "local://a", nil)
	if err != nil {
		return err
	}
	b, err := gomas.NewContainer(ctx, "local://b", nil)
	if err != nil {
		return err
	}
	asking, err := gomas.Spawn(ctx, a, newDoubler)
	if err != nil {
		return err
	}
	asked, err := gomas.Spawn(ctx, b, newDoubler)
	if err != nil {
		return err
	}
	return asking.Do(ctx, func(ctx context.Context) error {
		r, err := asking.Connect(ctx, asked.URL())
		if err != nil {
			return err
		}
		_, err = double.Call(ctx, r, 21)
		return err
	})
}

func TestTheDoublerIsAskedOnce(t *testing.T) {
	trace := local.NewTrace(local.All)
	if err := local.Run(t.Context(), &local.Options{Trace: trace}, callDoubler); err != nil {
		t.Fatal(err)
	}
	gomastest.Sequence(t, local.Messages(trace.Events(), "a", "local://b/0"), `
		a -> b: 0.double(*)
		b -> a: 42
	`)
}

// A test runs agents in a network of its own, and looks at what they have said.
// The message that it misses is shown here, since t only prints.
func ExampleSequence() {
	var t printing // in a test, its *testing.T
	trace := local.NewTrace(local.All)
	if err := local.Run(context.Background(), &local.Options{Trace: trace}, callDoubler); err != nil {
		t.Errorf("%v", err)
	}
	gomastest.Sequence(t, local.Messages(trace.Events(), "a", "local://b/0"), `
		a -> b: 0.double(*)
		b -> a: 42
		a -> b: 0.double(42)
		...
	`)
	// Output:
	// the messages are not as wanted (- wanted, + there):
	//     a -> b: 0.double(21)
	//     b -> a: 42
	//   - a -> b: 0.double(42)
	//     ...  (0 messages)
}

// printing is a test that prints its failures.
type printing struct{ testing.TB }

func (printing) Helper() {}

func (printing) Errorf(format string, args ...any) { fmt.Printf(format, args...) }
