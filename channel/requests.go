package channel

import (
	"cmp"
	"hash/maphash"
	"slices"
)

// requests are those of the peer that have no answer yet, found by the ids
// that the peer gave them. It is a hash table whose chains run through the
// requests themselves.
type requests struct {
	chains []*Request // length a power of two
	seed   maphash.Seed
	n      int
	bytes  int // of all of them
}

// add adds a request. Another one with the same id may be there already.
func (t *requests) add(r *Request) {
	if t.n >= len(t.chains) {
		t.resize(max(8, 2*len(t.chains)))
	}
	t.n++
	t.bytes += r.size
	t.link(r)
}

func (t *requests) link(r *Request) {
	chain := t.chain(r.id)
	r.place, r.next = chain, *chain
	if r.next != nil {
		r.next.place = &r.next
	}
	*chain = r
}

func (t *requests) chain(id uint64) **Request {
	// Seeded, so that the peer cannot choose ids that meet in one chain.
	return &t.chains[maphash.Comparable(t.seed, id)&uint64(len(t.chains)-1)]
}

func (t *requests) resize(n int) {
	old := t.chains
	t.chains = make([]*Request, n)
	if old == nil {
		t.seed = maphash.MakeSeed()
	}
	for _, r := range old {
		for r != nil {
			next := r.next
			t.link(r)
			r = next
		}
	}
}

// remove removes a request, and reports whether it was there. It takes no
// longer if the peer gave many the same id.
func (t *requests) remove(r *Request) bool {
	if r.place == nil {
		return false
	}
	*r.place = r.next
	if r.next != nil {
		r.next.place = r.place
	}
	r.place, r.next = nil, nil
	t.n--
	t.bytes -= r.size
	return true
}

// find returns a request with an id, nil if there is none.
func (t *requests) find(id uint64) *Request {
	if t.n == 0 {
		return nil
	}
	r := *t.chain(id)
	for r != nil && r.id != id {
		r = r.next
	}
	return r
}

// all returns the requests in order of their ids.
func (t *requests) all() []*Request {
	all := make([]*Request, 0, t.n)
	for _, r := range t.chains {
		for ; r != nil; r = r.next {
			all = append(all, r)
		}
	}
	slices.SortFunc(all, func(a, b *Request) int { return cmp.Compare(a.id, b.id) })
	return all
}
