package main

import (
	"context"
	"errors"
	"time"

	"github.com/gomas/gomas"
	"github.com/gomas/gomas/rpc"
)

// builtIn returns the types of agents that containers of this program know.
func builtIn() (*gomas.Factories, error) {
	factories := new(gomas.Factories)
	return factories, errors.Join(
		factories.Register("Echo(): answers with what it is told", newEcho),
		factories.Register("Counter(total=0): adds numbers up", newCounter),
	)
}

// Echo is an agent to try connections with.
type Echo struct{ *gomas.Agent }

func newEcho(_ context.Context, a *gomas.Agent) (*Echo, error) {
	e := &Echo{a}
	a.Services().Handle("echo(value): returns the value", func(value any) any { return value })
	a.Services().Handle("fail(message): fails with a ValueError", func(message string) error {
		return &rpc.Error{Type: "ValueError", Message: message}
	})
	a.Services().Handle("sleep(seconds): sleeps on the agent's clock, and returns its time then", e.sleep)
	return e, nil
}

const longestSleep = float64(1<<63-1) / float64(time.Second)

func (e *Echo) sleep(ctx context.Context, seconds float64) (float64, error) {
	if !(seconds >= 0 && seconds < longestSleep) {
		return 0, &rpc.Error{Type: "ValueError", Message: "that is no time to sleep"}
	}
	err := e.Sleep(ctx, time.Duration(seconds*float64(time.Second)))
	return e.Clock().Now().Seconds(), err
}

// Counter is an agent with a state.
type Counter struct {
	*gomas.Agent
	sum int
}

func newCounter(_ context.Context, a *gomas.Agent, total int) (*Counter, error) {
	c := &Counter{a, total}
	a.Services().Handle("add(n): adds n, and returns the new total", func(n int) int {
		c.sum += n
		return c.sum
	})
	a.Services().Handle("total(): returns the total", func() int { return c.sum })
	return c, nil
}
