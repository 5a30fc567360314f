package gomas

import (
	"cmp"
	"iter"
	"maps"
	"slices"
	"sync"

	"github.com/gomas/gomas/rpc"
)

// roster holds the agents of a container: those under construction, and those
// that can be reached, which have a serial number. The zero value is empty.
type roster struct {
	mu     sync.RWMutex
	agents map[string]*Agent // by id
	serial int               // the last one given
	known  int               // agents that can be reached
}

// add adds an agent under construction.
func (r *roster) add(a *Agent) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.agents == nil {
		r.agents = make(map[string]*Agent)
	}
	r.agents[a.id] = a
}

// admit makes an agent reachable.
func (r *roster) admit(a *Agent) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.serial++
	r.known++
	a.serial = r.serial
}

// remove removes an agent, if it is there.
func (r *roster) remove(a *Agent) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.agents[a.id] != a {
		return
	}
	delete(r.agents, a.id)
	if a.serial > 0 {
		r.known--
	}
}

// find returns the agent with an id that can be reached, nil if there is none.
func (r *roster) find(id []byte) *Agent {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if a := r.agents[string(id)]; a != nil && a.serial > 0 {
		return a
	}
	return nil
}

// making reports whether the agent with an id is under construction.
func (r *roster) making(id string) bool {
	r.mu.RLock()
	defer r.mu.RUnlock()
	a := r.agents[id]
	return a != nil && a.serial == 0
}

// list returns the agents that can be reached, in the order in which they were
// admitted.
func (r *roster) list() []*Agent {
	r.mu.RLock()
	all := slices.Collect(maps.Values(r.agents))
	all = slices.DeleteFunc(all, func(a *Agent) bool { return a.serial == 0 })
	r.mu.RUnlock()
	slices.SortFunc(all, func(a, b *Agent) int { return cmp.Compare(a.serial, b.serial) })
	return all
}

// agents is a container as an [rpc.Collection]: of the services of its agents.
type agents Container

// Find implements [rpc.Collection].
func (c *agents) Find(id []byte) (*rpc.Service, error) {
	if a := c.roster.find(id); a != nil {
		return &a.services, nil
	}
	return nil, (*Container)(c).missing(string(id))
}

// Lasts implements [rpc.Lasting]: an id is never used again, and the services of
// an agent that cannot be reached any more are closed.
func (c *agents) Lasts() {}

// All implements [rpc.Collection].
func (c *agents) All() (n int, ids iter.Seq[string]) {
	r := &c.roster
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.known, func(yield func(string) bool) {
		r.mu.RLock()
		defer r.mu.RUnlock()
		for id, a := range r.agents {
			if a.serial > 0 && !yield(id) {
				return
			}
		}
	}
}
