package gomas_test

import (
	"context"
	"flag"
	"fmt"
	"hash/crc32"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/gomas/gomas"
	"github.com/gomas/gomas/channel"
	"github.com/gomas/gomas/codec"
	"github.com/gomas/gomas/codec/blosc"
	"github.com/gomas/gomas/codec/json"
	"github.com/gomas/gomas/codec/msgpack"
	"github.com/gomas/gomas/internal/faulty"
	"github.com/gomas/gomas/rpc"
)

var (
	soakTime  = flag.Duration("soak", 5*time.Second, "how long the soak test runs")
	soakSeed  = flag.Uint64("soak-seed", 0, "seed of the soak test, 0 for any")
	soakConns = flag.Int("soak-conns", 0, "rpc connections of the soak test, 0 for as many as fit")
)

// TestSoak has agents and plain rpc clients call each other, in both
// directions, for as long as the flag -soak says, while connections are held
// up, taken apart and broken, peers restart and callers give up. In the end,
// each call has had one outcome that agrees with what was executed, and
// nothing is left behind.
func TestSoak(t *testing.T) {
	seed := *soakSeed
	if seed == 0 {
		seed = rand.Uint64()
	}
	t.Logf("repeat with -soak=%v -soak-seed=%d", *soakTime, seed)
	goroutines := goleak.IgnoreCurrent()
	if ln, err := net.Listen("tcp", "127.0.0.1:0"); err == nil {
		_ = ln.Close() // from now on the runtime has the files that it polls with
	}
	files := openFiles()

	w := newWorld(t, seed)
	w.start()
	select {
	case <-time.After(*soakTime):
	case <-w.stop: // by a failure
	}
	w.end()

	count, executions := w.ledger.check(t)
	for o, n := range count {
		t.Logf("%10d calls %v", n, outcome(o))
	}
	t.Logf("%10d executions", executions)
	if executed := w.executed.Load(); executed != int64(executions) {
		t.Errorf("handlers ran %d times, the ledger has %d", executed, executions)
	}
	if count[succeeded] == 0 || count[lost] == 0 {
		t.Error("nothing was put to the test")
	}
	t.Logf("%10d connections, %d restarts, %d faults: %s", w.made.Load(), w.restarts.Load(), w.faults.Load(), w.proxied())

	if err := goleak.Find(goroutines); err != nil {
		t.Error(err)
	}
	eventually(t, "files are closed", func() bool { return openFiles() <= files })
	// What a timer still holds is not collected.
	w.forget()
	eventually(t, "connections are garbage", func() bool {
		sweepTimers()
		runtime.GC()
		return w.collected.Load() == w.made.Load()
	})
	if _, err := os.Stat(w.socket); !os.IsNotExist(err) {
		t.Errorf("the socket file is left: %v", err)
	}
}

// eventually waits until something is so that nothing tells of.
func eventually(t *testing.T, what string, so func() bool) {
	t.Helper()
	ticks := time.NewTicker(20 * time.Millisecond)
	defer ticks.Stop()
	for end := time.Now().Add(patience); !so(); <-ticks.C {
		if time.Now().After(end) {
			t.Errorf("not so after %v: %s", patience, what)
			return
		}
	}
}

// sweepTimers has the scheduler forget the timers that have been stopped, which
// it does when others are due.
func sweepTimers() {
	var due sync.WaitGroup
	for range 4 * runtime.GOMAXPROCS(0) {
		due.Go(func() { <-time.After(time.Millisecond) })
	}
	due.Wait()
}

// openFiles returns the number of open files, 0 if that is not known.
func openFiles() int {
	files, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return 0
	}
	return len(files)
}

// mostFiles returns how many files may be open.
func mostFiles() int {
	limits, _ := os.ReadFile("/proc/self/limits")
	for line := range strings.Lines(string(limits)) {
		if after, ok := strings.CutPrefix(line, "Max open files"); ok {
			if n, err := strconv.Atoi(strings.Fields(after)[0]); err == nil {
				return n
			}
		}
	}
	return 1024
}

const (
	perContainer = 6 // agents
	unixSite     = 3 // listens on a Unix socket, which is never broken
	phoenix      = 4 // restarts
	sites        = 5
)

// world is all that takes part in a soak test.
type world struct {
	t      *testing.T
	seed   uint64
	socket string
	conn   rpc.Options
	ledger ledger
	text   string // of which arguments are cut

	stop    chan struct{} // closed when callers are to stop
	stopped sync.Once
	callers sync.WaitGroup
	chaos   sync.WaitGroup

	made, collected            atomic.Int64 // connections
	faults, restarts, executed atomic.Int64
	serving                    atomic.Int64 // handlers that run

	mu      sync.Mutex
	sites   [sites]*site
	steady  *rpc.Server // that is never broken
	moving  *rpc.Server // that restarts
	clients []*rpc.Client

	proxies [sites][sites]*faulty.Proxy // from one container to another
	rough   []*faulty.Proxy             // to the moving server
}

// site is a container with its agents.
type site struct {
	w      *world
	number int
	*gomas.Container

	mu     sync.Mutex
	routes map[string]rpc.Remote
}

func newWorld(t *testing.T, seed uint64) *world {
	w := &world{t: t, seed: seed, stop: make(chan struct{})}
	letters := make([]byte, 200_000)
	rng := w.random(0)
	for i := range letters {
		letters[i] = 'a' + byte(rng.IntN(26))
	}
	w.text = string(letters)
	w.conn = rpc.Options{
		Codec:     []codec.Codec{json.Codec{}, msgpack.Codec{}, blosc.Codec{}}[seed%3],
		Timeout:   time.Minute, // never reached, and a leak of a timer shows
		Patience:  time.Second,
		Connected: w.connected,
	}
	// Short, as the path of a socket must be.
	dir, err := os.MkdirTemp("", "g")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	w.socket = filepath.Join(dir, "s")
	for i := range sites {
		w.sites[i] = w.newSite(i)
	}
	for i := range sites {
		for j := range sites {
			if i != j && j != unixSite {
				w.proxies[i][j] = faulty.New(t, w.sites[j].Addr(), rng.Uint64())
			}
		}
	}
	w.steady, w.moving = w.newServer(), w.newServer()
	for range 4 {
		w.rough = append(w.rough, faulty.New(t, w.moving.Addr(), rng.Uint64()))
	}
	return w
}

// random returns the random numbers of one of those who need some.
func (w *world) random(who uint64) *rand.Rand { return rand.New(rand.NewPCG(w.seed, who)) }

func (w *world) connected(c *channel.Conn) {
	w.made.Add(1)
	runtime.AddCleanup(c, func(n *atomic.Int64) { n.Add(1) }, &w.collected)
}

func (w *world) newSite(number int) *site {
	addr := "tcp://127.0.0.1:0"
	if number == unixSite {
		addr = "ipc://[" + w.socket + "]"
	}
	c, err := gomas.NewContainer(context.Background(), addr, &gomas.Options{
		Codec: w.conn.Codec, Timeout: w.conn.Timeout, Patience: w.conn.Patience, CheckTurns: true,
		Connected: func(c *rpc.Conn) { w.connected(c.Channel()) },
	})
	if err != nil {
		w.t.Fatal(err)
	}
	s := &site{w: w, number: number, Container: c, routes: make(map[string]rpc.Remote)}
	for range perContainer {
		if _, err := gomas.Spawn(context.Background(), c, s.newAgent); err != nil {
			w.t.Fatal(err)
		}
	}
	return s
}

func (w *world) newServer() *rpc.Server {
	srv, err := rpc.Listen(context.Background(), "tcp://127.0.0.1:0", w.service(), &w.conn)
	if err != nil {
		w.t.Fatal(err)
	}
	return srv
}

// site returns the container with a number, as it is now.
func (w *world) site(number int) *site {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.sites[number]
}

// start lets all begin.
func (w *world) start() {
	const callersPerSite = 4
	who := uint64(0)
	next := func() *rand.Rand {
		who++
		return w.random(who)
	}
	for i, s := range w.sites {
		if i == phoenix {
			continue
		}
		for range callersPerSite {
			rng := next()
			w.callers.Go(func() { w.repeat(func() { s.call(context.Background(), rng) }) })
		}
		for _, a := range s.Agents() {
			rng := next()
			w.callers.Add(1)
			if err := a.Go(func(ctx context.Context) {
				defer w.callers.Done()
				w.repeat(func() { s.call(ctx, rng) })
			}); err != nil {
				w.t.Fatal(err)
			}
		}
	}
	w.startClients(next)
	w.startChaos(next)
}

// startClients makes rpc clients. Every other one is connected directly to a
// server that stays.
func (w *world) startClients(next func() *rand.Rand) {
	const groups = 16
	n := *soakConns
	if n == 0 {
		// A proxied connection takes four files, a direct one two.
		n = min((mostFiles()-1000)/4, int(100*soakTime.Seconds()), 5000)
	}
	n = max(n, groups)
	svc := w.service()
	w.clients = make([]*rpc.Client, n)
	for i := range w.clients {
		addr := w.steady.Addr()
		if i%2 == 1 {
			addr = w.rough[i/2%len(w.rough)].Addr()
		}
		var err error
		if w.clients[i], err = rpc.NewClient(addr, svc, &w.conn); err != nil {
			w.t.Fatal(err)
		}
	}
	for g := range groups {
		rng := next()
		mine := w.clients[g*n/groups : (g+1)*n/groups]
		w.callers.Go(func() {
			i := 0
			w.repeat(func() {
				// All in turn at first, to be connected.
				if i++; i < len(mine) {
					w.callClient(mine[i], rng)
				} else {
					w.callClient(mine[rng.IntN(len(mine))], rng)
				}
			})
		})
	}
}

// repeat calls fn until callers are to stop.
func (w *world) repeat(fn func()) {
	for {
		select {
		case <-w.stop:
			return
		default:
			fn()
		}
	}
}

// wrong reports what must not happen, and stops the test.
func (w *world) wrong(format string, args ...any) {
	w.t.Errorf(format, args...)
	w.stopped.Do(func() { close(w.stop) })
}

// end stops all, and waits until it has stopped.
func (w *world) end() {
	w.stopped.Do(func() { close(w.stop) })
	w.chaos.Wait()
	done := make(chan struct{})
	go func() {
		w.callers.Wait()
		close(done)
	}()
	select {
	case <-done:
	case <-time.After(patience):
		stacks := make([]byte, 1<<20)
		w.t.Fatalf("some callers never return:\n%s", stacks[:runtime.Stack(stacks, true)])
	}
	for _, s := range w.sites {
		shutdown(w.t, s)
	}
	for _, c := range w.clients {
		shutdown(w.t, c)
	}
	shutdown(w.t, w.moving)
	shutdown(w.t, w.steady)
	w.eachProxy((*faulty.Proxy).Close)
	eventually(w.t, "handlers have returned", func() bool { return w.serving.Load() == 0 })
}

func (w *world) eachProxy(fn func(*faulty.Proxy)) {
	for i := range w.proxies {
		for _, p := range w.proxies[i] {
			if p != nil {
				fn(p)
			}
		}
	}
	for _, p := range w.rough {
		fn(p)
	}
}

// proxied tells what the proxies have done.
func (w *world) proxied() string {
	var sum faulty.Stats
	w.eachProxy(func(p *faulty.Proxy) {
		s := p.Stats()
		sum.Accepted += s.Accepted
		sum.Refused += s.Refused
		sum.Cut += s.Cut
		sum.Up += s.Up
		sum.Down += s.Down
		sum.Lost += s.Lost
	})
	return fmt.Sprintf("%+v", sum)
}

// forget drops all that refers to connections.
func (w *world) forget() {
	w.sites, w.clients, w.steady, w.moving = [sites]*site{}, nil, nil, nil
}

// sum is the checksum that travels with a text.
func sum(text string) uint32 { return crc32.ChecksumIEEE([]byte(text)) }
