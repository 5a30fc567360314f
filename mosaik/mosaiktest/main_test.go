package mosaiktest_test

import (
	"context"
	"fmt"
	"os"
	"testing"

	"go.uber.org/goleak"

	"github.com/gomas/gomas/channel"
	"github.com/gomas/gomas/mosaik"
	"github.com/gomas/gomas/mosaik/mosaiktest"
	"github.com/gomas/gomas/rpc"
)

func TestMain(m *testing.M) {
	if mode := os.Getenv("MOSAIKTEST_PROGRAM"); mode != "" {
		os.Exit(program(mode))
	}
	goleak.VerifyTestMain(m)
}

// program is the test program as a component.
func program(mode string) int {
	switch mode {
	case "ends":
		fmt.Println("no, thanks")
		return 3
	case "hangs":
		select {}
	}
	if err := mosaik.Main(context.Background(), os.Args[1:], new(counter), nil); err != nil {
		return 1
	}
	return 0
}

// counter is a simulator that counts its steps.
type counter struct{ Steps int }

func (c *counter) Meta() mosaik.Meta {
	return mosaik.Meta{Type: mosaik.TimeBased, Models: map[string]mosaik.Model{"Counter": {Attrs: []string{"steps"}}}}
}

func (c *counter) Init(context.Context, mosaik.Start) error { return nil }

func (c *counter) Create(context.Context, int, string, mosaik.Params) ([]mosaik.Entity, error) {
	return []mosaik.Entity{{ID: "C"}}, nil
}

func (c *counter) Step(_ context.Context, step mosaik.Step) (int64, error) {
	c.Steps++
	return step.Time + 1, nil
}

func (c *counter) GetData(context.Context, mosaik.Query) (outputs mosaik.Outputs, err error) {
	outputs.Put("C", "steps", c.Steps)
	return outputs, nil
}

// answering returns a driver of a simulator that answers as a test says, also
// what no component would.
func answering(t *testing.T, answers map[string]any, opts *mosaiktest.Options) (*mosaiktest.Driver, *rpc.Conn) {
	t.Helper()
	svc := rpc.NewService()
	for name, answer := range answers {
		svc.Handle(name+"(*args, **kwargs)", func(rpc.Arguments) any { return answer })
	}
	d, err := mosaiktest.Listen(t.Context(), opts)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := rpc.Dial(t.Context(), "tcp://"+d.Addr(), svc, mosaik.Wire(channel.Limits{}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = conn.Close()
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return d, conn
}
