// Package chord has nodes in a ring find who has a key, in a number of steps
// that grows with the logarithm of theirs, while nodes come and go: Chord, the
// distributed hash table.
package chord

import "github.com/gomas/gomas/rpc"

// Ring is the number of bits of identifiers. Nodes and keys have identifiers from
// 0 to 2^Ring-1, and after the last one comes the first. A key belongs to its
// successor: the node that has its identifier, or the next one that a node has.
type Ring int

// maxRing is how many bits an identifier can have.
const maxRing = 30

// Add returns the identifier that comes d after another one.
func (r Ring) Add(id, d int) int { return (id + d) & (1<<r - 1) }

// Distance returns how far it is from one identifier on to another.
func (r Ring) Distance(from, to int) int { return r.Add(to, -from) }

// Within reports whether an identifier comes after one and before another. If
// these two are the same, all identifiers but that one do.
func (r Ring) Within(id, after, before int) bool {
	far := r.Distance(after, before)
	if far == 0 {
		far = 1 << r
	}
	d := r.Distance(after, id)
	return 0 < d && d < far
}

// Ref is a node, as others know it.
type Ref struct {
	ID   int        `json:"id"`
	Node rpc.Remote `json:"node"`
}
