package rpc

import (
	"errors"
	"fmt"
	"reflect"
	"strings"

	"github.com/gomas/gomas/channel"
	"github.com/gomas/gomas/codec"
	"github.com/gomas/gomas/codec/json"
)

// The reasons why a service or a [Remote] in an argument or a result is not
// sent. They are wrapped by the error of the call, or reach the caller as a
// failure if it was a result.
var (
	// ErrNoService means that this end of the connection offers no service,
	// so the peer could not call one that it is given.
	ErrNoService = errors.New("rpc: this end of the connection offers no service; give one to Dial or NewClient")

	// ErrOutside means that the service is not in the tree that this end
	// offers: it is mounted nowhere, or in another tree.
	ErrOutside = errors.New("rpc: the service is not part of the tree that this end of the connection offers; mount it there")

	// ErrForeign means that the Remote refers to a service that the peer has
	// no way to call: that of a third party, whose address is not known, or
	// its own, if the peer is Python, which cannot find it.
	ErrForeign = errors.New("rpc: the reference is to a service that the peer cannot reach")
)

// Directory tells how the services of a tree are found by those who are not
// connected to it: by URLs. Agents have one; see [Service.UseDirectory].
type Directory interface {
	// Home returns the address under which the tree is offered, "" if there is
	// none. It is told to peers.
	Home() string
	// URL returns how others find the service at a path of the tree that is
	// offered at an address, "" if they cannot.
	URL(home, path string) string
	// Find returns the service that a URL refers to. Peers may send any
	// number of URLs, which may be wrong, so Find must not connect or keep
	// anything.
	Find(url string) (Remote, error)
}

// UseDirectory makes references from and to the tree, of which s is the root,
// go on to third parties. It must be called before s is used.
func (s *Service) UseDirectory(d Directory) { s.configure().directory = d }

// A service travels as {"__type__": [id, path]}, with the path from the root of
// the sender. Between gomas, the text may also be a path from the root of the
// receiver, after a slash, for a service that goes back to its owner, or the
// URL of a service elsewhere.
const ownersPath = "/"

// reference is how services are sent and received.
type reference struct {
	refer    func(Remote) (data any, err error)
	referred func(parse func(any) error) (any, error)
}

func (r reference) custom() codec.Type {
	return codec.Type{
		Go:   reflect.TypeFor[Remote](),
		Also: []reflect.Type{reflect.TypeFor[*Service]()},
		Bare: true,
		Encode: func(v any) (any, error) {
			if s, ok := v.(*Service); ok {
				return r.refer(s.Remote())
			}
			return r.refer(v.(Remote))
		},
		Decode: r.referred,
	}
}

// format is how values are encoded, on one connection or within the program.
type format struct {
	codec    codec.Codec
	envelope codec.Enveloper
	types    *codec.Types // the last one is that of references
}

// newFormat returns the format for options. It fails if they have a type of
// references of their own.
func newFormat(opts *Options, r reference) (*format, error) {
	f := &format{codec: json.Codec{}}
	if opts != nil {
		f.types = opts.Types
		if opts.Codec != nil {
			f.codec = opts.Codec
		}
	}
	f.envelope = codec.Envelope(f.codec)
	f.types = f.types.Clone()
	if err := f.types.Add(r.custom()); err != nil {
		return nil, fmt.Errorf("rpc: %w", err)
	}
	return f, nil
}

// checkFormat checks that connections with the options can have a format.
func checkFormat(opts *Options) error {
	_, err := newFormat(opts, reference{referred: func(func(any) error) (any, error) { return nil, nil }})
	return err
}

// refer returns what to send for a Remote.
func (c *Conn) refer(r Remote) (any, error) {
	own, path, err := r.find()
	switch {
	case err != nil:
		return nil, err
	case own != nil:
		root, at := own.place()
		if root == c.root {
			return join(at, path), nil
		}
	case r.peer == Peer(c) || r.peer == c.peer:
		if c.kin() != channel.Stranger {
			return ownersPath + path, nil
		}
	}
	if url := r.URL(); url != "" {
		if c.kin() == channel.Gomas {
			return url, nil
		}
		return codec.Bare{Value: url}, nil
	}
	switch {
	case own == nil:
		return nil, fmt.Errorf("%w: %v", ErrForeign, r)
	case c.offersNone:
		return nil, ErrNoService
	}
	return nil, ErrOutside
}

// kin returns what is known about the software of the peer: at the beginning
// of a connection, that of the connection before.
func (c *Conn) kin() channel.Kin {
	if kin := c.ch.Kin(); kin != channel.Unknown {
		return kin
	}
	return c.kinBefore
}

// referred returns the Remote for the data that were received.
func (c *Conn) referred(parse func(any) error) (any, error) {
	var text string
	if err := parse(&text); err != nil {
		return nil, err
	}
	return c.root.follow(text, Remote{peer: c.peer})
}

// follow returns the Remote for a text that came to the tree, of which s is
// the root, from the tree of a sender. It does not look whether there is such
// a service: one that has gone fails the calls of it, and not the message that
// mentions it.
func (s *Service) follow(text string, sender Remote) (Remote, error) {
	d := s.settings().directory
	if strings.Contains(text, "://") {
		if d == nil {
			return Remote{}, fmt.Errorf("no connection can be made to %.200q; only agents can", text)
		}
		return d.Find(text)
	}
	if path, ok := strings.CutPrefix(text, ownersPath); ok {
		if d != nil {
			if url := d.URL(d.Home(), path); url != "" {
				return d.Find(url)
			}
		}
		return s.Remote().Sub(path), nil
	}
	return sender.Sub(text), nil
}
