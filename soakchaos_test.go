package gomas_test

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/gomas/gomas/internal/faulty"
)

// startChaos lets things go wrong until callers are to stop.
func (w *world) startChaos(next func() *rand.Rand) {
	var proxies []*faulty.Proxy
	w.eachProxy(func(p *faulty.Proxy) { proxies = append(proxies, p) })
	const hands = 4
	for h := range hands {
		rng := next()
		mine := proxies[h*len(proxies)/hands : (h+1)*len(proxies)/hands]
		w.chaos.Go(func() {
			for w.pause(rng, 50*time.Millisecond) {
				w.disturb(mine[rng.IntN(len(mine))], rng)
			}
		})
	}
	rng := next()
	w.chaos.Go(func() {
		for w.pause(rng, time.Second) {
			w.restarts.Add(1)
			if rng.IntN(2) == 0 {
				w.restartServer(rng)
			} else {
				w.restartSite(rng)
			}
		}
	})
}

// pause waits for a random time, and reports whether to go on.
func (w *world) pause(rng *rand.Rand, most time.Duration) bool {
	select {
	case <-time.After(time.Duration(rng.Int64N(int64(most)))):
		return true
	case <-w.stop:
		return false
	}
}

// disturb has a proxy do damage for a while.
func (w *world) disturb(p *faulty.Proxy, rng *rand.Rand) {
	w.faults.Add(1)
	end := []faulty.End{faulty.FIN, faulty.RST}[rng.IntN(2)]
	var s faulty.Stream
	f := faulty.Faults{}
	switch rng.IntN(10) {
	case 0, 1:
		p.Cut(end)
		return
	case 2:
		f.Refuse = true
		p.Cut(end)
	case 3, 4:
		s = faulty.Stream{Cut: end, After: rng.IntN(100_000), Random: rng.IntN(2) == 0}
	case 5:
		s = faulty.Stream{Piece: 1 + rng.IntN(2000), Delay: time.Millisecond}
	case 6:
		s = faulty.Stream{Gather: time.Duration(rng.Int64N(int64(5 * time.Millisecond)))}
	case 7:
		s = faulty.Stream{Rate: 1 + rng.IntN(10_000)}
	case 8:
		s = faulty.Stream{Stuck: true}
	case 9:
		s = faulty.Stream{Swallow: true}
	}
	switch rng.IntN(3) {
	case 0:
		f.Up = s
	case 1:
		f.Down = s
	case 2:
		f.Up, f.Down = s, s
	}
	p.Set(f)
	w.pause(rng, 300*time.Millisecond)
	p.Set(faulty.Faults{})
	if s.Swallow {
		p.Cut(faulty.RST) // what was lost will never come
	}
}

// restartServer replaces the server that moves, abruptly or in good order.
func (w *world) restartServer(rng *rand.Rand) {
	srv := w.newServer()
	w.mu.Lock()
	old := w.moving
	w.moving = srv
	w.mu.Unlock()
	if rng.IntN(2) == 0 {
		if err := old.Close(); err != nil {
			w.wrong("close a server: %v", err)
		}
	}
	w.retire(old)
	for _, p := range w.rough {
		p.SetTarget(srv.Addr())
	}
}

// restartSite replaces a container, abruptly or in good order.
func (w *world) restartSite(rng *rand.Rand) {
	s := w.newSite(phoenix)
	w.mu.Lock()
	old := w.sites[phoenix]
	w.sites[phoenix] = s
	w.mu.Unlock()
	if rng.IntN(2) == 0 {
		if err := old.Close(); err != nil {
			w.wrong("close a container: %v", err)
		}
	}
	w.retire(old)
	for i := range w.proxies {
		if p := w.proxies[i][phoenix]; p != nil {
			p.SetTarget(s.Addr())
		}
	}
}

// retire shuts something down, with little patience for requests that are
// stuck.
func (w *world) retire(what interface{ Shutdown(context.Context) error }) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_ = what.Shutdown(ctx) // its time may be over
}
