package mosaik

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"github.com/gomas/gomas"
	"github.com/gomas/gomas/clock"
	"github.com/gomas/gomas/rpc"
)

// ServeProcess is [gomas.ServeProcess] for programs whose agents are driven by
// [Agents]: it comes first in main. The factories, which may be nil if the
// processes get no agents by name, get one more.
func ServeProcess(ctx context.Context, factories *gomas.Factories, opts *gomas.Options) (served bool, err error) {
	if factories == nil {
		factories = new(gomas.Factories)
	}
	var all gomas.Options
	if opts != nil {
		all = *opts
	}
	arrived := new(arrivals)
	all.Incoming = append([]rpc.Interceptor{arrived.count}, all.Incoming...)
	if err := factories.Register(pacerName+"()", newPacer(arrived)); err != nil {
		return true, fmt.Errorf("mosaik: %w; call ServeProcess once", err)
	}
	return gomas.ServeProcess(ctx, factories, &all)
}

const pacerName = "mosaik:Pacer"

// pacer is an agent in another process that sets the clock there, and knows
// when the agents there are at rest.
type pacer struct {
	clock   *clock.External
	arrived *arrivals
}

const (
	paceAdvance rpc.Proc1[time.Duration] = "mosaik_advance(ns): sets the clock, if it is behind"
	paceRest    rpc.Func0[int64]         = "mosaik_rest(): waits until the agents are at rest, and counts the calls that have come"
)

var errNotExternal = errors.New("mosaik: the clock of the process is not set from outside; its container must have the clock that Agents give it")

func newPacer(arrived *arrivals) func(context.Context, *gomas.Agent) (*pacer, error) {
	return func(_ context.Context, a *gomas.Agent) (*pacer, error) {
		external, ok := a.Clock().(*clock.External)
		if !ok {
			return nil, errNotExternal
		}
		p := &pacer{external, arrived}
		paceAdvance.Handle(a.Services(), func(_ context.Context, t time.Duration) error { return advance(p.clock, t) })
		paceRest.Handle(a.Services(), p.rest)
		return p, nil
	}
}

// rest waits with the turn given up, so the pacer itself is at rest meanwhile.
func (p *pacer) rest(ctx context.Context) (int64, error) {
	if err := p.clock.Group().Wait(ctx); err != nil {
		return 0, err
	}
	return p.arrived.n.Load(), nil
}

// advance sets a clock, unless it has the time already.
func advance(c *clock.External, t time.Duration) error {
	if t == c.Now() {
		return nil
	}
	return c.Set(t)
}

// arrivals counts the calls from elsewhere that have begun in a container: what
// may end a rest.
type arrivals struct{ n atomic.Int64 }

// count is the interceptor for them. A pacer's own calls end no rest.
func (a *arrivals) count(ctx context.Context, call rpc.Info, next func(context.Context) error) error {
	name := call.Path[strings.LastIndexByte(call.Path, '/')+1:]
	if call.Conn != nil && name != "mosaik_rest" && name != "mosaik_advance" {
		a.n.Add(1)
	}
	return next(ctx)
}
