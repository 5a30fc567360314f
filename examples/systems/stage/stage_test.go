package stage_test

import (
	"context"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/gomas/gomas"
	"github.com/gomas/gomas/examples/systems/stage"
	"github.com/gomas/gomas/rpc"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	pass    rpc.Proc2[rpc.Remote, int] = "pass(other, times): the ball to and fro"
	address rpc.Func0[string]          = "address(): where the agent lives"
)

// player counts what it passes.
type player struct {
	*gomas.Agent
	tally stage.Tally
}

func newPlayer(a *gomas.Agent, received int) (*player, error) {
	p := &player{Agent: a}
	p.tally.Received = received
	pass.Handle(a.Services(), p.pass)
	address.Handle(a.Services(), func(context.Context) (string, error) { return a.Container().Addr(), nil })
	p.tally.Handle(a.Services())
	return p, nil
}

func (p *player) pass(ctx context.Context, other rpc.Remote, times int) error {
	p.tally.Received++
	if times == 0 {
		return nil
	}
	p.tally.Sent++
	return pass.Notify(ctx, other, p.Remote(), times-1)
}

func register(f *gomas.Factories) error { return f.Register("player(received)", newPlayer) }

func open(t *testing.T, containers ...string) *stage.Stage {
	t.Helper()
	s, err := stage.Open(t.Context(), stage.Plan{Addrs: containers}, register)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return s
}

func spawn(t *testing.T, s *stage.Stage, received ...int) []rpc.Remote {
	t.Helper()
	players := make([]rpc.Remote, len(received))
	for i, r := range received {
		var err error
		if players[i], err = s.Spawn(t.Context(), "player", r); err != nil {
			t.Fatal(err)
		}
	}
	return players
}

const anyPort = "tcp://127.0.0.1:0"

func TestAgentsAreSpreadOverTheContainers(t *testing.T) {
	s := open(t, anyPort, anyPort)
	addrs, err := stage.Ask(t.Context(), spawn(t, s, 0, 0, 0), address)
	if err != nil {
		t.Fatal(err)
	}
	if addrs[0] == addrs[1] || addrs[0] != addrs[2] {
		t.Errorf("they live at %v", addrs)
	}
}

func TestSettledWaitsForAllMessages(t *testing.T) {
	s := open(t, anyPort, anyPort)
	players := spawn(t, s, -1, 0) // the first throw, which is ours, is not counted
	const times = 2000
	if err := pass.Notify(t.Context(), players[0], players[1], times); err != nil {
		t.Fatal(err)
	}
	if total, err := s.Settled(t.Context(), players); err != nil || total != (stage.Tally{Sent: times, Received: times}) {
		t.Errorf("%+v, %v", total, err)
	}
}

func TestSettledWaitsForAMessageThatIsMissingUntilItsContextEnds(t *testing.T) {
	s := open(t, anyPort)
	players := spawn(t, s, 1)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if total, err := s.Settled(ctx, players); err == nil {
		t.Errorf("settled with %+v", total)
	}
}

func TestGatherCallsForMoreItemsThanAConnectionCanBearAtATime(t *testing.T) {
	items := make([]int, 1000)
	got, err := stage.Gather(t.Context(), items, func(_ context.Context, i int, _ int) (int, error) { return i, nil })
	if err != nil || len(got) != len(items) {
		t.Fatal(len(got), err)
	}
	for i, v := range got {
		if v != i {
			t.Fatalf("the result of item %d is %d", i, v)
		}
	}
}

func TestOpenFailsAndLeavesNothingBehind(t *testing.T) {
	for name, addrs := range map[string][]string{
		"without an address":                {},
		"if a later container cannot start": {anyPort, "tcp://127.0.0.1:99999"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := stage.Open(t.Context(), stage.Plan{Addrs: addrs}, register); err == nil {
				t.Error("it opens")
			}
		})
	}
}
