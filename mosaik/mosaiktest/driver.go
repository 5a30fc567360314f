package mosaiktest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/gomas/gomas/channel"
	"github.com/gomas/gomas/mosaik"
	"github.com/gomas/gomas/rpc"
	"github.com/gomas/gomas/transport"
	"github.com/gomas/gomas/turn"
)

// Options are the settings of a driver. The zero value of each field means its
// default, and a nil *Options all defaults.
type Options struct {
	// Resolution is how many seconds a unit of time is. The default is 1.
	Resolution float64

	// StartTimeout is how long the simulator may take to connect, and to
	// answer init. The default is 10 seconds, as in mosaik.
	StartTimeout time.Duration

	// AsyncRequests are the ids of the simulators that the scenario has connected
	// with async_requests=True: get_data and set_data are for these only.
	AsyncRequests []string

	// Data are the values that get_data finds, by full id and attribute.
	Data map[string]map[string]any

	// Related are the entities of others, and what is connected.
	Related mosaik.Graph

	// RealTime says that the simulation runs in real time, where set_event is
	// allowed.
	RealTime bool

	// Output gets what a program prints that [Start] has started. The default
	// is the standard error of this process.
	Output io.Writer
}

const (
	defaultStartTimeout = 10 * time.Second
	// stopTimeout is for the simulator to end. mosaik waits a tenth of a second,
	// which on a busy machine would fail tests for nothing.
	stopTimeout = 10 * time.Second
)

// Driver is mosaik, with one simulator. Its methods make the calls that mosaik
// makes, and check the answers as it does. It must be stopped, or closed.
//
// A failure of the simulator is an *[rpc.RemoteError], with the type, the
// message and the trace. mosaik would then stop the simulation.
type Driver struct {
	opts    Options
	server  *rpc.Server // nil: dialled
	program *program    // nil: somebody else has started it
	came    turn.Event  // the simulator has connected

	mu       sync.Mutex
	conn     *rpc.Conn
	sid      string
	meta     mosaik.Meta
	extra    []string
	setUp    bool
	entities map[string]mosaik.Entity // also the children
	order    []string
	stepping bool
	stopped  bool
	now      int64
	until    int64
	events   []int64
	set      []SetData
}

// SetData is a call of set_data.
type SetData struct {
	Time int64 // of the step
	Data map[string]map[string]map[string]any
}

func newDriver(opts *Options) *Driver {
	d := &Driver{entities: make(map[string]mosaik.Entity)}
	if opts != nil {
		d.opts = *opts
	}
	if d.opts.Resolution == 0 {
		d.opts.Resolution = 1
	}
	if d.opts.StartTimeout <= 0 {
		d.opts.StartTimeout = defaultStartTimeout
	}
	return d
}

// Dial connects to a simulator that listens: the way of "connect". Like mosaik,
// it tries once.
func Dial(ctx context.Context, addr string, opts *Options) (*Driver, error) {
	d := newDriver(opts)
	conn, err := rpc.Dial(ctx, "tcp://"+addr, d.service(), mosaik.Wire(channel.Limits{}))
	if err != nil {
		return nil, fmt.Errorf("mosaiktest: connect to the simulator: %w; it must listen before mosaik starts", err)
	}
	d.conn = conn
	d.came.Set(nil)
	return d, nil
}

// Listen waits for a simulator to connect: the way of "cmd", where [Driver.Addr]
// is what mosaik puts for %(addr)s.
func Listen(ctx context.Context, opts *Options) (*Driver, error) {
	d := newDriver(opts)
	wire := mosaik.Wire(channel.Limits{})
	wire.Connected = func(ch *channel.Conn) {
		d.mu.Lock()
		d.conn = rpc.Of(ch)
		d.mu.Unlock()
		d.came.Set(nil)
	}
	srv, err := rpc.Listen(ctx, "tcp://127.0.0.1:0", d.service(), wire)
	if err != nil {
		return nil, fmt.Errorf("mosaiktest: %w", err)
	}
	d.server = srv
	return d, nil
}

// Addr returns where the driver listens, "HOST:PORT", "" if it has dialled.
func (d *Driver) Addr() string {
	if d.server == nil {
		return ""
	}
	a, err := transport.ParseAddr(d.server.Addr())
	if err != nil {
		return ""
	}
	return net.JoinHostPort(a.Host, strconv.Itoa(int(a.Port)))
}

// Connected waits until the simulator has connected. The calls do so themselves.
func (d *Driver) Connected(ctx context.Context) error {
	_, err := d.remote(ctx)
	return err
}

// remote returns the simulator, when it has connected.
func (d *Driver) remote(ctx context.Context) (rpc.Remote, error) {
	if err := d.came.Wait(ctx, nil, "the simulator to connect"); err != nil {
		return rpc.Remote{}, fmt.Errorf("the simulator has not connected to %s: %w", d.Addr(), err)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.conn.Remote(), nil
}

// ask calls the simulator.
func ask[R any](ctx context.Context, d *Driver, name string, args ...any) (result R, err error) {
	r, err := d.remote(ctx)
	if err == nil {
		result, err = rpc.Call[R](ctx, r, name, args...)
	}
	if err != nil {
		err = fmt.Errorf("mosaiktest: %s: %w", name, err)
	}
	return result, err
}

// Stop sends stop, and waits until the simulator has answered or closed the
// connection, and until its program, if the driver has started it, has ended. To
// stop again does nothing.
func (d *Driver) Stop(ctx context.Context) error {
	d.mu.Lock()
	stopped := d.stopped
	d.stopped = true
	d.mu.Unlock()
	if stopped {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, stopTimeout)
	defer cancel()
	_, err := ask[any](ctx, d, "stop")
	var lost *channel.LostError
	if errors.As(err, &lost) {
		err = nil // it has closed the connection, which is as good
	}
	return errors.Join(err, d.Close(), d.program.wait(ctx))
}

// Close closes the connection without a stop, as a mosaik does that vanishes.
// It does not wait for the simulator.
func (d *Driver) Close() error {
	if d.server != nil {
		return d.server.Close()
	}
	return d.conn.Close()
}

// Wait waits until the connection is gone, and the program, if the driver has
// started one, and returns the error with which that has ended.
func (d *Driver) Wait(ctx context.Context) error {
	d.mu.Lock()
	conn := d.conn
	d.mu.Unlock()
	if conn != nil {
		if err := conn.Wait(ctx); ctx.Err() != nil {
			return err
		}
	}
	return d.program.wait(ctx)
}

// Meta returns what the simulator has answered to init.
func (d *Driver) Meta() mosaik.Meta {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.meta
}

// Sent returns what the simulator has sent by set_data.
func (d *Driver) Sent() []SetData {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.set
}

// local returns the id of an entity of the simulator, of its full id.
func (d *Driver) local(full string) (id string, ok bool) {
	sid, id, found := strings.Cut(full, ".")
	return id, found && sid == d.sid
}
