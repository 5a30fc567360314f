package measure_test

import (
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/gomas/gomas/bench/measure"
	"github.com/gomas/gomas/bench/peers"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func find(t *testing.T, name string) *peers.Peer {
	p, err := peers.Find(name)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestAWorkHasTheFiguresThatBelongToIt(t *testing.T) {
	few := measure.Spread
	few.Connections, few.Callers = 50, 2 // so many that what else comes and goes does not matter
	for _, run := range []struct {
		peer string
		work measure.Work
	}{
		{"tcp/raw", measure.One},
		{"tcp/raw", measure.Many},
		{"tcp/raw", few},
		{"tcp/gomas contract, JSON", measure.One},
		{"tcp/gomas contract, JSON", measure.Many.With(measure.Timeout)},
		{"tcp/gomas contract, JSON", measure.Many.With(measure.Context)},
		{"tcp/gomas contract, JSON", few},
		{"tcp/gomas agents, MsgPack", measure.Many},
		{"ipc/gomas channel, Blosc", measure.Echo(64 << 10)},
		{"local/gomas channel, MsgPack", measure.Echo(1 << 10)},
		{"local/gomas contract, JSON", measure.Many.With(measure.Timeout)},
		{"local/gomas untyped, Blosc", measure.Many.With(measure.Context)},
		{"local/gomas agents, JSON", measure.Many},
		{"local/gomas agents, JSON", measure.One.With(measure.Deadline)},
		{"inside/gomas agents", measure.One.With(measure.Deadline)},
		{"inside/unbuffered channels", measure.One},
	} {
		t.Run(run.peer+", "+run.work.String(), func(t *testing.T) {
			f, err := measure.Run(t.Context(), find(t, run.peer), run.work, 10*time.Millisecond)
			if err != nil {
				t.Fatal(err)
			}
			if f.P50 <= 0 || f.P99 < f.P50 || f.Rate <= 0 || f.CPU < 0 || f.Allocs < 0 || f.Made != 0 {
				t.Errorf("%+v", f)
			}
			if several := run.work.Connections > 1; (f.Idle > 0) != several {
				t.Errorf("an idle connection has %.0f bytes", f.Idle)
			}
		})
	}
	t.Run("a crowd", func(t *testing.T) {
		f, err := measure.Run(t.Context(), find(t, "inside/gomas agents"), measure.Work{Crowd: 10_000}, time.Second)
		if err != nil || f.Idle <= 0 || f.Made <= 0 || f.Rate != 0 {
			t.Errorf("%+v, error %v", f, err)
		}
	})
}

func TestPeersDoTheWorksTheyCan(t *testing.T) {
	has := func(p *peers.Peer, w measure.Work) bool {
		for _, other := range measure.Works(p) {
			if other == w {
				return true
			}
		}
		return false
	}
	names := make(map[string]bool)
	for _, p := range peers.All() {
		for _, w := range measure.Works(p) {
			name := p.String() + ", " + w.String()
			if names[name] {
				t.Errorf("%s is there twice", name)
			}
			names[name] = true
		}
		all := p.Place != peers.IPC
		if has(p, measure.Spread) != (p.Connections && all && p.Place != peers.Local) || has(p, measure.Crowd) != (p.Crowd != nil) ||
			has(p, measure.Many.With(measure.Context)) != (p.Contexts && all) ||
			has(p, measure.Many.With(measure.Timeout)) != (p.Ours && all) {
			t.Errorf("%s does %v", p, measure.Works(p))
		}
	}
}
