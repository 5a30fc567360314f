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

// Remote refers to a service of a peer. It is a small value: two of them are
// equal if they refer to the same service of the same peer, and they may be
// keys of maps.
type Remote struct {
	peer Peer
	path string
}

// Peer is who a [Remote] calls: a *[Conn], or something that knows how to get
// one. It must be comparable.
type Peer interface {
	// Connect returns a connection to the peer, and makes it if need be.
	Connect(ctx context.Context) (*Conn, error)
	// Describe returns the text that a Remote of the path prints as.
	Describe(path string) string
}

// NewRemote returns a reference to the service at a path, "" for the root.
func NewRemote(peer Peer, path string) Remote { return Remote{peer, path} }

// Sub returns a reference to a service under this one, by a name or by a path
// of names; of the empty path, it is this one.
func (r Remote) Sub(path string) Remote {
	switch {
	case path == "":
		return r
	case r.path != "":
		path = r.path + "/" + path
	}
	return Remote{r.peer, path}
}

var errReference = errors.New("references to services cannot be sent yet")

// LogValue makes package log/slog print the Remote as String does.
func (r Remote) LogValue() slog.Value { return slog.StringValue(r.String()) }

// MarshalText fails: a Remote cannot be part of a message yet.
func (Remote) MarshalText() ([]byte, error) { return nil, errReference }

// MarshalText fails: a service cannot be part of a message yet.
func (*Service) MarshalText() ([]byte, error) { return nil, errReference }

// Path returns the path of the service, "" for the root.
func (r Remote) Path() string { return r.path }

// Peer returns who the calls go to, nil for the zero Remote.
func (r Remote) Peer() Peer { return r.peer }

func (r Remote) String() string {
	if r.peer == nil {
		return "Remote(none)"
	}
	return r.peer.Describe(r.path)
}

var errNoPeer = errors.New("rpc: call of the zero Remote, which refers to nothing")

// do makes one call.
func (r Remote) do(ctx context.Context, m *codec.Call, result any) error {
	if r.peer == nil {
		return errNoPeer
	}
	if i, ok := r.peer.(interceptable); ok && len(i.interceptors()) > 0 {
		return intercept(ctx, i.interceptors(), Info{Path: m.Path(), Remote: r}, func(ctx context.Context) error {
			return r.ask(ctx, m, result)
		})
	}
	return r.ask(ctx, m, result)
}

func (r Remote) ask(ctx context.Context, m *codec.Call, result any) error {
	return channel.Persist(ctx, func() error {
		conn, err := r.peer.Connect(ctx)
		if err != nil {
			return err
		}
		return conn.ch.Ask(ctx, m, result)
	})
}

// Kw holds the keyword arguments of a [Call].
type Kw map[string]any

// Call calls a function without a contract. The name may be a path:
// "sub/mul". If the last argument is a [Kw], it holds keyword arguments.
//
// R is the type of the result; any takes whatever comes.
func Call[R any](ctx context.Context, r Remote, name string, args ...any) (result R, err error) {
	m := &codec.Call{Service: r.path, Name: name, Args: args}
	if n := len(args) - 1; n >= 0 {
		if kw, ok := args[n].(Kw); ok {
			m.Args = args[:n]
			for _, keyword := range slices.Sorted(maps.Keys(kw)) {
				m.Kwargs = append(m.Kwargs, codec.Keyword{Name: keyword, Value: kw[keyword]})
			}
		}
	}
	err = r.do(ctx, m, &result)
	return result, err
}
