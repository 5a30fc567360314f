package world

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"

	"github.com/gomas/gomas/clock"
	"github.com/gomas/gomas/turn"
)

// Node is a part of the world, such as a container, with turns of its own. It is
// embedded in a type that, as a [turn.Scheduler], hands it to the turns.
type Node struct {
	world     *World
	name      string
	starts    int // of nodes with that name, up to this one
	free      turn.Own
	clock     nodeClock
	pauses    *rand.Rand
	scheduler turn.Scheduler
	ended     error // why, nil as long as it lives
}

// Init makes n a part of w, with a name, and how often there was one of that name,
// counted from 1. self is the type that n is embedded in.
func (n *Node) Init(w *World, name string, starts int, self turn.Scheduler) {
	n.world, n.name, n.starts, n.scheduler = w, name, starts, self
	n.clock = nodeClock{w.Clock(), n}
	n.free.UseScheduler(&n.scheduler)
}

// Base returns the node itself, of whatever it is embedded in.
func (n *Node) Base() *Node { return n }

// nodeOf returns the node that a turn is of, which is a turn of the world.
func nodeOf(t *turn.Own) *Node {
	return turn.SchedulerOf(t).(interface{ Base() *Node }).Base()
}

// World returns the world that the node is a part of.
func (n *Node) World() *World { return n.world }

// Free implements [turn.Scheduler].
func (n *Node) Free() *turn.Own { return &n.free }

// Clock returns the clock of the world, as the node has it: nothing that is
// scheduled on it happens after the end of the node.
func (n *Node) Clock() clock.Clock { return &n.clock }

// Float64 draws a number from 0 up to 1, for pauses between attempts of code that
// has no numbers of its own.
func (n *Node) Float64() float64 {
	if n.pauses == nil {
		n.pauses = n.Rand("pauses " + n.name)
	}
	return n.pauses.Float64()
}

// Rand returns the random numbers of a purpose; see [World.Rand]. They are others
// for each node of the same name.
func (n *Node) Rand(purpose string) *rand.Rand {
	if n.starts > 1 {
		purpose = fmt.Sprintf("%s, start %d", purpose, n.starts)
	}
	return n.world.Rand(purpose)
}

// ErrOutside is wrapped by errors for waiting with a context of the world, or for
// using what belongs to it, where no task of it runs.
var ErrOutside = errors.New("called from outside the network: only code that was started inside may wait there")

// Start implements [turn.Scheduler].
func (n *Node) Start(t *turn.Own, it *turn.Item) {
	w := n.world
	w.mu.Lock()
	switch {
	case w.closed || n.ended != nil:
	case t == &n.free:
		w.gained(t)
		w.push(w.newTask(n, t, it))
	default:
		w.gained(t)
		t.Enqueue(it)
		w.push(t)
	}
	w.mu.Unlock()
}

// Err returns why the code that runs may not wait in the node, nil if it may: the
// node has ended, say.
func (n *Node) Err() error {
	_, err := n.current(&n.free)
	return err
}

// Begin implements [turn.Scheduler].
func (n *Node) Begin(_ context.Context, t *turn.Own) (turn.Wait, error) {
	task, err := n.current(t)
	if err != nil {
		return turn.Wait{}, err
	}
	return task.begin(t), nil
}

// current returns the task that runs, if it may wait under t.
func (n *Node) current(t *turn.Own) (*task, error) {
	w := n.world
	task := w.running.Load()
	if task == nil || task.home == nil { // it has ended just now
		return nil, fmt.Errorf("%w: %w", turn.ErrMisuse, ErrOutside)
	}
	if task.turn != t && !turn.IsFree(t) {
		return nil, fmt.Errorf("%w: %s waits for another", turn.ErrMisuse, task)
	}
	if err := task.check(); err != nil {
		return nil, err
	}
	switch {
	case w.closed:
		task.afterlife()
		return nil, ErrClosed
	case task.home.ended != nil:
		task.afterlife()
		return nil, task.home.ended
	case task.turn != t && nodeOf(task.turn).ended != nil: // that of t is n
		return nil, nodeOf(task.turn).ended
	case n.ended != nil:
		return nil, n.ended
	}
	return task, nil
}

// Await implements [turn.Scheduler]. On virtual time the world stands still
// meanwhile, and what became ready by then goes first. On real time it goes on.
func (n *Node) Await(ctx context.Context, t *turn.Own, fn func()) error {
	task, err := n.current(t)
	if err != nil {
		return err
	}
	wait := task.begin(t)
	if !n.world.options.Real {
		defer func() {
			wait.Wake(nil)
			_ = wait.Block(context.Background(), "its turn")
		}()
		fn()
		return nil
	}
	p := new(outcome)
	go p.run(fn, wait)
	if err := wait.Block(context.Background(), "work of its own"); err != nil {
		return err
	}
	if p.panicked != nil {
		panic(p.panicked)
	}
	return nil
}

// outcome is what became of a function that runs outside.
type outcome struct{ panicked any }

func (p *outcome) run(fn func(), wait turn.Wait) {
	defer wait.Wake(nil)
	defer func() { p.panicked = recover() }()
	fn()
}

// Do implements [turn.Scheduler].
func (n *Node) Do(ctx context.Context, t *turn.Own, fn func()) error {
	if other := turn.From(ctx); !turn.IsFree(other) {
		return fmt.Errorf("%w: Do needs a context without one", turn.ErrMisuse)
	}
	if err := turn.Err(ctx); err != nil {
		return err
	}
	task := n.world.running.Load()
	if task == nil {
		return fmt.Errorf("%w: %w", turn.ErrMisuse, ErrOutside)
	}
	if err := task.check(); err != nil {
		return err
	}
	if n.ended != nil {
		return n.ended
	}
	own := task.turn
	defer func() { task.turn = own }()
	task.turn = t
	fn()
	return nil
}

// Ended reports whether End has been called. It is called inside the world.
func (n *Node) Ended() bool { return n.ended != nil }

// A Part is a reason for a wait that is part of a node, so that a task of another
// node would wait in vain after the end of that one.
type Part interface {
	// Turn is a turn of the node, nil if there is none.
	Turn() turn.Turn
}

// End ends the node: its tasks are, where they wait, and nothing of it begins
// any more. reason is what they get who wait all the same: in deferred functions,
// or as tasks of other nodes, for a [Part] of this one or inside of Do. It is
// called inside the world.
func (n *Node) End(reason error) {
	w := n.world
	w.mu.Lock()
	n.ended = reason
	var guests []turn.Wait
	for t := w.first; t != nil; t = t.next {
		if x := t.blocked(); t.home != n && x.open() && (nodeOf(t.turn) == n || n.has(x.why)) {
			guests = append(guests, turn.NewWait(x, x.number()))
		}
	}
	w.mu.Unlock()
	for _, g := range guests {
		g.Wake(reason)
	}
	w.kill(func(t *task) bool { return t.home == n })
}

// has reports whether what a task waits for is part of the node.
func (n *Node) has(why any) bool {
	p, ok := why.(Part)
	if !ok {
		return false
	}
	of, ok := turn.SchedulerOf(p.Turn()).(interface{ Base() *Node })
	return ok && of.Base() == n
}
