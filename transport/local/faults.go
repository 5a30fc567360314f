package local

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/gomas/gomas/turn"
)

// Partition divides the network into groups of containers, and takes the place of
// a partition that there is. Containers that are in no group, and [Program], are
// in the first. Frames between groups are held until [Network.Heal], and
// connecting is refused; connections remain.
//
// Like the other faults it is for code inside the network, or between runs.
func (n *Network) Partition(groups ...[]string) {
	sides := make(map[string]int)
	for side, ids := range groups {
		for _, id := range ids {
			sides[id] = side
		}
	}
	n.mu.Lock()
	n.sides = sides
	n.divided.Store(true)
	n.record(Event{Kind: Partition, Note: fmt.Sprint(groups)})
	links := slices.Clone(n.links)
	n.mu.Unlock()
	for _, l := range links {
		l.release()
	}
}

// Heal ends a partition. What was held is delivered.
func (n *Network) Heal() {
	n.mu.Lock()
	clear(n.sides)
	n.divided.Store(false)
	n.record(Event{Kind: Heal})
	links := slices.Clone(n.links)
	n.mu.Unlock()
	for _, l := range links {
		l.release()
	}
}

// release has frames looked at again that may have been held.
func (l *link) release() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i := range l.ends {
		if e := &l.ends[i]; e.receiver != nil {
			e.again()
		}
	}
}

// apart reports whether a partition is between two containers.
func (n *Network) apart(a, b string) bool {
	if !n.divided.Load() {
		return false
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.sides[a] != n.sides[b]
}

// Reset breaks all connections between two containers.
func (n *Network) Reset(a, b string) {
	for _, l := range n.linksOf(func(l *link) bool {
		x, y := l.ends[0].local.Host, l.ends[0].remote.Host
		return x == a && y == b || x == b && y == a
	}) {
		l.reset(ErrReset)
	}
}

func (n *Network) linksOf(which func(*link) bool) (links []*link) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, l := range n.links {
		if which(l) {
			links = append(links, l)
		}
	}
	return links
}

func (n *Network) forget(l *link) {
	if i := slices.Index(n.links, l); i >= 0 {
		n.links = slices.Delete(n.links, i, i+1)
	}
}

// Boot runs fn in a container with an id, which fn is to start at the address
// "local://id", and returns its error. What fn starts is part of the container,
// and ends if that crashes; [Network.Restart] then calls fn again.
func (n *Network) Boot(ctx context.Context, id string, fn func(ctx context.Context) error) error {
	if From(ctx) != n {
		return fmt.Errorf("local: boot %s: %w", id, ErrOutside)
	}
	n.mu.Lock()
	if n.nodes[id] != nil && n.nodes[id].listener != nil || id == Program {
		n.mu.Unlock()
		return fmt.Errorf("local: boot %s: there is one already", id)
	}
	n.boots[id] = fn
	p := n.newNode(id)
	n.nodes[id] = p
	n.mu.Unlock()
	b := &booting{node: p, fn: fn}
	b.start()
	if err := b.done.Wait(ctx, nil, b); err != nil {
		return fmt.Errorf("local: boot %s: %w", id, err)
	}
	return nil
}

// booting is the start of a container.
type booting struct {
	turn.Item
	node  *node
	fn    func(ctx context.Context) error
	done  turn.Event
	again bool
}

func (b *booting) start() {
	b.Task = b
	b.node.Free().Start(&b.Item)
}

// Turn implements [world.Part].
func (b *booting) Turn() turn.Turn { return b.node.Free() }

// String is what reports call it.
func (b *booting) String() string { return "the start of container " + b.node.id }

// Run implements [turn.Task].
func (b *booting) Run() {
	err := ErrCrashed
	defer func() {
		b.done.Set(err)
		if b.again && err != nil && !errors.Is(err, ErrCrashed) {
			b.node.net.world.Fail(fmt.Errorf("local: restart %s: %w", b.node.id, err))
		}
	}()
	err = b.fn(turn.With(context.Background(), b.node.Free()))
}

// Finish implements [turn.Task].
func (b *booting) Finish() {}

// Crash ends a container as the loss of power would: its connections break, and
// its tasks end where they wait, without a word to others. Only their deferred
// functions run, and nothing that is scheduled on its clock; sleeping on that, and
// the clock of the network, go on. Code of other containers, or of none, that uses the container, as
// by waiting in the turn of one of its agents, gets [ErrCrashed]. It can be started
// again, by [Network.Restart] or otherwise.
func (n *Network) Crash(id string) error {
	n.mu.Lock()
	p := n.nodes[id]
	if p == nil {
		n.mu.Unlock()
		return fmt.Errorf("local: crash %s: there is no such container", id)
	}
	delete(n.nodes, id)
	if p.listener != nil {
		p.listener.close()
	}
	n.record(Event{Kind: Crash, From: id})
	n.mu.Unlock()
	for _, l := range n.linksOf(func(l *link) bool { return l.ends[0].node == p || l.ends[1].node == p }) {
		l.crash(p)
	}
	p.End(ErrCrashed)
	return nil
}

// crash breaks the link. The end that has crashed is told nothing.
func (l *link) crash(p *node) {
	l.mu.Lock()
	for i := range l.ends {
		if e := &l.ends[i]; e.node == p {
			e.finished = true
			e.discard()
			defer e.leave(ErrReset)
		}
	}
	l.mu.Unlock()
	l.reset(ErrReset)
}

// Restart starts a container again that [Network.Boot] has started and that has
// crashed. It does not wait. If the function of Boot fails now, so does the
// network.
func (n *Network) Restart(id string) error {
	n.mu.Lock()
	fn, running := n.boots[id], n.nodes[id] != nil
	if fn == nil || running {
		n.mu.Unlock()
		if running {
			return fmt.Errorf("local: restart %s: it has not crashed", id)
		}
		return fmt.Errorf("local: restart %s: it was not started by Boot", id)
	}
	p := n.newNode(id)
	n.nodes[id] = p
	n.record(Event{Kind: Restart, From: id})
	n.mu.Unlock()
	b := &booting{node: p, fn: fn, again: true}
	b.start()
	return nil
}
