package local

import (
	"maps"
	"math/rand/v2"
	"slices"
	"time"
)

// Faults are faults that happen at random times, drawn from the seed. The zero
// value of each field means that there are none of its kind.
type Faults struct {
	// Reset breaks one connection, whichever it is.
	Reset Outage

	// Crash ends one of the containers that [Network.Boot] has started, and
	// restarts it when the outage is over.
	Crash Outage

	// Partition divides the containers in two groups, each in one of them at
	// random, and heals the network when the outage is over.
	Partition Outage
}

// Outage says how often something is out of order, and for how long: the mean
// times from the end of one outage to the next, and of an outage itself. Both
// times have an exponential distribution. An Every of 0 is never; resets take no
// time.
type Outage struct{ Every, For time.Duration }

// Disturb has faults happen from now on until a time on the clock of the network.
// What is out of order then is restored.
func (n *Network) Disturb(f Faults, until time.Duration) {
	n.disturb("reset", f.Reset, until, func(r *rand.Rand) (restore func()) {
		links := n.linksOf(func(*link) bool { return true })
		if len(links) > 0 {
			links[r.IntN(len(links))].reset(ErrReset)
		}
		return func() {}
	})
	n.disturb("crash", f.Crash, until, func(r *rand.Rand) (restore func()) {
		running := n.booted()
		if len(running) == 0 {
			return func() {}
		}
		id := running[r.IntN(len(running))]
		// Errors mean that the program has done so itself meanwhile.
		_ = n.Crash(id)
		return func() { _ = n.Restart(id) }
	})
	n.disturb("partition", f.Partition, until, func(r *rand.Rand) (restore func()) {
		var groups [2][]string
		for _, id := range n.Containers() {
			side := r.IntN(2)
			groups[side] = append(groups[side], id)
		}
		n.Partition(groups[:]...)
		return n.Heal
	})
}

// disturb has one kind of outage happen again and again.
func (n *Network) disturb(kind string, o Outage, until time.Duration, begin func(*rand.Rand) (restore func())) {
	if o.Every <= 0 {
		return
	}
	r := n.world.Rand("faults " + kind)
	clock := n.Clock()
	after := func(mean time.Duration) time.Duration {
		return clock.Now() + max(1, time.Duration(r.ExpFloat64()*float64(mean)))
	}
	var next func()
	schedule := func() {
		// In the future, so there is no error.
		if t := after(o.Every); t < until {
			_, _ = clock.At(t, next)
		}
	}
	next = func() {
		restore := begin(r)
		_, _ = clock.At(min(after(o.For), max(until, clock.Now()+1)), func() {
			restore()
			schedule()
		})
	}
	schedule()
}

// Containers returns the ids of the containers that there are, in order.
func (n *Network) Containers() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.Sorted(maps.Keys(n.nodes))
}

// booted returns the ids of the containers that Boot or Restart has started, in
// order.
func (n *Network) booted() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.DeleteFunc(slices.Sorted(maps.Keys(n.boots)), func(id string) bool { return n.nodes[id] == nil })
}
