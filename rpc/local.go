package rpc

import (
	"context"
	"errors"
	"fmt"

	"github.com/gomas/gomas/channel"
	"github.com/gomas/gomas/clock"
	"github.com/gomas/gomas/codec"
	"github.com/gomas/gomas/turn"
)

// local is a service as a [Peer]: one of this program, which is called without
// a connection.
type local Service

// Inside sets how the tree, of which s is the root, is called from within the
// program: the codec and the custom types with which values are copied, and
// the time-out. Other options have no meaning there. It must be called before
// s is used.
func (s *Service) Inside(opts *Options) { s.configure().inside = opts }

// Connect implements [Peer]. It is not called: there is nobody to connect to.
func (l *local) Connect(context.Context) (*Conn, error) {
	return nil, fmt.Errorf("rpc: %s is a service of this program", l.Describe(""))
}

// Addr implements [Peer].
func (l *local) Addr() string {
	root, _ := (*Service)(l).place()
	if d := root.settings().directory; d != nil {
		return d.Home()
	}
	return ""
}

// URL implements [Peer].
func (l *local) URL(path string) string {
	root, at := (*Service)(l).place()
	if d := root.settings().directory; d != nil {
		return d.URL(d.Home(), join(at, path))
	}
	return ""
}

// Describe implements [Peer].
func (l *local) Describe(path string) string {
	if url := l.URL(path); url != "" {
		return fmt.Sprintf("Remote(%q)", url)
	}
	_, at := (*Service)(l).place()
	return fmt.Sprintf("Remote(%q, %q)", here, join(at, path))
}

// here is what stands for an address where there is no connection.
const here = "this program"

// localCall is a call within the program.
type localCall struct {
	call
	inside
	room [4]any
	path [64]byte
}

// ask calls a function of the tree that l is in. The arguments are taken while
// the caller has its turn, and what it gets is a copy of the result. If private
// is set, nobody changes what the arguments point to.
func (l *local) ask(ctx context.Context, m *codec.Call, result any, private bool) error {
	if err := turn.Err(ctx); err != nil {
		return err
	}
	x, err := l.call(turn.From(ctx), m, result, private)
	if err != nil {
		return err
	}
	return x.await(ctx)
}

// maxTold is how many calls of tell may be under way in a tree.
const maxTold = 1024

// tell is ask without waiting, unless too many have been told already.
func (l *local) tell(ctx context.Context, m *codec.Call, private bool) error {
	root, _ := (*Service)(l).place()
	if root.told.Load() >= maxTold {
		return tolerate(root, l.ask(ctx, m, nil, private))
	}
	if err := turn.Err(ctx); err != nil {
		return err
	}
	x, err := l.call(turn.From(ctx), m, nil, private)
	if err != nil {
		return tolerate(root, err)
	}
	root.told.Add(1)
	x.told = true
	x.start(x.owner)
	return nil
}

// over is the end of the call, for who waits for it.
func (in *inside) over() {
	if !in.told {
		in.wait.Wake(nil)
		return
	}
	in.root.told.Add(-1)
	if in.err != nil {
		logFailure(in.root, in.err)
	}
}

// tolerate logs a failure, and returns any other error.
func tolerate(root *Service, err error) error {
	var failure *RemoteError
	if errors.As(err, &failure) {
		logFailure(root, failure)
		return nil
	}
	return err
}

func logFailure(root *Service, err error) {
	if opts := root.settings().inside; opts != nil && opts.Logger != nil {
		opts.Logger.Warn("a call that nobody waits for has failed", "error", err)
	}
}

// call makes a call of a function of the tree that l is in. A function that
// there is none of is a *RemoteError.
func (l *local) call(caller turn.Turn, m *codec.Call, result any, private bool) (*localCall, error) {
	x := new(localCall)
	c, in := &x.call, &x.inside
	c.inside, c.Task = in, c
	root, path := (*Service)(l).appendPlace(x.path[:0])
	path = appendNames(appendNames(path, m.Service), m.Name)
	in.root, in.wanted, in.origin, in.args = root, result, here, x.room[:0]
	if d := root.settings().directory; d != nil {
		in.origin = d.Home()
	}
	if err := in.pack(m, private); err != nil {
		return nil, err
	}
	found, fault := root.resolve(path)
	if fault != nil {
		return nil, in.failure(fault)
	}
	c.fn, c.owner = found.function, found.owner
	// A function of any shape may return a pointer to what others change.
	_, anyShape := c.fn.handler.(*reflected)
	in.private = !anyShape
	if c.turn = found.turn; c.turn == nil {
		c.turn = turn.FreeOf(caller)
	}
	if found.around != nil {
		c.around, c.path = found.around, string(path)
	}
	return x, nil
}

// await has the call executed and waits for its end.
func (x *localCall) await(ctx context.Context) error {
	c, in := &x.call, &x.inside
	wait, err := turn.Begin(ctx, nil)
	if err != nil {
		return err
	}
	in.wait = wait
	late := error(context.DeadlineExceeded)
	var limit *timeLimit
	if end, ok := ctx.Deadline(); ok {
		limit = &timeLimit{clock: clock.Real{}, at: clock.Real{}.TimeOf(end)}
	}
	if after := channel.TimeoutOf(ctx, in.root.settings().inside); after > 0 {
		timeout := &channel.TimeoutError{Addr: in.origin, After: after}
		now := clock.For(ctx)
		timer, _ := now.In(after, func() { wait.Wake(timeout) }) // not in the past
		defer timer.Stop()
		if limit == nil || after < limit.at-limit.clock.Now() {
			limit, late = &timeLimit{clock: now, at: now.Now() + after}, timeout
		}
	}
	c.limit = limit
	c.start(c.owner)
	err = wait.Block(ctx, c)
	if err == nil && in.err != nil && limit.isOver() {
		err = late // the function was the first to notice
	}
	switch {
	case err != nil:
		c.GivenUp(channel.ErrGivenUp)
		return err
	case in.err != nil:
		return in.err
	}
	return in.deliver()
}

// appendPlace appends the path of s to dst, and returns the root of its tree.
func (s *Service) appendPlace(dst []byte) (root *Service, path []byte) {
	m := s.above.Load()
	if m == nil {
		return s, dst
	}
	root, dst = m.in.appendPlace(dst)
	return root, appendNames(dst, m.name)
}

// appendNames appends a path to another one, each of which may be that of a
// root.
func appendNames(dst []byte, path string) []byte {
	if len(dst) > 0 && path != "" {
		dst = append(dst, '/')
	}
	return append(dst, path...)
}
