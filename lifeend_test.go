package gomas_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gomas/gomas"
	"github.com/gomas/gomas/turn"
)

func TestStopFunctionsRunOnceHoweverManyStopAndShutDown(t *testing.T) {
	for range 50 {
		c := container(t)
		var ran atomic.Int32
		a, err := gomas.Spawn(t.Context(), c, func(_ context.Context, a *gomas.Agent) (*gomas.Agent, error) {
			a.OnStop(func(ctx context.Context) error { ran.Add(1); return a.Sleep(ctx, time.Millisecond) })
			return a, nil
		})
		if err != nil {
			t.Fatal(err)
		}
		var all sync.WaitGroup
		for _, end := range []func(context.Context) error{a.Stop, c.Shutdown, a.Stop, c.Shutdown} {
			all.Go(func() {
				if err := end(t.Context()); err != nil {
					t.Error(err)
				}
				if n := ran.Load(); n != 1 {
					t.Errorf("after the end it has run %d times", n)
				}
			})
		}
		all.Wait()
	}
}

func TestShutdownByAnAgentOfTheContainerIsRefused(t *testing.T) {
	c := container(t)
	a := spawn(t, c)
	if err := a.Do(t.Context(), func(ctx context.Context) error { return c.Shutdown(ctx) }); !errors.Is(err, turn.ErrMisuse) {
		t.Errorf("error %v", err)
	}
}

func TestThoseWhoWaitForAnAgentDoNotHoldUpTheShutdown(t *testing.T) {
	here, there := container(t), container(t)
	spawn(t, there)
	outcomes := make(chan error, 2)
	for _, from := range []*gomas.Container{here, there} {
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		go func() {
			_, err := from.WaitFor(ctx, there.Addr()+"/never")
			outcomes <- err
		}()
	}
	if err := there.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	// Who waits in the container itself has nothing to wait for any more.
	if err := <-outcomes; !errors.Is(err, gomas.ErrClosed) {
		t.Errorf("error %v, want ErrClosed", err)
	}
	if err := here.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	if err := <-outcomes; !errors.Is(err, gomas.ErrClosed) {
		t.Errorf("error %v, want ErrClosed", err)
	}
}

func TestNobodyWaitsForAnAgentThatHasStopped(t *testing.T) {
	here, there := container(t), container(t)
	a := spawn(t, there)
	if err := a.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, from := range []*gomas.Container{here, there} {
		if _, err := from.WaitFor(t.Context(), a.URL()); !errors.Is(err, gomas.ErrStopped) {
			t.Errorf("error %v, want ErrStopped", err)
		}
	}
}

func TestAnAgentThatIsStoppedWhileItIsMadeIsNotMade(t *testing.T) {
	c := container(t)
	stopped := make(chan error, 1)
	_, err := gomas.Spawn(t.Context(), c, func(ctx context.Context, a *gomas.Agent) (*gomas.Agent, error) {
		go func() { stopped <- a.Stop(context.Background()) }()
		for !a.Stopped() {
			if err := a.Sleep(ctx, 0); err != nil {
				return nil, err
			}
		}
		return a, nil
	})
	if !errors.Is(err, gomas.ErrStopped) {
		t.Errorf("spawn: %v", err)
	}
	if err := <-stopped; err != nil {
		t.Errorf("stop: %v", err)
	}
	if n := len(c.Agents()); n != 0 {
		t.Errorf("%d agents are left", n)
	}
}

func TestAgentsMadeByNameAreListedByType(t *testing.T) {
	var f gomas.Factories
	if err := f.Register("counter", newCounter); err != nil {
		t.Fatal(err)
	}
	c := container(t)
	m, err := gomas.Spawn(t.Context(), c, gomas.NewManager(&f))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := gomas.ManagerAt(m.Remote()).Spawn(t.Context(), "counter"); err != nil {
		t.Fatal(err)
	}
	if got := gomas.AgentsOf[*counter](c); len(got) != 1 || !strings.HasPrefix(got[0].String(), "counter(") {
		t.Errorf("counters are %v", got)
	}
}
