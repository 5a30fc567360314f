package rpc

import (
	"context"
	"errors"
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/gomas/gomas/channel"
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
func (s *Service) Inside(opts *Options) { s.inside = opts }

// Connect implements [Peer]. It is not called: there is nobody to connect to.
func (l *local) Connect(context.Context) (*Conn, error) {
	return nil, fmt.Errorf("rpc: %s is a service of this program", l.Describe(""))
}

// Addr implements [Peer].
func (l *local) Addr() string {
	if root, _ := (*Service)(l).place(); root.directory != nil {
		return root.directory.Home()
	}
	return ""
}

// URL implements [Peer].
func (l *local) URL(path string) string {
	root, at := (*Service)(l).place()
	if root.directory == nil {
		return ""
	}
	return root.directory.URL(root.directory.Home(), join(at, path))
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

// ask calls a function of the tree that l is in. The arguments are taken while
// the caller has its turn, and what it gets is a copy of the result. If private
// is set, nobody changes what the arguments point to.
func (l *local) ask(ctx context.Context, m *codec.Call, result any, private bool) error {
	if err := turn.Err(ctx); err != nil {
		return err
	}
	c, err := l.call(m, result, private)
	if err != nil {
		return err
	}
	in := c.inside
	wait, err := turn.Begin(ctx, nil)
	if err != nil {
		return err
	}
	in.finish = wait
	if after := channel.TimeoutOf(ctx, in.root.inside); after > 0 {
		c.limit = &timeLimit{at: time.Now().Add(after)}
		timer := time.AfterFunc(after, func() { wait.Wake(&channel.TimeoutError{Addr: in.origin, After: after}) })
		defer timer.Stop()
	} else if end, ok := ctx.Deadline(); ok {
		c.limit = &timeLimit{at: end}
	}
	c.start(c.owner)
	if err := wait.Block(ctx, l); err != nil {
		c.GivenUp(channel.ErrGivenUp)
		return err
	}
	if in.err != nil {
		return in.failure(in.err)
	}
	return in.deliver()
}

// tell is ask without waiting.
func (l *local) tell(m *codec.Call, private bool) error {
	c, err := l.call(m, nil, private)
	var failure *RemoteError
	switch {
	case errors.As(err, &failure):
		logFailure((*Service)(l), failure)
		return nil
	case err != nil:
		return err
	}
	in := c.inside
	in.finish = telling{in}
	c.start(c.owner)
	return nil
}

// telling is the end of a call that nobody waits for.
type telling struct{ *inside }

func (t telling) Wake(error) bool {
	if t.err != nil {
		logFailure(t.root, t.failure(t.err))
	}
	return true
}

func logFailure(s *Service, err error) {
	if root, _ := s.place(); root.inside != nil && root.inside.Logger != nil {
		root.inside.Logger.Warn("a call that nobody waits for has failed", "error", err)
	}
}

// call makes a call of a function of the tree that l is in, to be started under
// its turn. A function that there is none of is a *RemoteError.
func (l *local) call(m *codec.Call, result any, private bool) (*call, error) {
	root, at := (*Service)(l).place()
	in := &inside{root: root, wanted: result, origin: here}
	if root.directory != nil {
		in.origin = root.directory.Home()
	}
	path := join(at, m.Path())
	found, fault := root.resolve([]byte(path))
	if fault != nil {
		return nil, in.failure(fault)
	}
	if err := in.pack(m, private); err != nil {
		return nil, err
	}
	c := &call{inside: in, turn: found.turn, owner: found.owner, fn: found.function}
	c.Task = c
	if c.turn == nil {
		c.turn = turn.Free{}
	}
	if found.around != nil {
		c.around, c.path = found.around, path
	}
	return c, nil
}

// inside is what a call within the program has instead of a connection.
type inside struct {
	root   *Service
	origin string
	finish interface{ Wake(error) bool } // who waits for the end
	format *format                       // nil before it is needed

	// Arguments: values that nobody changes, or [codec.Raw].
	args   []any
	kwargs map[string]codec.Raw

	wanted any // pointer to where the result goes, nil: nowhere
	result any // in the form of an argument
	err    error
}

// pack takes the arguments.
func (in *inside) pack(m *codec.Call, private bool) (err error) {
	in.args = make([]any, len(m.Args))
	for i, arg := range m.Args {
		if in.args[i], err = in.share(arg, private); err != nil {
			return fmt.Errorf("rpc: argument %d: %w", i+1, err)
		}
	}
	if len(m.Kwargs) > 0 {
		in.kwargs = make(map[string]codec.Raw, len(m.Kwargs))
	}
	for _, kw := range m.Kwargs {
		if in.kwargs[kw.Name], err = in.encode(kw.Value); err != nil {
			return fmt.Errorf("rpc: argument %s: %w", kw.Name, err)
		}
	}
	return nil
}

// share returns v in a form that both sides may have: itself, if it cannot be
// changed, or else as the codec encodes it.
func (in *inside) share(v any, private bool) (any, error) {
	switch v := v.(type) {
	case nil, bool, int, int8, int16, int32, int64, uint, uint8, uint16, uint32, uint64, float32, float64, Remote:
		return v, nil
	case string:
		if utf8.ValidString(v) {
			return v, nil
		}
	case *Service:
		return v.Remote(), nil
	case *bool, *int, *int32, *int64, *uint64, *float64, *Remote:
		if private {
			return v, nil
		}
	case *string:
		if private && utf8.ValidString(*v) {
			return v, nil
		}
	}
	return in.encode(v)
}

func (in *inside) encode(v any) (codec.Raw, error) {
	if err := in.init(); err != nil {
		return nil, err
	}
	return in.format.codec.Append(nil, v, in.format.types)
}

// init makes the format, if there is none yet. References stay in memory: what
// is encoded is their number.
func (in *inside) init() error {
	if in.format != nil {
		return nil
	}
	opts, err := withReferences(in.root.inside)
	if err != nil {
		return err
	}
	var sent []Remote
	in.format = newFormat(opts, reference{
		refer: func(r Remote) (any, error) {
			sent = append(sent, r)
			return len(sent) - 1, nil
		},
		referred: func(parse func(any) error) (any, error) {
			var n int
			if err := parse(&n); err != nil {
				return nil, err
			}
			return sent[n], nil
		},
	})
	return nil
}

// parseArgs stores the arguments in what dst points to, as
// [codec.Enveloper.ParseArgs] does.
func (in *inside) parseArgs(dst []any) (n int, err error) {
	n = len(in.args)
	for i := range min(n, len(dst)) {
		if err := in.assign(dst[i], in.args[i]); err != nil {
			return n, &codec.ItemError{Index: i, Err: err}
		}
	}
	return n, nil
}

// assign stores a shared value in what dst points to. Where the types differ
// the codec decides, as it does between peers.
func (in *inside) assign(dst, v any) error {
	raw, ok := v.(codec.Raw)
	if !ok {
		if set(dst, v) {
			return nil
		}
		var err error
		if raw, err = in.encode(v); err != nil {
			return err
		}
	}
	if p, ok := dst.(channel.Parser); ok {
		return p.Parse(raw, in.format.codec, in.format.types)
	}
	return in.format.codec.Parse(raw, dst, in.format.types)
}

// set is assign for equal types.
func set(dst, v any) bool {
	switch dst := dst.(type) {
	case *bool:
		return setAs(dst, v)
	case *int:
		return setAs(dst, v)
	case *int32:
		return setAs(dst, v)
	case *int64:
		return setAs(dst, v)
	case *uint64:
		return setAs(dst, v)
	case *float64:
		return setAs(dst, v)
	case *string:
		return setAs(dst, v)
	case *Remote:
		return setAs(dst, v)
	}
	return false
}

func setAs[T any](dst *T, v any) bool {
	switch v := v.(type) {
	case T:
		*dst = v
	case *T:
		*dst = *v
	default:
		return false
	}
	return true
}

// succeed takes the result, under the turn of the function.
func (in *inside) succeed(result any) (err error) {
	if in.wanted == nil {
		return nil
	}
	in.result, err = in.share(result, true)
	if err != nil {
		in.err = &Error{Type: "SerializationError", Message: err.Error()}
	}
	return err
}

// failure is the error of the call for that of the function.
func (in *inside) failure(err error) error {
	var errs *channel.Errors
	if in.root.inside != nil {
		errs = in.root.inside.Errors
	}
	return channel.AsRemote(in.origin, err, errs)
}

// deliver stores the result where it is wanted.
func (in *inside) deliver() error {
	if in.wanted == nil {
		return nil
	}
	if err := in.assign(in.wanted, in.result); err != nil {
		return fmt.Errorf("rpc: result of %s: %w", in.origin, err)
	}
	codec.Own(in.wanted)
	return nil
}
