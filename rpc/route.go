package rpc

import (
	"hash/maphash"
	"math/bits"
	"sync/atomic"
)

// routes is what a root remembers of the functions that have been called from
// within the program, so that they need not be looked for again. All is forgotten
// when a service of the tree is closed or taken away, and nothing else can make a
// route wrong: functions are only ever added.
type routes [256]atomic.Pointer[route]

// route is where a function was found.
type route struct {
	service, name string
	target
}

// at returns the place of a route, which may be that of another one.
func (rs *routes) at(service, name string) *atomic.Pointer[route] {
	const golden = 0x9e3779b97f4a7c15 // the golden ratio, as Fibonacci hashing spreads numbers
	h := (digest(service)*golden + digest(name)) * golden
	return &rs[h>>(64-8)]
}

var routesSeed = maphash.MakeSeed()

// digest returns a number for a text. That of a long one takes longer.
func digest(s string) uint64 {
	n := len(s)
	switch {
	case n > 16:
		return maphash.String(routesSeed, s)
	case n >= 8:
		return word(s) ^ bits.RotateLeft64(word(s[n-8:]), 5) ^ uint64(n)
	}
	h := uint64(n)
	for i := range n {
		h = h<<8 | uint64(s[i])
	}
	return h
}

// word returns the first 8 bytes of a text.
func word(s string) uint64 {
	_ = s[7]
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
}

// route finds the function of a name in a service, both of which may be paths. s
// is a root. The path of the function is made in room, and what has to be looked
// for is stored in searched.
func (s *Service) route(service, name string, room []byte, searched *target) (found *target, fault error) {
	rs := s.routes()
	var place *atomic.Pointer[route]
	if rs != nil {
		place = rs.at(service, name)
		if r := place.Load(); r != nil && r.service == service && r.name == name {
			return &r.target, nil
		}
	}
	*searched, fault = s.resolve(appendNames(appendNames(room, service), name))
	if rs != nil && fault == nil && searched.lasts {
		// If routes have been forgotten since the search began, so is this one.
		place.Store(&route{service, name, *searched})
	}
	return searched, fault
}

// routes returns those of a root, nil if it has no place for them.
func (s *Service) routes() *routes {
	if s.set == nil {
		return nil
	}
	rs := s.set.routes.Load()
	if rs == nil {
		rs = new(routes)
		if !s.set.routes.CompareAndSwap(nil, rs) {
			return nil
		}
	}
	return rs
}

// forgetRoutes makes all trees that s is in forget all routes: a service that is in
// a tree now may have been a root before, and may be one again.
func (s *Service) forgetRoutes() {
	for ; s != nil; s = s.parent() {
		if s.set != nil && s.set.routes.Load() != nil {
			s.set.routes.Store(nil)
		}
	}
}
