package gomas

import "github.com/gomas/gomas/transport"

// typeNames remembers the names of the types of agents elsewhere, which are for
// printing: those of the last so many, since a container may meet any number in
// its life. The zero value is empty.
type typeNames struct {
	names  map[agentKey]string
	oldest int        // in order, once that is full
	order  []agentKey // of their coming
}

// agentKey is where an agent is.
type agentKey struct {
	addr transport.Addr
	path string
}

// A name is kept for so many agents, and none if it is longer than this with the
// path, since peers choose what to send.
const (
	manyNames   = 4096
	longestName = 512
)

// add remembers the name for an agent.
func (n *typeNames) add(key agentKey, name string) {
	if n.names == nil {
		n.names = make(map[agentKey]string)
	}
	_, known := n.names[key]
	switch {
	case len(key.path)+len(name) > longestName:
		if known {
			n.names[key] = ""
		}
		return
	case known:
	case len(n.order) < manyNames:
		n.order = append(n.order, key)
	default:
		delete(n.names, n.order[n.oldest])
		n.order[n.oldest] = key
		n.oldest = (n.oldest + 1) % manyNames
	}
	n.names[key] = name
}

// find returns the name for an agent, and whether it has one.
func (n *typeNames) find(key agentKey) (name string, known bool) {
	name, known = n.names[key]
	return name, known
}
