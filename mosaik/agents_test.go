package mosaik_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/gomas/gomas"
	"github.com/gomas/gomas/mosaik"
	"github.com/gomas/gomas/rpc"
)

// A player passes a ball on: it answers at once and does so in a task of its
// own, so that no call lasts until the ball has come to rest.
type player struct {
	*gomas.Agent
	score score
	next  rpc.Remote
}

type score struct {
	Ball   int64   `mosaik:"ball,in"`
	Passed int64   `mosaik:"passed,out"`
	Now    float64 `mosaik:"now,out"` // the clock of the agent, in seconds
	Due    int64   `mosaik:"due,out"` // how often its timer has run
	Seen   int64   `mosaik:"seen,out"`
}

const (
	pass    rpc.Proc1[int64]      = "pass(ball)"
	setNext rpc.Proc1[rpc.Remote] = "next(player)"
)

func newPlayer(_ context.Context, a *gomas.Agent) (*player, error) {
	p := &player{Agent: a}
	pass.Handle(a.Services(), p.pass)
	setNext.Handle(a.Services(), func(_ context.Context, next rpc.Remote) error { p.next = next; return nil })
	if err := a.Every(10*time.Second, func(context.Context) error {
		p.score.Due++
		p.score.Seen = p.score.Ball // the inputs of this step
		return nil
	}); err != nil {
		return nil, err
	}
	return p, mosaik.Attach(a, &p.score, p.step)
}

func (p *player) step(ctx context.Context, _ int64) error {
	if p.score.Ball < 0 {
		return fmt.Errorf("a ball of %d", p.score.Ball)
	}
	p.score.Now = p.Clock().Now().Seconds()
	return p.pass(ctx, p.score.Ball)
}

func (p *player) pass(_ context.Context, ball int64) error {
	if ball == 0 {
		return nil
	}
	p.score.Passed++
	return p.Go(func(ctx context.Context) {
		if err := p.Sleep(ctx, 0); err == nil { // others first
			_ = pass.Call(ctx, p.next, ball-1)
		}
	})
}

func players() *gomas.Factories {
	var f gomas.Factories
	for text, fn := range map[string]any{"player()": newPlayer, "weak(dies)": newWeak} {
		if err := f.Register(text, fn); err != nil {
			panic(err)
		}
	}
	return &f
}

// team starts players in processes and in this one.
func team(t *testing.T, processes, here int, opts *mosaik.AgentsOptions) *mosaik.Agents {
	t.Helper()
	if opts == nil {
		opts = new(mosaik.AgentsOptions)
	}
	opts.Processes = processes
	opts.Date = time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
	opts.Container.CheckTurns = true
	agents, err := mosaik.StartAgents(t.Context(), mosaik.Start{Resolution: time.Second}, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		var ended *gomas.ProcessError // reported by the step before
		if err := agents.Stop(context.Background()); err != nil && !errors.As(err, &ended) {
			t.Error("stop:", err)
		}
	})
	var all []rpc.Remote
	for i := range processes {
		id := fmt.Sprintf("there-%d", i)
		if _, err := agents.Spawn(t.Context(), id, "player"); err != nil {
			t.Fatal(err)
		}
		r, _ := agents.Agent(id)
		all = append(all, r)
	}
	for i := range here {
		p, err := gomas.Spawn(t.Context(), agents.Container(), newPlayer)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := agents.Add(fmt.Sprintf("here-%d", i), p.Remote()); err != nil {
			t.Fatal(err)
		}
		all = append(all, p.Remote())
	}
	for i, r := range all {
		if err := setNext.Call(t.Context(), r, all[(i+1)%len(all)]); err != nil {
			t.Fatal(err)
		}
	}
	return agents
}

func TestAStepReturnsWhenAgentsEverywhereHaveComeToRest(t *testing.T) {
	const passes, steps = 20, 10
	for _, test := range []struct {
		name            string
		processes, here int
		ids             []string
	}{
		{"in this process", 0, 3, []string{"here-0", "here-1", "here-2"}},
		{"in this process and two others", 2, 1, []string{"there-0", "there-1", "here-0"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			agents := team(t, test.processes, test.here, nil)
			query := make(mosaik.Query)
			for _, id := range test.ids {
				query[id] = []string{"passed", "now", "due", "seen"}
			}
			for step := range int64(steps) {
				now := step * 10
				inputs := mosaik.Inputs{}
				for _, id := range test.ids {
					inputs[id] = map[string]map[string]any{"ball": {"Other-0.E": passes + step}}
				}
				if err := agents.Step(t.Context(), mosaik.Step{Time: now, Inputs: inputs}); err != nil {
					t.Fatal(err)
				}
				var outputs mosaik.Outputs
				if err := agents.Give(t.Context(), query, &outputs); err != nil {
					t.Fatal(err)
				}
				var passed int64
				for id, values := range outputs.Values {
					passed += values["passed"].(int64)
					if values["now"] != float64(now) || values["due"] != step {
						t.Errorf("step %d: %s is at %v and was due %v times", step, id, values["now"], values["due"])
					}
					if step > 0 && values["seen"] != passes+step {
						t.Errorf("step %d: the timer of %s saw the ball %v of another step", step, id, values["seen"])
					}
				}
				want := int64(0)
				for s := range step + 1 {
					want += int64(len(test.ids)) * (passes + s)
				}
				if passed != want {
					t.Fatalf("after step %d there were %d passes, want %d", step, passed, want)
				}
			}
			if err := agents.Step(t.Context(), mosaik.Step{Time: 5}); err == nil || !strings.Contains(err.Error(), "leave setting the clocks to Agents") {
				t.Errorf("a step into the past: %v", err)
			}
		})
	}
}

func TestFailuresOfAgentsNameTheEntity(t *testing.T) {
	agents := team(t, 0, 2, nil)
	for _, test := range []struct {
		name   string
		inputs map[string]map[string]any
		want   []string
	}{
		{"of a step function", map[string]map[string]any{"ball": {"E": int64(-3)}}, []string{"step of entity here-1", "a ball of -3"}},
		{"of an unknown input", map[string]map[string]any{"bal": {"E": int64(3)}}, []string{"inputs of entity here-1", `no input "bal"`}},
		{"of a value that does not fit", map[string]map[string]any{"ball": {"E": "x"}}, []string{"inputs of entity here-1", "input ball", "string does not fit int64"}},
		{"of two sources", map[string]map[string]any{"ball": {"E": int64(1), "F": int64(2)}}, []string{"2 sources", `["E" "F"]`, "map[string]int64"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			err := agents.Step(t.Context(), mosaik.Step{Inputs: mosaik.Inputs{"here-1": test.inputs}})
			for _, want := range test.want {
				if err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("%q is not in: %v", want, err)
				}
			}
		})
	}
	if _, err := agents.Spawn(t.Context(), "x", "player"); err == nil || !strings.Contains(err.Error(), "AgentsOptions.Processes") {
		t.Errorf("spawn without processes: %v", err)
	}
	if _, err := agents.Add("here-0", rpc.Remote{}); err == nil {
		t.Error("a second agent of one entity")
	}
}

// newWeak is an agent that panics in its step, or whose process dies.
func newWeak(_ context.Context, a *gomas.Agent, dies bool) (*player, error) {
	p := &player{Agent: a}
	return p, mosaik.Attach(a, &p.score, func(context.Context, int64) error {
		if dies {
			fmt.Println("farewell")
			os.Exit(7)
		}
		panic("no more")
	})
}

func TestAStepWithAFailingProcess(t *testing.T) {
	for _, test := range []struct {
		name string
		dies bool
		want []string
	}{
		{"an agent that panics", false, []string{"step of entity weak", "panic: no more"}},
		{"a process that dies", true, []string{"step of entity weak", "process agents-0", "exit status 7", "farewell"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			agents := team(t, 2, 0, &mosaik.AgentsOptions{Process: gomas.ProcessOptions{Name: "agents", Stdout: t.Output(), Stderr: t.Output()}})
			if _, err := agents.Spawn(t.Context(), "weak", "weak", test.dies); err != nil {
				t.Fatal(err)
			}
			err := agents.Step(t.Context(), mosaik.Step{Time: 1})
			for _, want := range test.want {
				if err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("%q is not in: %v", want, err)
				}
			}
		})
	}
}

func TestAgentsThatDoNotRestAreReported(t *testing.T) {
	agents := team(t, 0, 1, &mosaik.AgentsOptions{Patience: 2 * time.Second})
	if err := agents.Step(t.Context(), mosaik.Step{Time: 1}); err != nil {
		t.Fatal(err)
	}
	// Work outside of any turn, which the agent waits for.
	release := make(chan struct{})
	defer close(release)
	a := agents.Container().Agents()[0]
	began := make(chan struct{})
	if err := a.Go(func(ctx context.Context) {
		_ = a.Await(ctx, func() error { close(began); <-release; return nil })
	}); err != nil {
		t.Fatal(err)
	}
	<-began
	err := agents.Step(t.Context(), mosaik.Step{Time: 2})
	if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "not come to rest within 2s") {
		t.Errorf("agents that do not rest: %v", err)
	}
}

func TestTimesBeyondAClockAreRefused(t *testing.T) {
	agents := team(t, 0, 1, nil)
	for _, time := range []int64{-1, 1 << 60} {
		if err := agents.Step(t.Context(), mosaik.Step{Time: time}); err == nil || !strings.Contains(err.Error(), "set time_resolution") {
			t.Errorf("a step at %d: %v", time, err)
		}
	}
}

func TestWhatCannotBeAttachedIsRefused(t *testing.T) {
	agents := team(t, 0, 1, nil)
	for want, attrs := range map[string]any{
		"no pointer to a struct":  score{},
		"has no field with a tag": new(struct{ A int }),
		`has the option "sometime"`: new(struct {
			A int `mosaik:"a,sometime"`
		}),
	} {
		_, err := gomas.Spawn(t.Context(), agents.Container(), func(_ context.Context, a *gomas.Agent) (*player, error) {
			return &player{Agent: a}, mosaik.Attach(a, attrs, nil)
		})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%T: %v, want %q", attrs, err, want)
		}
	}
}

func TestAnAgentWithoutAStepFunction(t *testing.T) {
	agents := team(t, 0, 1, nil)
	s := &score{Passed: 7}
	a, err := gomas.Spawn(t.Context(), agents.Container(), func(_ context.Context, a *gomas.Agent) (*player, error) {
		return &player{Agent: a}, mosaik.Attach(a, s, nil)
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := agents.Add("still", a.Remote()); err != nil {
		t.Fatal(err)
	}
	if err := agents.Step(t.Context(), mosaik.Step{Time: 1}); err != nil {
		t.Fatal(err)
	}
	var outputs mosaik.Outputs
	if err := agents.Give(t.Context(), mosaik.Query{"still": {"passed"}}, &outputs); err != nil || outputs.Values["still"]["passed"] != int64(7) {
		t.Errorf("%v, %v", outputs, err)
	}
	if err := agents.Give(t.Context(), mosaik.Query{"still": {"ball"}}, &outputs); err == nil || !strings.Contains(err.Error(), "outputs of entity still") {
		t.Error(err)
	}
}
