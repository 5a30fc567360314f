package local

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/gomas/gomas/clock"
	"github.com/gomas/gomas/internal/world"
	"github.com/gomas/gomas/transport"
	"github.com/gomas/gomas/turn"
)

// Options are the settings of a [Network]. The zero value of each field means its
// default, and a nil *Options all defaults.
type Options struct {
	// Seed is what everything is drawn from that is left to chance: the order
	// of what could happen next, and what links do. The default, 0, is not to
	// draw the order: what could happen first does.
	Seed uint64

	// RealTime makes the clock of the network follow real time, and lets its
	// code use sockets. The default is virtual time: it stands still while
	// anything can happen, and then jumps to the next timer.
	RealTime bool

	// Start is the date when the time is 0. The default is the start of the
	// year 2000 or, on real time, now.
	Start time.Time

	// Links returns what a connection is like, from one container to another;
	// it is asked once for each direction. Code that is in no container is in
	// [Program]. The default is a [Link] without any delay, as there always is
	// inside one container.
	Links func(from, to string) Link

	// Trace records what happens. The default is not to.
	Trace *Trace

	// Stall is the real time after which a task is reported that does not
	// wait; see [StallError]. The default is 10 seconds; a negative time turns
	// that off.
	Stall time.Duration

	// CheckTurns verifies at each wait that the calling goroutine is the one
	// that may wait, which takes some 10 µs, in place of now and then. Another
	// one, such as one that a bare go statement has started, ends the network
	// with [turn.ErrMisuse]; if it is not noticed, what happens is undefined.
	CheckTurns bool

	hasty bool // verify it less often than otherwise
}

// Program is the container, as far as the network is concerned, of code that is
// in none: that of [Network.Run].
const Program = "main"

// The errors of code that waits in a network.
type (
	// DeadlockError reports that nothing can happen any more: all tasks wait,
	// and no timer is set.
	DeadlockError = world.DeadlockError
	// StandstillError reports that virtual time does not seem to go on.
	StandstillError = world.StandstillError
	// StallError reports a task that blocks outside the network.
	StallError = world.StallError
	// PanicError reports a task that has panicked.
	PanicError = world.PanicError
)

var (
	// ErrClosed is the error for waiting in a network that has been closed.
	ErrClosed = world.ErrClosed
	// ErrOutside is wrapped by errors for waiting, with a context of a network,
	// where none of its tasks runs.
	ErrOutside = world.ErrOutside
	// ErrWallTime is the error for waiting, on virtual time, with a context
	// that has a deadline of real time.
	ErrWallTime = world.ErrWallTime
	// ErrCrashed is the error for waiting in a container that has crashed.
	ErrCrashed = errors.New("local: the container has crashed")
)

// Network is a network inside the program. Its methods may be called inside and
// outside of it, unless said otherwise.
type Network struct {
	options Options
	world   *world.World
	trace   *Trace
	program *node
	divided atomic.Bool // there is a partition

	mu     sync.Mutex
	nodes  map[string]*node
	starts map[string]int // of containers, by their ids
	links  []*link        // all that have not ended, in the order of their making
	made   int            // links ever made
	pairs  map[pair]int   // links ever made from one to another
	sides  map[string]int // of a partition; those that are not in it are on side 0
	boots  map[string]func(context.Context) error
}

type pair struct{ from, to string }

// New returns a network in which there is nothing yet. It must be closed.
func New(opts *Options) *Network {
	n := &Network{
		nodes: make(map[string]*node), starts: make(map[string]int), pairs: make(map[pair]int),
		sides: make(map[string]int), boots: make(map[string]func(context.Context) error),
	}
	if opts != nil {
		n.options = *opts
	}
	o := &n.options
	if o.Start.IsZero() {
		o.Start = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)
		if o.RealTime {
			o.Start = time.Now().UTC()
		}
	}
	if o.Stall == 0 {
		o.Stall = 10 * time.Second
	}
	n.world = world.New(world.Options{Seed: o.Seed, Real: o.RealTime, Start: o.Start, Stall: o.Stall, Check: o.CheckTurns, Hasty: o.hasty})
	n.trace = o.Trace
	n.program = n.newNode(Program)
	return n
}

// defaultNetwork is the one for the whole process.
var defaultNetwork = sync.OnceValue(func() *Network { return New(&Options{RealTime: true}) })

// Default returns the network of the whole process, which is on real time, takes
// things in the order in which they could happen, and is never closed.
func Default() *Network { return defaultNetwork() }

// Run runs fn in a network of its own, which is closed when fn has returned. fn
// and all that it starts find the network by their contexts; see [From].
func Run(ctx context.Context, opts *Options, fn func(ctx context.Context) error) error {
	n := New(opts)
	defer func() { _ = n.Close() }() // also if a test fails, which ends the goroutine
	return n.Run(ctx, fn)
}

// Run runs fn inside the network, and returns its error. fn and what it starts
// must wait through its context only, as by calls and Sleep, and not start
// goroutines of their own that do so. The context ends with ctx, but has no
// deadline.
//
// Nothing happens in the network except while Run is under way. When fn has
// returned, so does Run; what else there is in the network remains, and goes on
// with the next Run. Calls of Run may be under way at the same time: their
// functions are in the same network then, and take turns. That is how something
// can be brought in from outside, but runs are no longer the same if it happens
// on virtual time.
//
// If the network fails, Run returns why: a *[DeadlockError], *[StandstillError],
// *[StallError] or *[PanicError]. If a task ends its goroutine, as FailNow of
// package testing does, so does Run.
func (n *Network) Run(ctx context.Context, fn func(ctx context.Context) error) error {
	return n.world.Run(ctx, &n.program.Node, Program, fn)
}

// From returns the network that ctx is of, nil if it is of none.
func From(ctx context.Context) *Network {
	if p, ok := turn.SchedulerOf(turn.From(ctx)).(*node); ok {
		return p.net
	}
	return nil
}

// Close ends all that there is in the network, in the order of its start. Tasks
// end where they wait, and run their deferred functions. Close waits until no Run
// is under way, so it must not be called inside. It fails if a task has stalled.
func (n *Network) Close() error { return n.world.Close() }

// Clock returns the clock of the network.
func (n *Network) Clock() clock.Clock { return n.world.Clock() }

// Rand returns a new source of random numbers that depend on the seed and the
// purpose alone. Each purpose has numbers of its own, so that one more draw for
// one of them changes nothing for the others.
func (n *Network) Rand(purpose string) *rand.Rand { return n.world.Rand("user " + purpose) }

// Seed returns the seed.
func (n *Network) Seed() uint64 { return n.options.Seed }

// node is a container in the network, from its start to its crash. As a
// [turn.Scheduler], it is what contexts of a network are known by.
type node struct {
	world.Node
	net      *Network
	id       string
	listener *listener
}

// newNode returns the node of a container that starts, or starts again. n.mu is held.
func (n *Network) newNode(id string) *node {
	n.starts[id]++
	p := &node{net: n, id: id}
	p.Init(n.world, id, n.starts[id], p)
	return p
}

// Sockets implements [transport.Network].
func (p *node) Sockets() error {
	if p.net.options.RealTime {
		return nil
	}
	return errors.New("time is virtual in this network, and sockets need real time: use local:// addresses, or Options.RealTime")
}

// Listen implements [transport.Network].
func (p *node) Listen(_ context.Context, a transport.Addr, opts *transport.Options) (transport.Listener, error) {
	n := p.net
	n.mu.Lock()
	defer n.mu.Unlock()
	if opts.TLS != nil {
		return nil, fmt.Errorf("listen %v: %w", a, errTLS)
	}
	if a.Host == Program {
		return nil, fmt.Errorf("listen %v: %q is the name of what is in no container", a, Program)
	}
	home := n.nodes[a.Host]
	switch {
	case home != nil && home.listener != nil:
		return nil, fmt.Errorf("listen %v: %w", a, syscall.EADDRINUSE)
	case home == nil || home != p:
		home = n.newNode(a.Host)
		n.nodes[a.Host] = home
	}
	l := &listener{node: home, addr: a, options: opts}
	home.listener = l
	n.record(Event{Kind: Listen, From: a.Host})
	return l, nil
}

var errTLS = errors.New("a local network has no TLS, and nobody to hide from")

// listener is a container that can be dialled.
type listener struct {
	node    *node
	addr    transport.Addr
	options *transport.Options

	// Guarded by the mutex of the network.
	accept  func(transport.Link)
	waiting []*dialling // before Start
	links   int
	closed  bool
}

func (l *listener) Addr() transport.Addr { return l.addr }

// Turn is the turn of what belongs to no agent of the container; see
// [transport.TurnOf].
func (l *listener) Turn() turn.Turn { return l.node.Free() }

func (l *listener) Start(accept func(transport.Link)) {
	n := l.node.net
	n.mu.Lock()
	l.accept = accept
	waiting := l.waiting
	l.waiting = nil
	n.mu.Unlock()
	for _, d := range waiting {
		n.world.Push(d)
	}
}

func (l *listener) Close() error {
	n := l.node.net
	n.mu.Lock()
	defer n.mu.Unlock()
	l.close()
	return nil
}

// close ends listening. The mutex of the network is held.
func (l *listener) close() {
	if l.closed {
		return
	}
	l.closed = true
	l.node.listener = nil
	for _, d := range l.waiting {
		l.node.net.world.Push(d)
	}
	l.waiting = nil
}
