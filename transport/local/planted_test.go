package local_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/gomas/gomas"
	"github.com/gomas/gomas/clock"
	"github.com/gomas/gomas/rpc"
	"github.com/gomas/gomas/transport/local"
	"github.com/gomas/gomas/turn"
)

// planted are scenarios with a bug that takes a rare order to show, and the same
// ones without it.
var planted = []struct {
	name          string
	network       local.Options
	broken, fixed func(ctx context.Context) error
}{
	{
		name:   "an update that is lost across a wait",
		broken: town(localAddr, (*Battery).charge),
		fixed:  town(localAddr, (*Battery).reserve),
	},
	{
		name:    "a second leader under a partition",
		network: local.Options{Links: someMilliseconds},
		broken:  election(func(r *round, now time.Duration) time.Duration { return now }),
		fixed:   election(func(r *round, now time.Duration) time.Duration { return r.began }),
	},
	{
		name:   "a reply that overtakes a registration",
		broken: jobs((*broker).submitFirst),
		fixed:  jobs((*broker).registerFirst),
	},
}

func TestExploreFindsAPlantedBugWhoseSeedFailsEveryTime(t *testing.T) {
	for _, p := range planted {
		t.Run(p.name, func(t *testing.T) {
			finding, err := local.Explore(t.Context(), &local.ExploreOptions{Network: p.network, Runs: 10_000}, p.broken)
			if err != nil || finding == nil {
				t.Fatalf("found %v, error %v", finding, err)
			}
			t.Log(finding)
			if finding.Unsteady != "" {
				t.Error(finding.Unsteady)
			}
			opts := p.network
			opts.Seed = finding.Seed
			for range 20 {
				opts.Trace = local.NewTrace(local.All)
				err := local.Run(t.Context(), &opts, p.broken)
				if err == nil || err.Error() != finding.Err.Error() || opts.Trace.Hash() != finding.Hash {
					t.Fatalf("again: %v, trace %x; want trace %x", err, opts.Trace.Hash(), finding.Hash)
				}
			}
		})
	}
}

func TestExploreFindsNothingOnceThePlantedBugIsRepaired(t *testing.T) {
	// All of them take some seconds; each time, as many as time allows.
	opts := local.ExploreOptions{Runs: 10_000, Time: 500 * time.Millisecond}
	for _, p := range planted {
		t.Run(p.name, func(t *testing.T) {
			opts.Network = p.network
			finding, err := local.Explore(t.Context(), &opts, p.fixed)
			if err != nil || finding != nil {
				t.Errorf("found %v, error %v", finding, err)
			}
		})
	}
}

func TestThePlantedBugsDoNotShowWithoutASeed(t *testing.T) {
	for _, p := range planted {
		if err := local.Run(t.Context(), &p.network, p.broken); err != nil {
			t.Errorf("%s: %v", p.name, err)
		}
	}
}

func someMilliseconds(_, _ string) local.Link {
	return local.Link{Delay: local.Uniform(time.Millisecond, 10*time.Millisecond)}
}

// A member leads for a lease that most members have promised, each to one.
type member struct {
	*gomas.Agent
	others   []rpc.Remote
	promised string        // to whom
	until    time.Duration // that lasts
	leads    time.Duration // until then
	since    func(r *round, now time.Duration) time.Duration
	terms    *[]term
}

// term is a time in which a member has led.
type term struct {
	who         string
	from, until time.Duration
}

func (t term) String() string { return fmt.Sprintf("%s from %v until %v", t.who, t.from, t.until) }

const (
	promise rpc.Func1[string, bool] = "promise(id): not to follow others for a lease"
	lease                           = time.Second
)

func newMember(_ context.Context, a *gomas.Agent) (*member, error) {
	m := &member{Agent: a}
	promise.Handle(a.Services(), func(_ context.Context, id string) (bool, error) { return m.promise(id), nil })
	return m, nil
}

func (m *member) promise(id string) bool {
	now := m.Clock().Now()
	if m.promised != id && now < m.until {
		return false
	}
	m.promised, m.until = id, now+lease
	return true
}

// round is one attempt to lead, or to go on.
type round struct {
	began time.Duration
	votes int
}

// campaign tries to lead whenever nobody else may, and then to go on.
func (m *member) campaign(ctx context.Context) {
	draw := local.From(ctx).Rand("member " + m.URL())
	for {
		now := m.Clock().Now()
		pause := lease / 2
		if m.leads <= now {
			pause = max(0, m.until-now) + time.Duration(draw.Int64N(int64(lease/2)))
		}
		if m.Sleep(ctx, pause) != nil {
			return
		}
		r := &round{began: m.Clock().Now()}
		if !m.promise(m.URL()) {
			continue
		}
		m.count(r)
		for _, other := range m.others {
			_ = m.Go(func(ctx context.Context) {
				if ok, err := promise.Call(ctx, other, m.URL()); err == nil && ok {
					m.count(r)
				}
			})
		}
	}
}

// count counts a vote. The one that makes the majority begins the lease, or
// prolongs it.
func (m *member) count(r *round) {
	if r.votes++; r.votes != 2 {
		return
	}
	now := m.Clock().Now()
	if leads := m.since(r, now) + lease; leads > now {
		m.leads = leads
		*m.terms = append(*m.terms, term{m.URL(), now, leads})
	}
}

// election has three members elect a leader, one of whom is cut off for a while.
func election(since func(r *round, now time.Duration) time.Duration) func(ctx context.Context) error {
	return func(ctx context.Context) error {
		var members [3]*member
		var terms []term
		for i := range members {
			c, err := gomas.NewContainer(ctx, fmt.Sprintf("local://%c", 'a'+i), nil)
			if err != nil {
				return err
			}
			if members[i], err = gomas.Spawn(ctx, c, newMember); err != nil {
				return err
			}
			members[i].since, members[i].terms = since, &terms
		}
		for i, m := range members {
			for j, other := range members {
				if i == j {
					continue
				}
				remote, err := m.Connect(ctx, other.URL())
				if err != nil {
					return err
				}
				m.others = append(m.others, remote)
			}
		}
		for _, m := range members {
			if err := m.Go(m.campaign); err != nil {
				return err
			}
		}
		n := local.From(ctx)
		at := time.Duration(n.Rand("partition").Int64N(int64(time.Second)))
		err1 := clock.Sleep(ctx, n.Clock(), 3*lease+at)
		n.Partition([]string{"a"}, []string{"b", "c"})
		err2 := clock.Sleep(ctx, n.Clock(), 2*lease)
		n.Heal()
		err3 := clock.Sleep(ctx, n.Clock(), lease/4)
		for i, t := range terms {
			for _, other := range terms[:i] {
				if t.who != other.who && t.from < other.until && other.from < t.until {
					return fmt.Errorf("two lead at once: %v, and %v", other, t)
				}
			}
		}
		return errors.Join(err1, err2, err3)
	}
}

const (
	submit rpc.Proc1[int] = "submit(job): and wait until it is done"
	done   rpc.Proc1[int] = "done(job)"
	start  rpc.Proc1[int] = "start(job)"
)

// broker gives jobs to a worker, which tells it when they are done.
type broker struct {
	*gomas.Agent
	worker rpc.Remote
	jobs   map[int]*turn.Event
}

func newBroker(run func(b *broker, ctx context.Context, job int) error) func(context.Context, *gomas.Agent) (*broker, error) {
	return func(_ context.Context, a *gomas.Agent) (*broker, error) {
		b := &broker{Agent: a, jobs: make(map[int]*turn.Event)}
		submit.Handle(a.Services(), func(ctx context.Context, job int) error { return run(b, ctx, job) })
		done.Handle(a.Services(), func(_ context.Context, job int) error {
			if ended := b.jobs[job]; ended != nil {
				ended.Set(nil)
			}
			return nil
		})
		return b, nil
	}
}

func (b *broker) submitFirst(ctx context.Context, job int) error {
	err := start.Call(ctx, b.worker, job)
	if err != nil {
		return err
	}
	ended := new(turn.Event)
	b.jobs[job] = ended
	return ended.Wait(ctx, nil, fmt.Sprintf("job %d", job))
}

func (b *broker) registerFirst(ctx context.Context, job int) error {
	ended := new(turn.Event)
	b.jobs[job] = ended
	if err := start.Call(ctx, b.worker, job); err != nil {
		return err
	}
	return ended.Wait(ctx, nil, fmt.Sprintf("job %d", job))
}

// worker does jobs in tasks of its own.
type worker struct {
	*gomas.Agent
	broker rpc.Remote
}

func newWorker(broker string) func(context.Context, *gomas.Agent) (*worker, error) {
	return func(ctx context.Context, a *gomas.Agent) (_ *worker, err error) {
		w := &worker{Agent: a}
		start.Handle(a.Services(), func(_ context.Context, job int) error {
			return w.Go(func(ctx context.Context) {
				for range 7 { // the work
					_ = w.Sleep(ctx, 0)
				}
				_ = done.Call(ctx, w.broker, job)
			})
		})
		w.broker, err = a.Connect(ctx, broker)
		return w, err
	}
}

// jobs submits one job to a broker.
func jobs(run func(b *broker, ctx context.Context, job int) error) func(ctx context.Context) error {
	return func(ctx context.Context) error {
		here, err1 := gomas.NewContainer(ctx, "local://here", nil)
		there, err2 := gomas.NewContainer(ctx, "local://there", nil)
		if err := errors.Join(err1, err2); err != nil {
			return err
		}
		b, err := gomas.Spawn(ctx, here, newBroker(run))
		if err != nil {
			return err
		}
		w, err := gomas.Spawn(ctx, there, newWorker(b.URL()))
		if err != nil {
			return err
		}
		if b.worker, err = b.Connect(ctx, w.URL()); err != nil {
			return err
		}
		return submit.Call(ctx, b.Remote(), 1)
	}
}
