// Package faulty is a TCP proxy for tests, which holds up, takes apart and
// breaks the connections that it carries as it is told.
package faulty

import (
	"context"
	"math/rand/v2"
	"net"
	"strings"
	"sync"
	"testing"
)

// Proxy listens at a port of its own and connects each connection to its
// target. Its methods may be called from any number of goroutines.
type Proxy struct {
	ln      net.Listener
	seed    uint64
	ctx     context.Context // ends with the proxy
	cancel  context.CancelFunc
	running sync.WaitGroup

	mu      sync.Mutex
	target  string // host and port
	faults  Faults
	changed chan struct{} // closed by Set
	conns   map[*conn]struct{}
	stats   Stats
	news    sync.Cond // signalled when stats change
}

// Stats are counts since the beginning.
type Stats struct {
	Accepted int64 // connections
	Refused  int64 // of those, because of [Faults.Refuse] or an absent target
	Cut      int64 // of those, by the proxy
	Up, Down int64 // bytes that were passed on
	Lost     int64 // bytes that were swallowed
}

// New starts a proxy for as long as the test lasts. target is where it
// connects to: "tcp://127.0.0.1:5555", as containers and servers print it.
// What the proxy does at random depends on the seed, the number of the
// connection and its direction only.
func New(t testing.TB, target string, seed uint64) *Proxy {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &Proxy{ln: ln, seed: seed, changed: make(chan struct{}), conns: make(map[*conn]struct{})}
	p.news.L = &p.mu
	p.ctx, p.cancel = context.WithCancel(context.Background())
	p.SetTarget(target)
	p.running.Go(p.accept)
	t.Cleanup(p.Close)
	return p
}

// Addr returns the address to connect to, "tcp://127.0.0.1:4321".
func (p *Proxy) Addr() string { return "tcp://" + p.ln.Addr().String() }

// SetTarget changes the target of connections that are yet to be made, as if
// it had moved.
func (p *Proxy) SetTarget(addr string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.target = strings.TrimPrefix(addr, "tcp://")
}

// Set changes the faults, for all connections.
func (p *Proxy) Set(f Faults) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.faults = f
	close(p.changed)
	p.changed = make(chan struct{})
	for c := range p.conns {
		c.up.passed, c.down.passed = 0, 0
		c.cutIfDue()
	}
}

// Cut ends all connections that there are.
func (p *Proxy) Cut(how End) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.conns {
		c.cut(how)
	}
}

// Conns returns the number of connections that there are.
func (p *Proxy) Conns() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.conns)
}

// Stats returns what has happened so far.
func (p *Proxy) Stats() Stats {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.stats
}

// Await waits until something has happened.
func (p *Proxy) Await(what func(Stats) bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for !what(p.stats) {
		p.news.Wait()
	}
}

// count changes the counts. The proxy's mutex is held.
func (p *Proxy) count(n *int64, more int) {
	*n += int64(more)
	p.news.Broadcast()
}

// Close cuts all connections and waits until nothing of the proxy is left.
func (p *Proxy) Close() {
	p.cancel()
	_ = p.ln.Close()
	p.mu.Lock()
	for c := range p.conns {
		c.cut(RST)
	}
	p.mu.Unlock()
	p.running.Wait()
}

func (p *Proxy) accept() {
	for number := uint64(0); ; number++ {
		nc, err := p.ln.Accept()
		if err != nil {
			return
		}
		p.running.Go(func() { p.carry(nc.(*net.TCPConn), number) })
	}
}

const bufferSize = 64 << 10

// carry connects a connection to the target, and returns when it has ended.
func (p *Proxy) carry(client *net.TCPConn, number uint64) {
	p.mu.Lock()
	p.count(&p.stats.Accepted, 1)
	address, refuse := p.target, p.faults.Refuse
	p.mu.Unlock()
	var dialer net.Dialer
	var target net.Conn
	var err error
	if !refuse {
		target, err = dialer.DialContext(p.ctx, "tcp", address)
	}
	if refuse || err != nil {
		p.mu.Lock()
		p.count(&p.stats.Refused, 1) // before the client can know
		p.mu.Unlock()
		reset(client)
		return
	}
	for _, nc := range []*net.TCPConn{client, target.(*net.TCPConn)} {
		// Small, so that who writes to a slow reader is soon aware of it.
		_ = nc.SetReadBuffer(bufferSize)
		_ = nc.SetWriteBuffer(bufferSize)
	}
	c := &conn{proxy: p, client: client, target: target.(*net.TCPConn), ended: make(chan struct{})}
	c.up = stream{conn: c, src: c.client, dst: c.target, rng: rand.New(rand.NewPCG(p.seed, 2*number))}
	c.down = stream{conn: c, src: c.target, dst: c.client, rng: rand.New(rand.NewPCG(p.seed, 2*number+1))}
	c.up.luck, c.down.luck = c.up.rng.ExpFloat64(), c.down.rng.ExpFloat64()
	p.mu.Lock()
	p.conns[c] = struct{}{}
	if c.cutIfDue(); p.ctx.Err() != nil {
		c.cut(RST)
	}
	p.mu.Unlock()
	var streams sync.WaitGroup
	streams.Go(c.up.run)
	c.down.run()
	streams.Wait()
	p.mu.Lock()
	delete(p.conns, c)
	p.mu.Unlock()
	_ = c.client.Close()
	_ = c.target.Close()
}

// reset closes a socket so that the other end gets a reset.
func reset(nc *net.TCPConn) {
	_ = nc.SetLinger(0)
	_ = nc.Close()
}
