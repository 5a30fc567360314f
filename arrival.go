package gomas

import (
	"context"
	"errors"
	"fmt"

	"github.com/gomas/gomas/clock"
	"github.com/gomas/gomas/internal/backoff"
	"github.com/gomas/gomas/rpc"
	"github.com/gomas/gomas/transport"
	"github.com/gomas/gomas/turn"
)

// awaitAID is what gomas asks a container to be told when an agent can be
// reached. Python does not have it.
const awaitAID rpc.Func1[string, string] = "await_aid(aid)"

// arrival is an agent to come that somebody waits for.
type arrival struct {
	event  turn.Event
	waited int
}

// WaitFor is Connect for an agent that need not be there yet, nor its container:
// it returns when the agent can be reached, or with the error of ctx. It polls,
// with growing pauses, only while the container is away or if it is Python's.
func (c *Container) WaitFor(ctx context.Context, url string) (rpc.Remote, error) {
	remote, err := c.waitFor(ctx, url)
	if err != nil {
		return rpc.Remote{}, fmt.Errorf("gomas: wait for %s: %w", url, err)
	}
	return remote, nil
}

// WaitFor is [Container.WaitFor] for an agent that waits.
func (a *Agent) WaitFor(ctx context.Context, url string) (rpc.Remote, error) {
	return a.container.WaitFor(ctx, url)
}

func (c *Container) waitFor(ctx context.Context, url string) (rpc.Remote, error) {
	addr, id, err := transport.SplitURL(url)
	if err != nil {
		return rpc.Remote{}, err
	}
	var pauses backoff.Backoff
	asking := context.WithValue(rpc.Repeatable(ctx), uncounted{}, true)
	for {
		remote, err := c.connect(ctx, url)
		if err == nil || !worthWaiting(err) {
			return remote, err
		}
		if errors.Is(err, ErrNoAgent) {
			_, err := awaitAID.Call(asking, rpc.NewRemote(c.peer(addr), ""), id)
			switch {
			case err == nil:
				pauses.Reset()
				continue
			case errors.Is(err, ErrStopped):
				return rpc.Remote{}, err
			}
		}
		if c.isClosed() {
			return rpc.Remote{}, ErrClosed
		}
		if ended := clock.Sleep(ctx, clock.ForTurn(c.free), pauses.Next(turn.From(ctx))); ended != nil {
			return rpc.Remote{}, fmt.Errorf("%w (last attempt: %w)", ended, err)
		}
	}
}

// worthWaiting reports whether what failed with err may succeed later.
func worthWaiting(err error) bool {
	var addr *transport.AddrError
	var remote *rpc.RemoteError
	if errors.As(err, &remote) {
		return true // of the other container, which may be shutting down
	}
	return !errors.As(err, &addr) && !errors.Is(err, ErrClosed) && !errors.Is(err, turn.ErrMisuse) &&
		!errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded)
}

// awaitAID waits for the agent with an id, and returns the name of its type.
func (c *Container) awaitAID(ctx context.Context, id string) (string, error) {
	c.mu.Lock()
	if a := c.Agent(id); a != nil {
		c.mu.Unlock()
		return a.typeName, nil
	}
	var reason error
	switch {
	case c.closed:
		reason = ErrClosed
	case c.used(id):
		reason = fmt.Errorf("%s/%s: %w", c.Addr(), id, ErrStopped)
	}
	if reason != nil {
		c.mu.Unlock()
		return "", reason
	}
	if c.awaited == nil {
		c.awaited = make(map[string]*arrival)
	}
	w := c.awaited[id]
	if w == nil {
		w = new(arrival)
		c.awaited[id] = w
	}
	w.waited++
	c.mu.Unlock()
	err := w.event.Wait(ctx, nil, "an agent to come")
	c.mu.Lock()
	defer c.mu.Unlock()
	if w.waited--; w.waited == 0 && c.awaited[id] == w {
		delete(c.awaited, id)
	}
	if err != nil {
		return "", err
	}
	if a := c.Agent(id); a != nil {
		return a.typeName, nil
	}
	return "", ErrNoAgent
}

func (c *Container) isClosed() bool {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.closed
}

// arrived tells those who wait for an agent. c.mu is held.
func (c *Container) arrived(a *Agent) {
	if w := c.awaited[a.id]; w != nil {
		w.event.Set(nil)
		delete(c.awaited, a.id)
	}
}
