package rpc

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"slices"

	"github.com/gomas/gomas/channel"
	"github.com/gomas/gomas/codec"
)

// Remote refers to a service: of a peer, or of this program. It is a small
// value: two of them are equal if they refer to the same service of the same
// peer, and they may be keys of maps.
//
// A Remote may be an argument or a result of a call, or part of one. See
// [Service.Remote] for what becomes of it.
type Remote struct {
	peer Peer
	path string
}

// Peer is who a [Remote] calls: a *[Conn], or something that knows how to get
// one. It must be comparable.
type Peer interface {
	// Connect returns a connection to the peer, and makes it if need be.
	Connect(ctx context.Context) (*Conn, error)
	// Addr returns the address at which the peer can be reached, "" if that
	// is not known.
	Addr() string
	// URL returns how third parties find the peer's service at a path, "" if
	// they cannot; see [Directory].
	URL(path string) string
	// Describe returns the text that a Remote of the path prints as.
	Describe(path string) string
}

// NewRemote returns a reference to the service at a path, "" for the root.
func NewRemote(peer Peer, path string) Remote { return Remote{peer, path} }

// Remote returns a reference to s itself. It is what to send to a peer that is
// to call back: in an argument or a result, at any depth, where a contract
// has the type [Remote]. s must be part of the tree that this end of the
// connection offers; if not, the call fails with [ErrNoService] or
// [ErrOutside]. What arrives is a Remote whose calls go over that connection,
// or over those of the [Client] that made it.
//
// If the receiver sends the Remote back, what arrives is this Remote again;
// a peer that is Python cannot do that. To a third party it can be sent only if
// it has a URL, as those of agents do.
//
// Calls of it within this program need no connection. They are made in the
// same way in all other respects; [Caller] finds no connection then. A handler
// that has a turn may run on the goroutine of its caller, if that is a task with
// another turn: if it ends that, by [runtime.Goexit], the task ends as well.
func (s *Service) Remote() Remote {
	if s == nil {
		return Remote{}
	}
	return Remote{peer: (*local)(s)}
}

// Service returns the service that r refers to if it is one of this program,
// nil otherwise.
func (r Remote) Service() *Service {
	if own := inner(r.peer); own != nil {
		return (*Service)(own).at(r.path)
	}
	return nil
}

// Insider is implemented by peers that may be part of this program. Calls then
// need no connection.
type Insider interface {
	Peer
	// Inside returns the root of the tree that the peer offers, nil if it is
	// not part of this program.
	Inside() *Service
}

// inner returns what a peer offers if it is part of this program, else nil.
func inner(p Peer) *local {
	switch p := p.(type) {
	case *local:
		return p
	case Insider:
		return (*local)(p.Inside())
	}
	return nil
}

// find takes r apart: into a service of this program, if it is one, and the
// path from there.
func (r Remote) find() (own *Service, path string, err error) {
	if r.peer == nil {
		return nil, "", errNoPeer
	}
	return (*Service)(inner(r.peer)), r.path, nil
}

// Sub returns a reference to a service under this one, by a name or by a path
// of names; of the empty path, it is this one.
func (r Remote) Sub(path string) Remote {
	sub := Remote{r.peer, join(r.path, path)}
	if l, ok := r.peer.(*local); ok {
		if own := (*Service)(l).at(sub.path); own != nil {
			return own.Remote()
		}
	}
	return sub
}

var errMarshal = errors.New("rpc: a reference travels only in calls and their results, not as a key of a map or as an embedded field of a struct")

// MarshalText fails: what a Remote refers to depends on the connection, so only
// those of this package can carry it.
func (Remote) MarshalText() ([]byte, error) { return nil, errMarshal }

// MarshalText fails, as that of [Remote] does.
func (*Service) MarshalText() ([]byte, error) { return nil, errMarshal }

// Root returns a reference to the root service of whoever offers the service.
func (r Remote) Root() Remote { return Remote{r.peer, ""} }

// LogValue makes package log/slog print the Remote as String does.
func (r Remote) LogValue() slog.Value { return slog.StringValue(r.String()) }

// Path returns the path of the service, "" for the root.
func (r Remote) Path() string { return r.path }

// Peer returns who the calls go to, nil for the zero Remote.
func (r Remote) Peer() Peer { return r.peer }

// Addr returns the address at which the owner of the service can be reached,
// "" if that is not known.
func (r Remote) Addr() string {
	if r.peer == nil {
		return ""
	}
	return r.peer.Addr()
}

// URL returns how others find the service, "" if they cannot. That of an
// agent is its URL, and that of anything else is none.
func (r Remote) URL() string {
	if r.peer == nil {
		return ""
	}
	return r.peer.URL(r.path)
}

func (r Remote) String() string {
	if r.peer == nil {
		return "Remote(none)"
	}
	return r.peer.Describe(r.path)
}

var errNoPeer = errors.New("rpc: the zero Remote refers to nothing")

// do makes one call. vars are those of a contract, see [local.ask]; nil: it has
// none.
func (r Remote) do(ctx context.Context, m *codec.Call, result any, vars variables) error {
	if around := r.around(); len(around) > 0 {
		return intercept(ctx, around, Info{Path: m.Path(), Remote: r}, func(ctx context.Context) error {
			return r.ask(ctx, m, result, vars)
		})
	}
	return r.ask(ctx, m, result, vars)
}

// around returns the interceptors of outgoing calls.
func (r Remote) around() []Interceptor {
	if i, ok := r.peer.(Intercepted); ok {
		return i.Interceptors()
	}
	return nil
}

func (r Remote) ask(ctx context.Context, m *codec.Call, result any, vars variables) error {
	if own := inner(r.peer); own != nil {
		return own.ask(ctx, m, result, vars)
	}
	return r.askPeer(ctx, m, "", nil, result)
}

// askPeer makes a call over a connection: of a message or, if that is nil, of a
// contract with variables. Many wait here, each with its stack, so it has few
// variables and no closures.
func (r Remote) askPeer(ctx context.Context, m *codec.Call, contract string, vars variables, result any) error {
	if r.peer == nil {
		return errNoPeer
	}
	var tries channel.Attempts
	for {
		conn, err := r.peer.Connect(ctx)
		switch {
		case err != nil:
		case m == nil:
			err = conn.ch.Ask(ctx, r.message(contract, vars), result)
		default:
			err = conn.ch.Ask(ctx, m, result)
		}
		if again, err := tries.After(ctx, err); !again {
			return err
		}
	}
}

// Kw holds the keyword arguments of a [Call].
type Kw map[string]any

// Call calls a function without a contract. The name may be a path:
// "sub/mul". If the last argument is a [Kw], it holds keyword arguments.
//
// R is the type of the result; any takes whatever comes.
func Call[R any](ctx context.Context, r Remote, name string, args ...any) (result R, err error) {
	err = r.do(ctx, untyped(r, name, args), &result, nil)
	return result, err
}

// untyped is a call without a contract.
func untyped(r Remote, name string, args []any) *codec.Call {
	m := &codec.Call{Service: r.path, Name: name, Args: args}
	if n := len(args) - 1; n >= 0 {
		if kw, ok := args[n].(Kw); ok {
			m.Args = args[:n]
			for _, keyword := range slices.Sorted(maps.Keys(kw)) {
				m.Kwargs = append(m.Kwargs, codec.Keyword{Name: keyword, Value: kw[keyword]})
			}
		}
	}
	return m
}
