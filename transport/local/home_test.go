package local_test

import (
	"context"
	"errors"
	"testing"

	"github.com/gomas/gomas"
	"github.com/gomas/gomas/transport/local"
)

func TestAConnectionIsOfTheContainerThatHasItWhoeverCallsFirst(t *testing.T) {
	trace := local.NewTrace(local.All)
	err := local.Run(t.Context(), &local.Options{Trace: trace}, func(ctx context.Context) error {
		a, err1 := gomas.NewContainer(ctx, "local://a", nil)
		b, err2 := gomas.NewContainer(ctx, "local://b", nil)
		if err := errors.Join(err1, err2); err != nil {
			return err
		}
		x, err := gomas.Spawn(ctx, b, newAdder)
		if err != nil {
			return err
		}
		remote, err := a.Connect(ctx, x.URL()) // by code that is in no container
		if err != nil {
			return err
		}
		_, err = add.Call(ctx, remote, 3, 4)
		return errors.Join(err, local.From(ctx).Crash("a"))
	})
	if err != nil {
		t.Error(err)
	}
	var made, broken int
	for _, e := range trace.Events() {
		switch {
		case e.Kind == local.Connect && e.From == "a" && e.To == "b" && e.Outcome == "":
			made++
		case e.Kind == local.Close && e.Outcome == "reset":
			broken++
		}
	}
	if made != 1 || broken != 1 {
		t.Errorf("made %d connections from a to b, of which %d broke when a crashed", made, broken)
	}
}
