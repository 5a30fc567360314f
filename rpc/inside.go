package rpc

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/gomas/gomas/channel"
	"github.com/gomas/gomas/codec"
	"github.com/gomas/gomas/turn"
)

// inside is what a call within the program has instead of a connection. The
// caller has it until the function begins, and again after its end, unless it
// has given up by then.
type inside struct {
	root   *Service
	wait   turn.Wait // for the end
	told   bool      // nobody waits
	format *format   // nil before it is needed

	// Arguments: values that nobody changes, or [codec.Raw].
	args   []any
	vars   variables // of the caller's contract, which args are going to point to; nil: args are complete
	lent   bool      // the function may use vars as its own
	kwargs map[string]codec.Raw
	room   [6]any // for args

	wanted  any   // pointer to where the result goes, nil: nowhere
	private bool  // nobody changes what the result points to
	placed  bool  // the function has put it there
	result  any   // in the form of an argument, if not
	err     error // as the caller sees it
	late    bool  // the caller of a visit has given it up
}

// origin is what stands for the address of the callee, where s is the root.
func (s *Service) origin() string {
	if d := s.settings().directory; d != nil {
		return d.Home()
	}
	return here
}

// pack takes the arguments.
func (in *inside) pack(m *codec.Call, vars variables) error {
	if len(m.Kwargs) == 0 && vars != nil && vars.plain() {
		in.vars, in.lent = vars, true
		return nil
	}
	in.vars, in.lent = nil, false
	args := m.Args
	if args == nil && vars != nil {
		args = vars.pointers(in.room[:0])
	}
	in.args = in.room[:0]
	for i, arg := range args {
		shared, err := in.share(arg, vars != nil)
		if err != nil {
			return unsendable(fmt.Sprintf("args[%d]", i), err)
		}
		in.args = append(in.args, shared)
	}
	if len(m.Kwargs) > 0 {
		in.kwargs = make(map[string]codec.Raw, len(m.Kwargs))
	}
	for _, kw := range m.Kwargs {
		raw, err := in.encode(kw.Value)
		if err != nil {
			return unsendable("kwargs."+kw.Name, err)
		}
		in.kwargs[kw.Name] = raw
	}
	return nil
}

// arguments returns the positional ones.
func (in *inside) arguments() []any {
	if in.args == nil && in.vars != nil {
		in.args = in.vars.pointers(in.room[:0])
	}
	return in.args
}

// isPlain reports whether what a pointer points to can be copied by assigning it,
// and needs no codec.
func isPlain(pointer any) bool {
	switch p := pointer.(type) {
	case nil, *bool, *int, *int32, *int64, *uint64, *float64:
		return true
	case *string:
		return utf8.ValidString(*p)
	case *Remote:
		return p.peer != nil
	}
	return false
}

// unsendable is the error for an argument that cannot be encoded. It says where
// that would be in a message.
func unsendable(where string, err error) error {
	if unsupported, ok := err.(*codec.UnsupportedError); ok {
		at := *unsupported
		if at.Path != "" && at.Path[0] != '[' {
			where += "."
		}
		at.Path = where + at.Path
		err = &at
	}
	return fmt.Errorf("rpc: %w", err)
}

// share returns v in a form that both sides may have: itself, if it cannot be
// changed, or else as the codec encodes it. What v points to cannot be changed
// if it is private.
func (in *inside) share(v any, private bool) (any, error) {
	switch v := v.(type) {
	case nil, bool, int, int8, int16, int32, int64, uint, uint8, uint16, uint32, uint64, float32, float64:
		return v, nil
	case string:
		if utf8.ValidString(v) {
			return v, nil
		}
	case Remote:
		if v.peer != nil {
			return v, nil
		}
	default:
		if private && isPlain(v) {
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
	root := in.root
	var sent []Remote
	var err error
	in.format, err = newFormat(root.settings().inside, reference{
		refer: func(r Remote) (any, error) {
			if r.peer == nil {
				return nil, errNoPeer
			}
			sent = append(sent, r)
			return numbered + strconv.Itoa(len(sent)-1), nil
		},
		referred: func(parse func(any) error) (any, error) {
			var text string
			if err := parse(&text); err != nil {
				return nil, err
			}
			if digits, ok := strings.CutPrefix(text, numbered); ok {
				if n, err := strconv.Atoi(digits); err == nil && n >= 0 && n < len(sent) {
					return sent[n], nil
				}
			}
			return root.follow(text, root.Remote())
		},
	})
	return err
}

// numbered is what numbers of references begin with, but no path does.
const numbered = "\x00"

// parseArgs stores the arguments in what dst points to, as
// [codec.Enveloper.ParseArgs] does.
func (in *inside) parseArgs(dst []any) (n int, err error) {
	args := in.arguments()
	n = len(args)
	for i := range min(n, len(dst)) {
		if err := in.assign(dst[i], args[i]); err != nil {
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

// succeed takes the result of a handler, under its turn.
func (in *inside) succeed(result any) (err error) {
	if in.placed = in.lent && result == in.wanted && isPlain(result); in.placed {
		return nil
	}
	in.result, err = in.share(result, in.private)
	if err != nil {
		in.err = in.failure(&Error{Type: "SerializationError", Message: "channel: " + err.Error()}) // as from a peer
	}
	return err
}

// failure is the error of the call for that of the function.
func (in *inside) failure(err error) error {
	var errs *channel.Errors
	if opts := in.root.settings().inside; opts != nil {
		errs = opts.Errors
	}
	return channel.AsRemote(in.root.origin(), err, errs)
}

// deliver stores the result where it is wanted.
func (in *inside) deliver() error {
	if in.placed || in.wanted == nil {
		return nil
	}
	if err := in.assign(in.wanted, in.result); err != nil {
		return fmt.Errorf("rpc: result of %s: %w", in.root.origin(), err)
	}
	codec.Own(in.wanted)
	return nil
}
