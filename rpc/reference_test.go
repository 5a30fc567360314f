package rpc_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/gomas/gomas/codec"
	"github.com/gomas/gomas/codec/blosc"
	"github.com/gomas/gomas/codec/json"
	"github.com/gomas/gomas/codec/msgpack"
	"github.com/gomas/gomas/rpc"
)

// eachCodec runs a test with each format.
func eachCodec(t *testing.T, test func(t *testing.T, c codec.Codec)) {
	for _, c := range []codec.Codec{json.Codec{}, msgpack.Codec{}, blosc.Codec{}} {
		t.Run(fmt.Sprintf("%T", c), func(t *testing.T) { test(t, c) })
	}
}

// ownReferences are types with one for rpc.Remote, which is a mistake.
func ownReferences(t *testing.T) *codec.Types {
	t.Helper()
	types := new(codec.Types)
	err := codec.Register(types,
		func(r rpc.Remote) (string, error) { return r.Path(), nil },
		func(string) (rpc.Remote, error) { return rpc.Remote{}, nil })
	if err != nil {
		t.Fatal(err)
	}
	return types
}

func TestATypeOfReferencesOfTheUsersIsRefused(t *testing.T) {
	opts := &rpc.Options{Types: ownReferences(t)}
	srv := serve(t, anyPort, nil, nil)
	_, dialled := rpc.Dial(t.Context(), srv.Addr(), nil, opts)
	_, listened := rpc.Listen(t.Context(), anyPort, nil, opts)
	_, client := rpc.NewClient(srv.Addr(), nil, opts)
	for _, err := range []error{dialled, listened, client} {
		if err == nil || !strings.Contains(err.Error(), "rpc.Remote is registered already") {
			t.Errorf("error %v", err)
		}
	}
}

// guests are references wherever a value can have one.
type guests struct {
	One   rpc.Remote
	Maybe *rpc.Remote
	List  []rpc.Remote
	Pairs [2]rpc.Remote
	Named map[string]rpc.Remote
	Deep  map[string][]*rpc.Remote
	Any   any
	Party party
}

// party travels as the list of its members.
type party struct{ members []rpc.Remote }

func parties(t testing.TB) *codec.Types {
	t.Helper()
	types := new(codec.Types)
	err := codec.Register(types,
		func(p party) ([]rpc.Remote, error) { return p.members, nil },
		func(members []rpc.Remote) (party, error) { return party{members}, nil })
	if err != nil {
		t.Fatal(err)
	}
	return types
}

func guestsOf(r rpc.Remote) guests {
	sub := r.Sub("sub")
	return guests{
		r, &sub,
		[]rpc.Remote{r, sub},
		[2]rpc.Remote{sub, r},
		map[string]rpc.Remote{"r": r},
		map[string][]*rpc.Remote{"sub": {&sub, nil}},
		[]any{map[string]any{"r": r}},
		party{[]rpc.Remote{sub, r}},
	}
}

// introduced returns a service whose functions get references and return
// them.
func introduced() *rpc.Service {
	svc := calculator()
	svc.Handle("meet(guests)", func(g guests) guests { return g })
	svc.Handle("one(guest)", func(r rpc.Remote) rpc.Remote { return r })
	svc.Handle("any(guest)", func(v any) any { return v })
	svc.Handle("many(*guests)", func(all ...rpc.Remote) []rpc.Remote { return all })
	svc.Handle("sum(guest)", func(ctx context.Context, r rpc.Remote) (int, error) { return add.Call(ctx, r, 3, 4) })
	svc.Handle("typeof(guest)", func(v any) string { return fmt.Sprintf("%T", v) })
	return svc
}

// home returns a service that is handed over, with one under it.
func home() *rpc.Service {
	svc, sub := calculator(), calculator()
	svc.Mount("sub", sub)
	return svc
}

// eachBond runs a test with each way in which references are handed over: r is
// where they go, and own the service that they are to.
func eachBond(t *testing.T, opts *rpc.Options, test func(t *testing.T, r rpc.Remote, own *rpc.Service)) {
	t.Run("within the program", func(t *testing.T) {
		svc := introduced()
		svc.Inside(opts)
		test(t, svc.Remote(), home())
	})
	t.Run("over a connection", func(t *testing.T) {
		own := home()
		test(t, dial(t, serve(t, anyPort, introduced(), opts), own, opts).Remote(), own)
	})
	t.Run("over a client", func(t *testing.T) {
		own := home()
		srv := serve(t, anyPort, introduced(), opts)
		test(t, client(t, srv.Addr(), own, opts).Remote(), own)
	})
	t.Run("over a Unix socket, from the end that listens", func(t *testing.T) {
		own := home()
		srv := serve(t, socketAddr(t), own, opts)
		mustAdd(t, dial(t, srv, introduced(), opts).Remote())
		test(t, srv.Conns()[0].Remote(), own)
	})
}

func TestAReferenceComesBackFromWhereverItWasPut(t *testing.T) {
	eachCodec(t, func(t *testing.T, c codec.Codec) {
		eachBond(t, &rpc.Options{Codec: c, Types: parties(t)}, func(t *testing.T, r rpc.Remote, own *rpc.Service) {
			ctx := within(t)
			for range 2 { // before and after the peers know each other
				want := guestsOf(own.Remote())
				if got, err := rpc.Call[guests](ctx, r, "meet", want); err != nil || !reflect.DeepEqual(got, want) {
					t.Errorf("got %v, want %v, error %v", got, want, err)
				}
				if got, err := rpc.Call[guests](ctx, r, "meet", rpc.Kw{"guests": &want}); err != nil || !reflect.DeepEqual(got, want) {
					t.Errorf("as a keyword: got %v, want %v, error %v", got, want, err)
				}
				// Its owner sends theirs, and gets it back.
				want = guestsOf(r)
				if got, err := rpc.Call[guests](ctx, r, "meet", want); err != nil || !reflect.DeepEqual(got, want) {
					t.Errorf("the peer's own: got %v, want %v, error %v", got, want, err)
				}
			}
			all := []rpc.Remote{own.Remote(), r, own.Remote().Sub("sub"), r.Sub("no/such"), own.Remote().Sub("no")}
			args := make([]any, len(all))
			for i := range all {
				args[i] = all[i]
			}
			if got, err := rpc.Call[[]rpc.Remote](ctx, r, "many", args...); err != nil || !reflect.DeepEqual(got, all) {
				t.Errorf("further arguments: got %v, want %v, error %v", got, all, err)
			}
			for _, guest := range all {
				one, err := rpc.Func1[rpc.Remote, rpc.Remote]("one").Call(ctx, r, guest)
				thing, err2 := rpc.Call[any](ctx, r, "any", guest)
				if one != guest || thing != guest || err != nil || err2 != nil {
					t.Errorf("got %v and %v for %v, %v, %v", one, thing, guest, err, err2)
				}
				if typ, err := rpc.Call[string](ctx, r, "typeof", guest); typ != "rpc.Remote" || err != nil {
					t.Errorf("in an any, %v is of type %s, %v", guest, typ, err)
				}
			}
		})
	})
}

func TestTheReceiverOfAServiceCallsIt(t *testing.T) {
	eachCodec(t, func(t *testing.T, c codec.Codec) {
		eachBond(t, &rpc.Options{Codec: c}, func(t *testing.T, r rpc.Remote, own *rpc.Service) {
			for name, guest := range map[string]any{
				"a Remote":          own.Remote(),
				"a service itself":  own,
				"one under it":      own.Remote().Sub("sub"),
				"one of the peer's": r,
				"a pointer":         ptr(own.Remote()),
			} {
				if sum, err := rpc.Call[int](within(t), r, "sum", guest); sum != 7 || err != nil {
					t.Errorf("%s: the sum is %d, error %v", name, sum, err)
				}
			}
			_, err := rpc.Call[int](within(t), r, "sum", own.Remote().Sub("gone"))
			if e := remoteError(t, err); e.Type != "LookupError" || !strings.HasSuffix(e.Message, `Name "gone" not found in ""`) {
				t.Errorf("a service that is not there: %v", err)
			}
		})
	})
}

func ptr[T any](v T) *T { return &v }

func TestWhatIsNoReferenceIsRefused(t *testing.T) {
	eachBond(t, nil, func(t *testing.T, r rpc.Remote, own *rpc.Service) {
		for name, test := range map[string]struct {
			function string
			arg      any
			want     string
		}{
			"the zero Remote":           {"any", rpc.Remote{}, "not sent: cannot encode rpc.Remote as json (at args[0]): rpc: the zero Remote refers to nothing"},
			"the zero Remote, deep":     {"any", []any{&rpc.Remote{}}, "not sent: cannot encode rpc.Remote as json (at args[0][0]): rpc: the zero Remote refers to nothing"},
			"a nil service":             {"one", (*rpc.Service)(nil), "TypeError: one() argument 'guest': nil does not fit rpc.Remote"},
			"a nil service for any":     {"any", (*rpc.Service)(nil), "<nil>"},
			"a nil *Remote":             {"one", (*rpc.Remote)(nil), "TypeError: one() argument 'guest': nil does not fit rpc.Remote"},
			"a number":                  {"one", 0, "TypeError: one() argument 'guest': number does not fit rpc.Remote: integer 0 does not fit string"},
			"a map":                     {"one", map[string]int{"x": 1}, "TypeError: one() argument 'guest': map does not fit rpc.Remote: map does not fit string"},
			"a URL":                     {"one", "tcp://localhost:5555/0", `TypeError: one() argument 'guest': string does not fit rpc.Remote: no connection can be made to "tcp://localhost:5555/0"; only agents can`},
			"a Remote as a key":         {"any", map[rpc.Remote]int{own.Remote(): 1}, "not sent: cannot encode map[rpc.Remote]int as json (at args[0]): rpc: a reference"},
			"a Remote inside a struct":  {"any", struct{ rpc.Remote }{own.Remote()}, "not sent: cannot encode struct"},
			"a service inside a struct": {"any", struct{ *rpc.Service }{own}, "not sent: cannot encode struct"},
		} {
			got, err := rpc.Call[any](within(t), r, test.function, test.arg)
			if text := outcome(got, err); !strings.HasPrefix(text, test.want) {
				t.Errorf("%s: %s\nwant %s", name, text, test.want)
			}
		}
		mustAdd(t, r)
	})
}

func TestAReferenceThatThePeerCannotFollowIsNotSent(t *testing.T) {
	own, apart, elsewhere := home(), calculator(), rpc.NewService()
	elsewhere.Mount("apart", apart)
	srv := serve(t, anyPort, introduced(), nil)
	conn, bare := dial(t, srv, own, nil), dial(t, srv, nil, nil)
	third := dial(t, serve(t, anyPort, introduced(), nil), nil, nil)
	var give rpc.Remote
	own.Handle("give", func() rpc.Remote { return give })
	own.Handle("fetch", func(ctx context.Context) error {
		_, err := rpc.Call[rpc.Remote](ctx, rpc.Caller(ctx).Remote(), "give")
		return err
	})
	for name, test := range map[string]struct {
		over *rpc.Conn
		arg  rpc.Remote
		want error
	}{
		"over a connection that offers nothing":       {bare, own.Remote(), rpc.ErrNoService},
		"of a service that is mounted nowhere":        {conn, calculator().Remote(), rpc.ErrOutside},
		"of a service in another tree":                {conn, apart.Remote(), rpc.ErrOutside},
		"of a third party":                            {conn, third.Remote().Sub("x"), rpc.ErrForeign},
		"of the same peer, over another connection":   {conn, bare.Remote(), rpc.ErrForeign},
		"of what nobody knows":                        {conn, rpc.NewRemote(unreachable{}, ""), rpc.ErrForeign},
		"of a service of the program, by another way": {third, own.Remote(), rpc.ErrNoService},
	} {
		mustAdd(t, test.over.Remote()) // now the peer is known
		_, err := rpc.Call[any](within(t), test.over.Remote(), "any", []rpc.Remote{test.arg})
		var unsupported *codec.UnsupportedError
		if !errors.Is(err, test.want) || !errors.As(err, &unsupported) {
			t.Errorf("a reference %s: error %v, want %v", name, err, test.want)
		}
		if test.over != conn {
			continue
		}
		// As the result of a call by the other end.
		give = test.arg
		_, err = rpc.Call[rpc.Remote](within(t), srv.Conns()[0].Remote(), "give")
		if e := remoteError(t, err); e.Type != "SerializationError" || !strings.Contains(e.Message, test.want.Error()) {
			t.Errorf("a result %s: %v", name, err)
		}
	}
}

func TestAReferenceToAServiceThatHasGoneFailsItsCalls(t *testing.T) {
	eachBond(t, nil, func(t *testing.T, r rpc.Remote, own *rpc.Service) {
		late := calculator()
		own.Mount("late", late)
		guest, err := rpc.Call[rpc.Remote](within(t), r, "one", late)
		if err != nil || guest != late.Remote() {
			t.Fatalf("got %v, %v", guest, err)
		}
		if guest.Service() != late || r.Sub("no").Service() != nil {
			t.Error("a Remote has the wrong service")
		}
		byPath := own.Remote().Sub("late")
		own.Unmount("late")
		// Nobody else needs to know: what mentions it arrives all the same.
		stale := rpc.NewRemote(own.Remote().Peer(), "late")
		got, err := rpc.Call[[]rpc.Remote](within(t), r, "many", own, stale)
		if err != nil || got[0] != own.Remote() || got[1].Service() != nil {
			t.Fatalf("got %v, %v", got, err)
		}
		_, err = add.Call(within(t), got[1], 1, 2)
		wantFailure(t, err, "LookupError", `Name "late" not found in ""`)
		mustAdd(t, byPath) // which is to the service, wherever that is
	})
}

func TestRemotesAreKeysOnBothSides(t *testing.T) {
	own, visits := home(), make(map[rpc.Remote]int)
	svc := rpc.NewService()
	svc.Handle("visit(guest)", func(r rpc.Remote) int { visits[r]++; return visits[r] })
	conn := dial(t, serve(t, anyPort, svc, nil), own, nil)
	for n := range 3 {
		for _, guest := range []rpc.Remote{own.Remote(), own.Remote().Sub("sub"), conn.Remote(), conn.Remote().Sub("x")} {
			if got, err := rpc.Call[int](within(t), conn.Remote(), "visit", guest); got != n+1 || err != nil {
				t.Errorf("visit %d of %v is number %d, %v", n+1, guest, got, err)
			}
		}
	}
	if visits[svc.Remote()] != 3 || len(visits) != 4 {
		t.Errorf("visits %v", visits)
	}
}

func TestRemotesOfThisProgramTellWhereTheyAre(t *testing.T) {
	own := home()
	r := own.Remote()
	for _, test := range []struct {
		remote rpc.Remote
		text   string
	}{
		{r, `Remote("this program", "")`},
		{r.Sub("sub"), `Remote("this program", "sub")`},
		{r.Sub("sub").Sub("no/such"), `Remote("this program", "sub/no/such")`},
		{r.Sub(""), `Remote("this program", "")`},
	} {
		if test.remote.String() != test.text || test.remote.LogValue().String() != test.text {
			t.Errorf("printed as %v, want %s", test.remote, test.text)
		}
		if test.remote.URL() != "" || test.remote.Addr() != "" {
			t.Errorf("%v has the URL %q and the address %q", test.remote, test.remote.URL(), test.remote.Addr())
		}
	}
	if r.Sub("sub") != rpc.NewRemote(r.Peer(), "sub").Sub("") || r == r.Sub("sub") {
		t.Error("ways to the same service differ")
	}
	if (*rpc.Service)(nil).Remote() != (rpc.Remote{}) {
		t.Error("no service has a Remote")
	}
	if conn, err := r.Peer().Connect(t.Context()); conn != nil || err == nil {
		t.Errorf("connected to this program: %v, %v", conn, err)
	}
}

func TestARemoteOfAClientOutlivesItsConnections(t *testing.T) {
	svc := introduced()
	inner := calculator()
	svc.Mount("inner", inner)
	svc.Handle("give", func() []rpc.Remote { return []rpc.Remote{svc.Remote(), inner.Remote()} })
	srv := serve(t, anyPort, svc, nil)
	c := client(t, srv.Addr(), nil, &rpc.Options{Patience: patience})
	before, err := rpc.Call[[]rpc.Remote](within(t), c.Remote(), "give")
	if err != nil || before[0] != c.Remote() || before[1] != c.Remote().Sub("inner") {
		t.Fatalf("got %v, %v", before, err)
	}
	for range 3 {
		conn, err := c.Connect(within(t))
		if err != nil {
			t.Fatal(err)
		}
		if err := conn.Close(); err != nil {
			t.Error(err)
		}
		mustAdd(t, before[1])
		// Sent in the first message of the next connection, it goes home.
		_ = conn.Wait(within(t))
		if back, err := rpc.Call[rpc.Remote](within(t), c.Remote(), "one", before[1]); back != before[1] || err != nil {
			t.Errorf("got %v back, %v", back, err)
		}
	}
}

func TestAReferenceEndsWithItsConnection(t *testing.T) {
	var guest rpc.Remote
	svc := rpc.NewService()
	svc.Handle("keep(guest)", func(r rpc.Remote) { guest = r })
	conn := dial(t, serve(t, anyPort, svc, nil), home(), nil)
	if _, err := rpc.Call[any](within(t), conn.Remote(), "keep", conn.Service()); err != nil {
		t.Fatal(err)
	}
	mustAdd(t, guest)
	if err := conn.Shutdown(within(t)); err != nil {
		t.Error(err)
	}
	_ = guest.Peer().(*rpc.Conn).Wait(within(t))
	_, err := add.Call(within(t), guest, 1, 2)
	wantLost(t, err)
}

// While an end shuts down, its handler calls back, to the end that has asked
// for it.
func TestAHandlerCallsBackWhileItsConnectionShutsDown(t *testing.T) {
	began, goOn := make(chan struct{}), make(chan struct{})
	svc := rpc.NewService()
	svc.Handle("slow(guest)", func(ctx context.Context, r rpc.Remote) (int, error) {
		close(began)
		<-goOn
		return add.Call(ctx, r, 3, 4)
	})
	srv := serve(t, anyPort, svc, nil)
	conn := dial(t, srv, home(), nil)
	called, shut := make(chan error, 1), make(chan error, 1)
	go func() {
		n, err := rpc.Call[int](within(t), conn.Remote(), "slow", conn.Service())
		if err == nil && n != 7 {
			err = fmt.Errorf("got %d", n)
		}
		called <- err
	}()
	<-began
	go func() { shut <- srv.Shutdown(within(t)) }()
	for {
		_, err := rpc.Call[any](within(t), conn.Remote(), "no")
		if e := remoteError(t, err); e.Type == "ConnectionError" {
			break
		}
	}
	close(goOn)
	if err := errors.Join(<-called, <-shut); err != nil {
		t.Error(err)
	}
	_ = conn.Wait(within(t))
}
