package gomas

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/gomas/gomas/channel"
	"github.com/gomas/gomas/clock"
	"github.com/gomas/gomas/codec"
	"github.com/gomas/gomas/rpc"
	"github.com/gomas/gomas/transport"
	"github.com/gomas/gomas/turn"
)

// ErrNoAgent is wrapped by errors for agents that a container does not have.
var ErrNoAgent = errors.New("no such agent")

// ErrClosed is wrapped by errors for the use of a container that is shutting
// down or has shut down, and of its connections. It is [channel.ErrClosed].
var ErrClosed = channel.ErrClosed

// Container holds agents, listens at an address for those who call them, and
// keeps the connections that its agents have opened: one to each container
// they have connected to, shared by all, for calls in both directions.
type Container struct {
	opts   Options
	server *rpc.Server
	bound  chan struct{} // closed when server, own and addr are set, or never will be
	own    transport.Addr
	addr   string          // own, as the server tells it
	conn   rpc.Options     // of every connection
	group  *turn.Group     // of the agents' turns, nil: none
	free   turn.Turn       // of what belongs to no agent
	by     *turn.Scheduler // of the agents' turns, nil: none
	root   *rpc.Service
	tree   *rpc.Service // the agents, by id
	roster roster

	mu      sync.RWMutex
	nextID  int
	named   map[string]bool // ids that are no numbers, also of agents that have stopped
	awaited map[string]*arrival
	lines   lines
	types   typeNames
	closed  bool
	tasks   int
	idle    turn.Event  // closed, and no tasks are left
	down    *turn.Event // the end of Shutdown, nil before it has begun
}

// validateAID is what aiomas asks a container before it makes a proxy: the
// name of the type of the agent with an id, or null.
const validateAID rpc.Func1[any, any] = "validate_aid(aid)"

// NewContainer starts a container that listens at an address: a TCP port,
// "tcp://localhost:5555", a Unix socket, "ipc://[/run/my.sock]", or a name in the
// local network that ctx is of, "local://name"; see package local. Port 0 is any
// free one; [Container.Addr] tells which. It listens when NewContainer
// returns, and ctx no longer matters then.
func NewContainer(ctx context.Context, addr string, opts *Options) (*Container, error) {
	c := &Container{
		bound: make(chan struct{}),
		root:  rpc.NewService(),
		tree:  rpc.NewService(),
		lines: lines{byAddr: make(map[transport.Addr]*rpc.Client)},
	}
	if opts != nil {
		c.opts = *opts
	}
	if c.opts.Clock == nil {
		c.opts.Clock = clock.Real{}
	}
	c.gather()
	types := new(codec.Types)
	if err := codec.RegisterTime(types); err != nil {
		return nil, fmt.Errorf("gomas: %w", err)
	}
	for _, t := range c.opts.Types.All() {
		if t.Go == reflect.TypeFor[time.Time]() && t.Bare {
			continue // the same again, by RegisterTime
		}
		if err := types.Add(*t); err != nil {
			return nil, fmt.Errorf("gomas: %w", err)
		}
	}
	c.conn = c.opts.connections(types)
	c.conn.Errors = c.opts.Errors.Clone()
	if err := errors.Join(
		c.conn.Errors.Register("NoAgentError", ErrNoAgent),
		c.conn.Errors.Register("AgentStoppedError", ErrStopped),
		c.conn.Errors.Register("ClosedError", ErrClosed),
	); err != nil {
		return nil, fmt.Errorf("gomas: %w", err)
	}
	c.root.Intercept(c.opts.Incoming...)
	validateAID.Handle(c.root, c.validateAID)
	awaitAID.Handle(c.root, c.awaitAID)
	c.root.Mount("agents", c.tree)
	c.tree.Collect((*agents)(c))
	c.root.Inside(&c.conn)
	c.root.UseDirectory((*directory)(c))

	advertised, err := c.opts.advertised()
	if err != nil {
		return nil, fmt.Errorf("gomas: %w", err)
	}
	c.server, err = rpc.Listen(ctx, addr, c.root, &c.conn)
	if err == nil {
		c.own, err = transport.ParseAddr(c.server.Addr())
		if advertised != (transport.Addr{}) {
			advertised.Port = cmp.Or(advertised.Port, c.own.Port)
			c.own = advertised
		}
		c.addr = c.own.String()
		c.free = c.server.Turn()
		if s := turn.SchedulerOf(c.free); s != nil {
			c.by = &s
		}
		if a, _ := transport.ParseAddr(addr); a.Local() && (opts == nil || opts.Clock == nil) {
			c.opts.Clock = clock.ForTurn(c.free)
		}
	}
	close(c.bound)
	if err != nil {
		return nil, fmt.Errorf("gomas: container at %s: %w", addr, err)
	}
	return c, nil
}

// gather makes the group of the agents' turns, if somebody looks at them.
func (c *Container) gather() {
	if external, ok := c.opts.Clock.(*clock.External); ok {
		c.group = external.Group()
		c.opts.Outgoing = append([]rpc.Interceptor{c.countCall}, c.opts.Outgoing...)
	}
	if c.opts.StuckAfter <= 0 {
		return
	}
	if c.group == nil {
		c.group = new(turn.Group)
	}
	c.group.Watch(c.opts.StuckAfter, func(h turn.Holding) {
		a, _ := h.Name.(*Agent)
		switch {
		case c.opts.Stuck != nil:
			c.opts.Stuck(a, h)
		case c.opts.Logger != nil:
			c.opts.Logger.Warn("an agent keeps its turn", "agent", a, "since", h.Since, "waiting", h.Waiting, "stack", h.Stack)
		}
	})
}

// uncounted is the key of contexts whose calls may last beyond a step.
type uncounted struct{}

// countCall keeps the group from resting while a call is under way to a
// container elsewhere. What runs in this one is counted anyway.
func (c *Container) countCall(ctx context.Context, call rpc.Info, next func(context.Context) error) error {
	if _, ok := call.Remote.Peer().(home); ok || ctx.Value(uncounted{}) != nil {
		return next(ctx)
	}
	c.group.Add(1)
	defer c.group.Add(-1) // when the caller has its turn back
	return next(ctx)
}

// Addr returns the address by which others reach the container, to which agents'
// ids are appended with a slash.
func (c *Container) Addr() string { return c.addr }

// Clock returns the clock of the container's agents.
func (c *Container) Clock() clock.Clock { return c.opts.Clock }

func (c *Container) String() string { return fmt.Sprintf("Container('%s')", c.Addr()) }

// Services returns the root of what the container offers its peers. The
// program may add functions and services of its own to it.
func (c *Container) Services() *rpc.Service { return c.root }

// Agents returns the agents in order of their creation.
func (c *Container) Agents() []*Agent { return c.roster.list() }

// AgentsOf returns the agents of a type, as their constructors returned them, in
// order of their creation. T may be an interface.
func AgentsOf[T any](c *Container) []T {
	var list []T
	for _, a := range c.Agents() {
		if agent, ok := a.self.(T); ok {
			list = append(list, agent)
		}
	}
	return list
}

// Agent returns the agent with an id, nil if there is none.
func (c *Container) Agent(id string) *Agent { return c.roster.find([]byte(id)) }

func (c *Container) validateAID(_ context.Context, id any) (any, error) {
	text, _ := id.(string)
	if a := c.Agent(text); a != nil {
		return a.typeName, nil
	}
	return nil, nil
}

// Connect returns a reference to the agent at a URL such as
// "tcp://localhost:5555/0". It opens a connection to the agent's container,
// unless there is one already or it is this one, and asks whether the agent
// exists.
//
// The reference outlives the connection: if that is lost, the calls under way
// fail, and the next call connects again.
func (c *Container) Connect(ctx context.Context, url string) (rpc.Remote, error) {
	remote, err := c.connect(ctx, url)
	if err != nil {
		return rpc.Remote{}, fmt.Errorf("gomas: connect %s: %w", url, err)
	}
	return remote, nil
}

func (c *Container) connect(ctx context.Context, url string) (rpc.Remote, error) {
	addr, id, err := transport.SplitURL(url)
	if err != nil {
		return rpc.Remote{}, err
	}
	p := c.peer(addr)
	if _, ok := p.(home); ok {
		// As any other Connect, it lets others have the turn.
		if err := errors.Join(turn.Err(ctx), turn.Leave(ctx, func() {})); err != nil {
			return rpc.Remote{}, err
		}
		if c.Agent(id) == nil {
			return rpc.Remote{}, ErrNoAgent
		}
		return rpc.NewRemote(p, agentsPath+id), nil
	}
	name, err := validateAID.Call(ctx, rpc.NewRemote(p, ""), id)
	if err != nil {
		return rpc.Remote{}, err
	}
	typeName, ok := name.(string)
	if !ok {
		return rpc.Remote{}, ErrNoAgent
	}
	return peer{c, addr}.agent(id, typeName), nil
}

// Close closes the container without waiting for anything: connections are
// cut, and the contexts of agents end; their [Agent.OnStop] functions are not
// called. Use [Container.Shutdown] for a good end.
func (c *Container) Close() error {
	c.stop()
	err := c.server.Close()
	for _, l := range c.allLines() {
		_ = l.Close()
	}
	c.root.Close(fmt.Errorf("%v: %w", c, ErrClosed)) // for calls from within
	return err
}

// Shutdown ends the container in good order. No agent and no task begins any
// more, and the contexts of tasks end. When the tasks have ended, the
// [Agent.OnStop] functions of the agents run, those of the youngest agent
// first. Then no more connections and requests are accepted; when those being
// worked on have been answered, the connections are closed. Calls from within the
// program, which others may have given up, are waited for, too. If ctx ends first,
// everything is cut and its error returned. Shutdown must not be called by an
// agent of the container, which would wait for itself.
//
// If Shutdown is called again, all calls wait for the same end.
func (c *Container) Shutdown(ctx context.Context) error {
	if a := c.agentOf(ctx); a != nil {
		return fmt.Errorf("gomas: shutdown of %v by %v: %w: an agent cannot wait for its own end", c, a, turn.ErrMisuse)
	}
	if err := c.alive(); err != nil {
		return fmt.Errorf("gomas: shutdown of %v: %w", c, err)
	}
	c.mu.Lock()
	down, first := c.down, c.down == nil
	if first {
		down = new(turn.Event)
		c.down = down
	}
	c.mu.Unlock()
	if first {
		err := errGoexit
		defer func() { down.Set(err) }()
		err = c.shutdown(ctx)
		return err
	}
	return down.Wait(ctx, nil, end{c, c})
}

// tasks are those of all agents of a container.
type tasks struct{}

func (tasks) String() string { return "tasks of agents" }

func (c *Container) shutdown(ctx context.Context) error {
	agents := c.stop()
	errs := []error{c.idle.Wait(ctx, nil, end{c, tasks{}})}
	for _, a := range slices.Backward(agents) {
		if ctx.Err() == nil {
			errs = append(errs, a.shutDownWith(ctx))
		}
	}
	errs = append(errs, c.server.Shutdown(ctx))
	// All at once: peers may be slow, but not one after another.
	lines := c.allLines()
	ends := make([]turn.Event, len(lines))
	for i, l := range lines {
		c.free.Start(turn.Func(func() { ends[i].Set(l.Shutdown(turn.With(ctx, c.free))) }))
	}
	for i := range ends {
		errs = append(errs, ends[i].Wait(context.WithoutCancel(ctx), nil, "a connection to close"))
	}
	closed := fmt.Errorf("%v: %w", c, ErrClosed)
	c.root.Close(closed)
	for _, a := range agents { // calls from within the program may be under way
		a.services.Close(closed)
	}
	for _, a := range agents {
		errs = append(errs, a.services.Idle(ctx))
	}
	return errors.Join(errs...)
}

// agentOf returns the container's agent whose turn ctx names, nil if there is
// none.
func (c *Container) agentOf(ctx context.Context) *Agent {
	t := turn.From(ctx)
	if t == nil {
		return nil
	}
	for _, a := range c.Agents() {
		if t == turn.Turn(&a.turn) {
			return a
		}
	}
	return nil
}

// shutDown is the end of the lives of agents whose container shuts down.
var shutDown = func() (e turn.End) {
	e.Come(context.Canceled, ErrClosed)
	return
}()

// stop begins no more, and returns the agents.
func (c *Container) stop() []*Agent {
	c.mu.Lock()
	c.closed = true
	if c.tasks == 0 {
		c.idle.Set(nil)
	}
	for _, id := range slices.Sorted(maps.Keys(c.awaited)) {
		c.awaited[id].event.Set(ErrClosed)
	}
	clear(c.awaited)
	agents := c.Agents() // under c.mu, so that no agent has gone whose end idle does not count
	c.mu.Unlock()
	for _, a := range agents {
		a.life.Preset(&shutDown)
	}
	return agents
}

func (c *Container) allLines() []*rpc.Client {
	c.mu.Lock()
	defer c.mu.Unlock()
	lines := slices.Collect(maps.Values(c.lines.byAddr))
	slices.SortFunc(lines, func(a, b *rpc.Client) int { return strings.Compare(a.Addr(), b.Addr()) })
	return lines
}

// leave counts one less of what Shutdown waits for.
func (c *Container) leave() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.tasks--; c.tasks == 0 && c.closed {
		c.idle.Set(nil)
	}
}
