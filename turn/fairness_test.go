package turn_test

import (
	"context"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/gomas/gomas/turn"
)

// play is tasks of one agent that do what their scripts say, and the plain queue
// that their turn should be like. All of it belongs to the turn.
type play struct {
	*agent
	scripts  [][]string
	begun    int   // tasks
	ready    []int // in the order in which they became so
	sleeping []sleeper
	wrong    []int // who had the turn and was not the first in ready
}

type sleeper struct {
	task int
	wait turn.Wait
}

// begin queues the next task.
func (p *play) begin(start func(*turn.Item)) {
	if p.begun == len(p.scripts) {
		return
	}
	n := p.begun
	p.begun++
	p.ready = append(p.ready, n)
	start(turn.Func(func() {
		p.got(n)
		for _, action := range p.scripts[n] {
			p.act(n, action)
		}
	}))
}

// got notes that a task has the turn.
func (p *play) got(n int) {
	i := slices.Index(p.ready, n)
	if i != 0 {
		p.wrong = append(p.wrong, n)
	}
	p.ready = slices.Delete(p.ready, i, i+1)
}

func (p *play) act(n int, action string) {
	switch action {
	case "start":
		p.begin(p.Start)
	case "request":
		p.begin(func(it *turn.Item) { _ = p.TryStart(it, 1000) })
	case "yield":
		p.ready = append(p.ready, n)
		_ = turn.Yield(p.ctx)
		p.got(n)
	case "sleep":
		w, _ := turn.Begin(p.ctx, nil)
		p.sleeping = append(p.sleeping, sleeper{n, w})
		_ = w.Block(p.ctx, "test")
		p.got(n)
	case "wake":
		p.wake()
	}
}

func (p *play) wake() {
	if len(p.sleeping) > 0 {
		s := p.sleeping[0]
		p.sleeping = p.sleeping[1:]
		p.ready = append(p.ready, s.task)
		s.wait.Wake(nil)
	}
}

func TestTheTurnGoesToWhoeverHasBeenReadyForLongest(t *testing.T) {
	action := rapid.SampledFrom([]string{"start", "request", "yield", "sleep", "wake"})
	rapid.Check(t, func(t *rapid.T) {
		g := new(turn.Group)
		p := &play{
			agent:   newMember(g, "a"),
			scripts: rapid.SliceOfN(rapid.SliceOfN(action, 0, 8), 1, 30).Draw(t, "scripts"),
		}
		for over := false; !over; {
			if err := p.Do(context.Background(), func() {
				p.begin(p.Start)
				p.wake()
				over = p.begun == len(p.scripts) && len(p.ready)+len(p.sleeping) == 0
			}); err != nil {
				t.Fatal(err)
			}
			if err := g.Wait(context.Background()); err != nil {
				t.Fatal(err)
			}
		}
		if len(p.wrong) > 0 {
			t.Errorf("%v had the turn before others who had been ready for longer", p.wrong)
		}
	})
}

func TestATaskThatYieldsInALoopLetsEverybodyIn(t *testing.T) {
	g := new(turn.Group)
	a := newMember(g, "a")
	over, rounds := false, 0 // belong to the turn
	a.Start(turn.Func(func() {
		for ; !over; rounds++ {
			if err := turn.Yield(a.ctx); err != nil {
				t.Error(err)
				return
			}
		}
	}))
	for name, enter := range map[string]func(fn func()){
		"a task":    func(fn func()) { a.Start(turn.Func(fn)) },
		"a request": func(fn func()) { _ = a.TryStart(turn.Func(fn), 1) },
		"a wait": func(fn func()) {
			a.Start(turn.Func(func() { _ = turn.Sleep(a.ctx, nil, 0); fn() }))
		},
		"code outside": func(fn func()) { _ = a.Do(context.Background(), fn) },
	} {
		in := make(chan bool)
		enter(func() { close(in) })
		<-in
		t.Logf("%s was let in", name)
	}
	_ = a.Do(context.Background(), func() {
		before := rounds
		a.Start(turn.Func(func() {
			if over = true; rounds > before+1 {
				t.Errorf("let in after %d rounds", rounds-before)
			}
		}))
	})
	if err := g.Wait(context.Background()); err != nil {
		t.Error(err)
	}
}

func TestAFloodOfRequestsDelaysAWaitByThoseThatCameBefore(t *testing.T) {
	const before = 50
	g := new(turn.Group)
	a := newMember(g, "a")
	var wait turn.Wait
	over, served := false, 0 // belong to the turn
	a.Start(turn.Func(func() {
		wait, _ = turn.Begin(a.ctx, nil)
		_ = wait.Block(a.ctx, "test")
		if over = true; served != before {
			t.Errorf("resumed after %d requests", served)
		}
	}))
	if err := g.Wait(context.Background()); err != nil {
		t.Fatal(err)
	}
	var request func()
	request = func() { // and another one behind it, as long as there is room
		if served++; !over {
			a.Start(turn.Func(request))
		}
	}
	_ = a.Do(context.Background(), func() {
		for range before {
			a.Start(turn.Func(request))
		}
		wait.Wake(nil)
	})
	if err := g.Wait(context.Background()); err != nil {
		t.Fatal(err)
	}
	if !over {
		t.Error("never resumed")
	}
}
