package gomas_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/gomas/gomas"
	"github.com/gomas/gomas/rpc"
)

// relay has an agent call another one if there are hops left. It fails unless
// the number of the call comes back.
const relay rpc.Func2[uint64, int, uint64] = "relay(call, hops)"

// crowd is many agents in a few containers.
type crowd struct {
	ledger ledger
	seed   uint64
	agents []*member
	roots  [][]rpc.Remote // of each container, as each knows it
}

// member is one of the crowd.
type member struct {
	*gomas.Agent
	crowd  *crowd
	site   int
	served int
}

func (c *crowd) newMember(site int) func(context.Context, *gomas.Agent) (*member, error) {
	return func(_ context.Context, a *gomas.Agent) (*member, error) {
		m := &member{Agent: a, crowd: c, site: site}
		relay.Handle(a.Services(), m.relay)
		return m, nil
	}
}

func (m *member) relay(ctx context.Context, call uint64, hops int) (uint64, error) {
	m.crowd.ledger.run(call)
	m.served++ // no lock
	if hops == 0 {
		return call, nil
	}
	return call, m.callAnybody(ctx, rand.New(rand.NewPCG(m.crowd.seed, call)), hops-1)
}

// callAnybody makes a call, as its own entry in the ledger, of an agent that
// rng chooses.
func (m *member) callAnybody(ctx context.Context, rng *rand.Rand, hops int) error {
	c := m.crowd
	to := c.agents[rng.IntN(len(c.agents))]
	call := c.ledger.begin(false)
	got, err := relay.Call(ctx, c.roots[m.site][to.site].Sub("agents/"+to.ID()), call, hops)
	if err == nil && got != call {
		err = fmt.Errorf("call %d was answered as %d", call, got)
	}
	how, strange := outcomeOf(err)
	if strange != nil {
		return strange
	}
	return c.ledger.end(call, how)
}

// newCrowd spreads agents over containers that know each other.
func newCrowd(t *testing.T, seed uint64, agents, sites int) *crowd {
	c := &crowd{seed: seed}
	containers := make([]*gomas.Container, sites)
	for i := range containers {
		containers[i] = containerWith(t, nil)
	}
	for i := range agents {
		m, err := gomas.Spawn(t.Context(), containers[i%sites], c.newMember(i%sites))
		if err != nil {
			t.Fatal(err)
		}
		c.agents = append(c.agents, m)
	}
	for _, from := range containers {
		var roots []rpc.Remote
		for _, to := range c.agents[:sites] { // one in each container
			roots = append(roots, connect(t, from, to).Root())
		}
		c.roots = append(c.roots, roots)
	}
	return c
}

func TestNoCallOfTenThousandAgentsIsLostOrDoubled(t *testing.T) {
	const (
		agents   = 10_000
		calls    = 50_000
		sites    = 4
		underWay = 200
		seed     = 20101
	)
	c := newCrowd(t, seed, agents, sites)
	var wg sync.WaitGroup
	for who := range underWay {
		rng := rand.New(rand.NewPCG(seed, uint64(who)))
		wg.Go(func() {
			for range calls / 2 / underWay {
				from := c.agents[rng.IntN(len(c.agents))]
				err := from.Do(t.Context(), func(ctx context.Context) error {
					return from.callAnybody(ctx, rng, 1) // who makes another call
				})
				if err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	count, executions := c.ledger.check(t)
	if count[succeeded] != calls || executions != calls {
		t.Errorf("%d calls of %d have succeeded, %d were executed", count[succeeded], calls, executions)
	}
	served := 0
	for _, m := range c.agents {
		if err := m.Do(t.Context(), func(context.Context) error { served += m.served; return nil }); err != nil {
			t.Error(err)
		}
	}
	if served != calls {
		t.Errorf("the agents have counted %d calls", served)
	}
}
