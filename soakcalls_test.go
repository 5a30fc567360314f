package gomas_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/gomas/gomas"
	"github.com/gomas/gomas/rpc"
)

const (
	// parrot returns the text, if the sum is right.
	parrot rpc.Func3[uint64, uint32, string, string] = "parrot(call, sum, text)"

	// bounce has an agent call another one, given by the numbers of its
	// container and its own, and that one the first again, and so on. It
	// returns the number of calls that this takes.
	bounce rpc.Func4[uint64, int, int, int, int] = "bounce(call, site, agent, depth)"

	// answer calls parrot of the caller, on the same connection.
	answer rpc.Func3[uint64, uint32, string, string] = "answer(call, sum, text)"
)

// soaked is an agent with state that no lock guards.
type soaked struct {
	*gomas.Agent
	site   *site
	number int
	served int
}

func (s *site) newAgent(_ context.Context, a *gomas.Agent) (*soaked, error) {
	g := &soaked{Agent: a, site: s}
	if _, err := fmt.Sscan(a.ID(), &g.number); err != nil {
		return nil, err
	}
	parrot.Handle(a.Services(), g.parrot)
	bounce.Handle(a.Services(), g.bounce)
	return g, nil
}

func (g *soaked) parrot(_ context.Context, call uint64, check uint32, text string) (string, error) {
	g.served++ // the race detector watches
	return g.site.w.parrot(call, check, text)
}

func (g *soaked) bounce(ctx context.Context, call uint64, siteNumber, agent, depth int) (int, error) {
	defer g.site.w.serve(call)()
	g.served++
	if depth == 0 {
		return 1, nil
	}
	remote, err := g.site.route(ctx, siteNumber, agent)
	if err != nil {
		return 0, nested(err)
	}
	n, err := g.site.bounce(ctx, remote, false, g.site.number, g.number, depth-1)
	g.served++ // after the wait, and under the turn again
	return n + 1, nested(err)
}

func nested(err error) error {
	if err == nil {
		return nil
	}
	return &rpc.Error{Type: typeNested, Message: err.Error()}
}

// service is what rpc servers and their clients offer each other.
func (w *world) service() *rpc.Service {
	svc := rpc.NewService()
	parrot.Handle(svc, func(_ context.Context, call uint64, check uint32, text string) (string, error) {
		return w.parrot(call, check, text)
	})
	answer.Handle(svc, func(ctx context.Context, call uint64, check uint32, text string) (string, error) {
		defer w.serve(call)()
		if sum(text) != check {
			return "", fmt.Errorf("call %d: another text arrived", call)
		}
		echo, err := w.parrotOf(ctx, rpc.Caller(ctx).Remote(), parrot, false, text)
		return echo, nested(err)
	})
	return svc
}

// serve counts an execution, and the handler until it returns.
func (w *world) serve(call uint64) func() {
	w.serving.Add(1)
	w.executed.Add(1)
	w.ledger.run(call)
	return func() { w.serving.Add(-1) }
}

func (w *world) parrot(call uint64, check uint32, text string) (string, error) {
	defer w.serve(call)()
	if sum(text) != check {
		return "", fmt.Errorf("call %d: another text arrived", call)
	}
	return text, nil
}

// route returns a reference to an agent of another container, or of this one,
// by way of the proxy between them.
func (s *site) route(ctx context.Context, to, agent int) (rpc.Remote, error) {
	other := s.w.site(to)
	addr := other.Addr()
	if p := s.w.proxies[s.number][to]; p != nil {
		addr = p.Addr()
	}
	url := fmt.Sprintf("%s/%d", addr, agent)
	s.mu.Lock()
	remote, ok := s.routes[url]
	s.mu.Unlock()
	if ok {
		return remote, nil
	}
	remote, err := s.Connect(ctx, url)
	if err == nil {
		s.mu.Lock()
		s.routes[url] = remote
		s.mu.Unlock()
	}
	return remote, err
}

// call makes one call of some agent.
func (s *site) call(ctx context.Context, rng *rand.Rand) {
	ctx, repeatable, release := impatient(ctx, rng)
	defer release()
	to, agent := rng.IntN(sites), rng.IntN(perContainer)
	remote, err := s.route(ctx, to, agent)
	if err != nil {
		if _, strange := outcomeOf(err); strange != nil {
			s.w.wrong("connect from %d to %d: %v", s.number, to, strange)
		}
		return
	}
	if rng.IntN(3) > 0 {
		_, _ = s.w.parrotOf(ctx, remote, parrot, repeatable, s.w.someText(rng))
		return
	}
	_, _ = s.bounce(ctx, remote, repeatable, s.number, rng.IntN(perContainer), rng.IntN(4))
}

// callClient makes one call with an rpc client.
func (w *world) callClient(c *rpc.Client, rng *rand.Rand) {
	ctx, repeatable, release := impatient(context.Background(), rng)
	defer release()
	fn := parrot
	if rng.IntN(3) == 0 {
		fn = answer
	}
	_, err := w.parrotOf(ctx, c.Remote(), fn, repeatable, w.someText(rng))
	if c.Addr() != w.steady.Addr() {
		return
	}
	switch o, _ := outcomeOf(err); o {
	case succeeded, timedOut, cancelled, failed:
	default:
		w.wrong("a call that nobody disturbed: %v", err)
	}
}

// parrotOf calls parrot, or what is like it.
func (w *world) parrotOf(ctx context.Context, r rpc.Remote, fn rpc.Func3[uint64, uint32, string, string], repeatable bool, text string) (string, error) {
	call := w.ledger.begin(repeatable)
	got, err := fn.Call(ctx, r, call, sum(text), text)
	w.over(call, err)
	if err == nil && got != text {
		w.wrong("call %d of %v: another text came back", call, r)
	}
	return got, err
}

func (s *site) bounce(ctx context.Context, r rpc.Remote, repeatable bool, siteNumber, agent, depth int) (int, error) {
	call := s.w.ledger.begin(repeatable)
	n, err := bounce.Call(ctx, r, call, siteNumber, agent, depth)
	s.w.over(call, err)
	if err == nil && n != depth+1 {
		s.w.wrong("call %d of %v: %d calls at depth %d", call, r, n, depth)
	}
	return n, err
}

// over notes how a call ended.
func (w *world) over(call uint64, err error) {
	o, strange := outcomeOf(err)
	if strange != nil {
		w.wrong("call %d failed with %v", call, strange)
	}
	if err := w.ledger.end(call, o); err != nil {
		w.wrong("%v", err)
	}
}

// someText returns a text, mostly a short one, of at most 100,000 bytes.
func (w *world) someText(rng *rand.Rand) string {
	size := rng.IntN(200)
	if rng.IntN(10) == 0 {
		size = rng.IntN(100_001)
	}
	at := rng.IntN(len(w.text) - size)
	return w.text[at : at+size]
}

// impatient returns a context for one call, of a caller that may give up.
func impatient(ctx context.Context, rng *rand.Rand) (_ context.Context, repeatable bool, release func()) {
	release = func() {}
	soon := time.Duration(rng.IntN(20_000)) * time.Microsecond
	switch rng.IntN(10) {
	case 0:
		ctx, cancel := context.WithCancel(ctx)
		timer := time.AfterFunc(soon, cancel)
		return ctx, false, func() { timer.Stop(); cancel() }
	case 1:
		ctx, release = context.WithTimeout(ctx, soon)
	case 2:
		ctx = rpc.Timeout(ctx, soon+1)
	case 3:
		ctx, repeatable = rpc.Repeatable(ctx), true
	}
	return ctx, repeatable, release
}
