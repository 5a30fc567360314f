package turn

import "sync"

// lanes is in how many parts a group keeps its waits, so that turns that run in
// parallel seldom meet.
const lanes = 8

// lane counts waits of a group by what ends their contexts. A task whose
// context has ended is about to run, but its goroutine learns of that only when
// the scheduler comes to it; until then the group finds it here.
type lane struct {
	mu    sync.Mutex
	waits map[<-chan struct{}]int
	all   map[*watcher]struct{} // of those whose waits have a context that is used again
	_     [40]byte              // each has a cache line of its own
}

// expect counts a wait that done may end.
func (g *Group) expect(done <-chan struct{}, n uint8) {
	if g == nil {
		return
	}
	l := &g.ends[n]
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.waits == nil {
		l.waits = make(map[<-chan struct{}]int)
	}
	l.waits[done]++
}

// Expect keeps the group from resting from the end of done on, until the wait that
// this ends counts. It is for a scheduler, which learns of such an end late.
func (g *Group) Expect(done <-chan struct{}) { g.expect(done, 0) }

// Unexpect undoes Expect, when the wait is over.
func (g *Group) Unexpect(done <-chan struct{}) { g.unexpect(done, 0) }

// unexpect undoes expect, when the wait is over and the turn is back.
func (g *Group) unexpect(done <-chan struct{}, n uint8) {
	if g == nil {
		return
	}
	l := &g.ends[n]
	l.mu.Lock()
	defer l.mu.Unlock()
	if left := l.waits[done] - 1; left > 0 {
		l.waits[done] = left
	} else {
		delete(l.waits, done)
	}
}

// expectOf counts the waits that a watcher may end.
func (g *Group) expectOf(r *watcher, n uint8) {
	if g == nil {
		return
	}
	l := &g.ends[n]
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.all == nil {
		l.all = make(map[*watcher]struct{})
	}
	l.all[r] = struct{}{}
}

// unexpectOf undoes expectOf, between two waits.
func (g *Group) unexpectOf(r *watcher, n uint8) {
	if g == nil {
		return
	}
	l := &g.ends[n]
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.all, r)
}

// ended reports whether there is a wait whose context has ended.
func (g *Group) ended() bool {
	for i := range g.ends {
		if g.ends[i].ended() {
			return true
		}
	}
	return false
}

func (l *lane) ended() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for done := range l.waits {
		select {
		case <-done:
			return true
		default:
		}
	}
	for r := range l.all {
		if r.isDue() {
			return true
		}
	}
	return false
}
