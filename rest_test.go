package gomas_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/gomas/gomas"
	"github.com/gomas/gomas/clock"
	"github.com/gomas/gomas/rpc"
	"github.com/gomas/gomas/turn"
)

func TestAdvanceReturnsWhenAllThatItWokeHasComeToRest(t *testing.T) {
	const steps, hops = 20, 10
	external := clock.NewExternal(time.Time{}, 0)
	opts := &gomas.Options{Clock: external, CheckTurns: true}
	here, there := containerWith(t, opts), containerWith(t, opts)
	// A ball that goes from one to the other, and within one container.
	pass := rpc.Func2[int, []rpc.Remote, int]("pass(left, players)")
	player := func(_ context.Context, a *gomas.Agent) (*counter, error) {
		p := &counter{Agent: a}
		pass.Handle(a.Services(), func(ctx context.Context, left int, players []rpc.Remote) (int, error) {
			p.n++
			if left == 0 {
				return p.n, nil
			}
			return pass.Call(ctx, players[left%len(players)], left-1, players)
		})
		return p, nil
	}
	var players []*counter
	var remotes []rpc.Remote
	for _, c := range []*gomas.Container{here, there, here} {
		p, err := gomas.Spawn(t.Context(), c, player)
		if err != nil {
			t.Fatal(err)
		}
		players = append(players, p)
		remotes = append(remotes, connect(t, here, p))
	}
	if err := players[0].Every(time.Minute, func(ctx context.Context) error {
		_, err := pass.Call(ctx, remotes[1], hops, remotes)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	for step := range steps {
		if err := external.Advance(t.Context(), time.Duration(step+1)*time.Minute); err != nil {
			t.Fatal(err)
		}
		passed := 0
		for _, p := range players { // no lock: nothing runs
			passed += p.n
		}
		if want := (step + 1) * (hops + 1); passed != want {
			t.Fatalf("after step %d the ball was passed %d times, want %d", step, passed, want)
		}
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	external.Group().Add(1)
	if err := external.Advance(ended, time.Hour); !errors.Is(err, context.Canceled) {
		t.Errorf("advance with a context that has ended: %v", err)
	}
	external.Group().Add(-1)
	var past *clock.PastError
	if err := external.Advance(t.Context(), time.Minute); !errors.As(err, &past) {
		t.Errorf("advance into the past: %v", err)
	}
}

func TestCallsThatTooManyWaitForAreRefused(t *testing.T) {
	const most = 3
	c := containerWith(t, &gomas.Options{MaxWaiting: most})
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
			call := func() { outcomes <- hold.Call(t.Context(), r) }
			go call()
			<-held
			for range most + 2 {
				go call()
			}
			for range 2 { // they are the first to end
				var refused *rpc.RemoteError
				if err := <-outcomes; !errors.As(err, &refused) || refused.Type != "OverloadError" {
					t.Errorf("refused with %v", err)
				}
			}
			close(release)
			for range most {
				<-held
			}
			for range most + 1 {
				if err := <-outcomes; err != nil {
					t.Error(err)
				}
			}
			if err := a.Go(func(context.Context) {}); err != nil {
				t.Error("a task of its own was refused:", err)
			}
		})
	}
}

func TestAnAgentThatKeepsItsTurnIsReportedWithItsStack(t *testing.T) {
	type report struct {
		agent *gomas.Agent
		turn  turn.Holding
	}
	reports, over := make(chan report), make(chan struct{})
	defer close(over)
	c := containerWith(t, &gomas.Options{StuckAfter: 10 * time.Millisecond, Stuck: func(a *gomas.Agent, h turn.Holding) {
		select {
		case reports <- report{a, h}:
		case <-over:
		}
	}})
	held, release := make(chan struct{}), make(chan struct{})
	a, err := gomas.Spawn(t.Context(), c, holder(held, release))
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- hold.Call(t.Context(), a.Remote()) }()
	<-held
	// On a busy machine, others may have been slow before.
	for late, found := time.After(patience), false; !found; {
		select {
		case got := <-reports:
			found = got.agent == a && strings.Contains(got.turn.Stack, "holder.func")
		case <-late:
			t.Fatal("it is not reported")
		}
	}
	close(release)
	if err := <-done; err != nil {
		t.Error(err)
	}
}
