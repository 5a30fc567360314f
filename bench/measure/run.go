package measure

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/gomas/gomas/bench/peers"
)

// spread is how much longer works with many connections take: each of so many
// callers should make some calls.
const spread = 4

// Run has a peer do a work for about a time d, after a fifth of it to warm up.
// It should be the only thing that the process does.
func Run(ctx context.Context, p *peers.Peer, w Work, d time.Duration) (Figures, error) {
	if w.Crowd > 0 {
		return crowd(ctx, p, w.Crowd)
	}
	if w.Connections > 1 {
		d *= spread
	}
	ctx, cancel := context.WithCancel(ctx) // what callers live by
	defer cancel()
	server, err := p.Open(ctx)
	if err != nil {
		return Figures{}, fmt.Errorf("open %s: %w", p, err)
	}
	var f Figures
	conns, idle, err := connect(ctx, server, w)
	if err == nil {
		f, err = call(ctx, p, w, conns, d)
		f.Idle = idle
	}
	cancel()
	for _, conn := range conns {
		err = errors.Join(err, conn.Close())
	}
	if err = errors.Join(err, server.Close()); err != nil {
		return Figures{}, fmt.Errorf("%s, %s: %w", p, w, err)
	}
	return f, nil
}

// connect makes the connections. If there are many, each is called once, and
// the memory of one is returned.
func connect(ctx context.Context, server peers.Server, w Work) (conns []peers.Conn, idle float64, err error) {
	var before uint64
	for i := range w.Connections {
		if i == 1 { // the first one shows what they share
			before = held()
		}
		// One more than those of the work, to call once here.
		conn, err := server.Dial(ctx, w.Callers+min(w.Connections-1, 1))
		if err != nil {
			return conns, 0, err
		}
		conns = append(conns, conn)
		if w.Connections == 1 {
			return conns, 0, nil
		}
		c, err := conn.Caller(ctx)
		if err != nil {
			return conns, 0, err
		}
		if _, err := c.Add(ctx, 3, 4); err != nil {
			return conns, 0, err
		}
	}
	return conns, (float64(held()) - float64(before)) / float64(w.Connections-1), nil
}

// held returns the bytes that are in use, on the heap and for stacks.
func held() uint64 {
	var m runtime.MemStats
	for range 3 { // pools let go of what they have at the second time
		runtime.GC()
	}
	runtime.ReadMemStats(&m)
	return m.HeapAlloc + m.StackInuse
}

// call has all callers of the connections work.
func call(ctx context.Context, p *peers.Peer, w Work, conns []peers.Conn, d time.Duration) (Figures, error) {
	var callers []*caller
	warming := new(histogram)
	for _, conn := range conns {
		for range w.Callers {
			c, err := conn.Caller(ctx)
			if err != nil {
				return Figures{}, err
			}
			callers = append(callers, &caller{
				Caller: c,
				bound:  func(ctx context.Context) (context.Context, context.CancelFunc) { return bound(ctx, p, w) },
				call:   task(p, w, c),
				batch:  1,
				times:  warming,
			})
		}
	}
	if _, _, err := together(callers, d/5); err != nil {
		return Figures{}, err
	}
	if len(callers) == 1 {
		// So short calls that reading the clock would count are timed several at
		// a time. The median, since what else the machine does makes some long.
		const enough = 5 * time.Microsecond
		callers[0].batch = max(1, int(float64(enough)/max(warming.quantile(0.5), 1)))
	}
	times := new([shards]histogram)
	for i, c := range callers {
		c.times = &times[i%shards]
	}
	var before, after runtime.MemStats
	runtime.GC() // what the warming up left is not what is measured
	runtime.ReadMemStats(&before)
	cpu := cpuTime()
	took, calls, err := together(callers, d)
	cpu = cpuTime() - cpu
	runtime.ReadMemStats(&after)
	if err != nil {
		return Figures{}, err
	}
	for i := range times[1:] {
		times[0].merge(&times[1+i])
	}
	n := float64(calls)
	return Figures{
		P50: times[0].quantile(0.5), P99: times[0].quantile(0.99),
		Rate:   n / took.Seconds(),
		Allocs: float64(after.Mallocs-before.Mallocs) / n,
		Bytes:  float64(after.TotalAlloc-before.TotalAlloc) / n,
		CPU:    float64(cpu) / n,
	}, nil
}

// shards is how many histograms callers share, so that they seldom meet there,
// and the heap is not filled with them, which would delay garbage collection.
const shards = 16

// A caller makes calls and counts how long they take.
type caller struct {
	peers.Caller
	bound func(ctx context.Context) (context.Context, context.CancelFunc) // for all calls
	call  func(ctx context.Context) error
	batch int // how many calls are timed at once
	times *histogram
	calls int
	err   error
}

// together has callers call at the same time, for about a time d, and returns
// how long it took and how many calls they made.
func together(callers []*caller, d time.Duration) (took time.Duration, calls int, err error) {
	var wg sync.WaitGroup
	start := time.Now()
	for _, c := range callers {
		wg.Go(func() { c.work(start, d) })
	}
	wg.Wait()
	took = time.Since(start)
	for _, c := range callers {
		calls += c.calls
		err = errors.Join(err, c.err)
	}
	return took, calls, err
}

// work makes calls, at least one, until d has passed since start. They have a
// context without an end, unless the work gives it one.
func (c *caller) work(start time.Time, d time.Duration) {
	c.calls = 0
	loop := func(ctx context.Context) {
		ctx, end := c.bound(ctx)
		defer end()
		for last := time.Since(start); ; {
			for range c.batch {
				if c.err = c.call(ctx); c.err != nil {
					return
				}
			}
			now := time.Since(start)
			c.times.add(int64(now-last)/int64(c.batch), c.batch)
			c.calls += c.batch
			if now >= d {
				return
			}
			last = now
		}
	}
	ctx := context.Background()
	in, ok := c.Caller.(peers.Inhabitant)
	if !ok {
		loop(ctx)
	} else if err := in.Within(ctx, loop); err != nil {
		c.err = err
	}
}

// task returns one call of a work, whose answer it checks.
func task(p *peers.Peer, w Work, c peers.Caller) func(ctx context.Context) error {
	call := adding(c)
	if w.Text > 0 {
		call = echoing(c, w.Text)
	}
	if w.Bound != Context {
		return call
	}
	return func(ctx context.Context) error {
		ctx, cancel := p.WithTimeout(ctx, time.Minute)
		defer cancel()
		return call(ctx)
	}
}

// bound returns the context for all calls of a caller.
func bound(ctx context.Context, p *peers.Peer, w Work) (context.Context, context.CancelFunc) {
	switch w.Bound {
	case Timeout:
		return p.Timeout(ctx, time.Minute), func() {}
	case Deadline:
		return p.WithTimeout(ctx, time.Hour)
	default:
		return ctx, func() {}
	}
}

func adding(c peers.Caller) func(context.Context) error {
	const a, b = 3000, 4000
	return func(ctx context.Context) error {
		sum, err := c.Add(ctx, a, b)
		if err == nil && sum != a+b {
			err = fmt.Errorf("%d + %d is %d", a, b, sum)
		}
		return err
	}
}

func echoing(c peers.Caller, size int) func(context.Context) error {
	const words = "A virtual power plant is made of small ones. "
	text := strings.Repeat(words, size/len(words)+1)[:size]
	return func(ctx context.Context) error {
		back, err := c.Echo(ctx, text)
		if err == nil && len(back) != size { // comparing would be measured as well
			err = fmt.Errorf("%d bytes come back as %d", size, len(back))
		}
		return err
	}
}

// crowd makes n actors.
func crowd(ctx context.Context, p *peers.Peer, n int) (Figures, error) {
	before := held()
	cpu, start := cpuTime(), time.Now()
	all, err := p.Crowd(ctx, n)
	if err != nil {
		return Figures{}, fmt.Errorf("%s: %w", p, err)
	}
	took := time.Since(start)
	cpu = cpuTime() - cpu
	idle := float64(held()) - float64(before)
	if err := all.Close(); err != nil {
		return Figures{}, fmt.Errorf("%s: %w", p, err)
	}
	return Figures{Idle: idle / float64(n), Made: float64(n) / took.Seconds(), CPU: float64(cpu) / float64(n)}, nil
}
