package gomas_test

import (
	"context"
	"errors"
	"testing"

	"github.com/gomas/gomas"
	"github.com/gomas/gomas/rpc"
)

func TestAnAgentThatPushesBackExecutesAllCallsAndItsTasksOvertakeThem(t *testing.T) {
	const most, calls = 2, 50
	c := containerWith(t, &gomas.Options{MaxWaiting: most, Overload: rpc.PushBack})
	other := container(t)
	for name, from := range map[string]*gomas.Container{"from the same container": c, "from another one": other} {
		t.Run(name, func(t *testing.T) {
			a := spawn(t, c)
			r := connect(t, from, a)
			outcomes := make(chan error, calls)
			if err := a.Do(t.Context(), func(context.Context) error {
				for range calls {
					go func() { _, err := add.Call(t.Context(), r, 1); outcomes <- err }()
				}
				return nil
			}); err != nil {
				t.Error(err)
			}
			for range calls {
				if err := <-outcomes; err != nil {
					t.Error(err)
				}
			}
			if a.n != calls {
				t.Errorf("%d calls have been executed", a.n)
			}
		})
	}
	a := spawn(t, c)
	ahead := make(chan int, 1)
	if err := a.Do(t.Context(), func(context.Context) error {
		for range calls {
			if err := rpc.Notify(t.Context(), a.Remote(), "add", 1); err != nil {
				return err
			}
		}
		return a.Go(func(context.Context) { ahead <- a.n })
	}); err != nil {
		t.Error(err)
	}
	if n := <-ahead; n != most {
		t.Errorf("%d calls went ahead of a task", n)
	}
}

func TestCallsThatAreStillPushedBackWhenAnAgentStopsFailAsOthersDo(t *testing.T) {
	c := containerWith(t, &gomas.Options{MaxWaiting: 1, Overload: rpc.PushBack})
	other := container(t)
	for name, from := range map[string]*gomas.Container{"from the same container": c, "from another one": other} {
		t.Run(name, func(t *testing.T) {
			held, release := make(chan struct{}), make(chan struct{})
			a, err := gomas.Spawn(t.Context(), c, holder(held, release))
			if err != nil {
				t.Fatal(err)
			}
			r := connect(t, from, a)
			outcomes := make(chan error, 10)
			ended := make(chan struct{})
			if err := a.Go(func(ctx context.Context) { context.AfterFunc(ctx, func() { close(ended) }) }); err != nil {
				t.Fatal(err)
			}
			call := func() { outcomes <- hold.Call(t.Context(), r) }
			go call()
			<-held
			for range cap(outcomes) - 1 {
				go call()
			}
			stopped := make(chan error)
			go func() { stopped <- a.Stop(t.Context()) }()
			<-ended
			close(release)
			if err := <-stopped; err != nil {
				t.Error(err)
			}
			fine := 0
			for range cap(outcomes) {
				switch err := <-outcomes; {
				case err == nil:
					fine++
				case !errors.Is(err, gomas.ErrStopped):
					t.Error(err)
				}
			}
			if fine != 1 {
				t.Errorf("%d calls have been executed", fine)
			}
		})
	}
}

func TestTheServiceOfAllAgentsDescribesThoseThatCanBeReached(t *testing.T) {
	c := container(t)
	ids := func() []string {
		t.Helper()
		d, err := rpc.Describe(t.Context(), c.Services().Remote().Sub("agents"))
		if err != nil || d.More != 0 {
			t.Error(d, err)
		}
		return d.Services
	}
	first := spawn(t, c)
	if _, err := gomas.SpawnAs(t.Context(), c, "sun", newCounter); err != nil {
		t.Error(err)
	}
	if _, err := gomas.Spawn(t.Context(), c, func(_ context.Context, a *gomas.Agent) (*gomas.Agent, error) {
		if got := ids(); len(got) != 2 || got[0] != "0" || got[1] != "sun" {
			t.Errorf("during the construction of a third: %q", got)
		}
		return a, nil
	}); err != nil {
		t.Error(err)
	}
	if err := first.Stop(t.Context()); err != nil {
		t.Error(err)
	}
	if got := ids(); len(got) != 2 || got[0] != "1" || got[1] != "sun" {
		t.Errorf("after the first has stopped: %q", got)
	}
}
