package rpc_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/gomas/gomas/channel"
	"github.com/gomas/gomas/codec/msgpack"
	"github.com/gomas/gomas/rpc"
)

func TestReferencesThatAPeerMadeUpHarmNobody(t *testing.T) {
	svc := calculator()
	svc.Handle("look(guest)", func(ctx context.Context, r rpc.Remote) string {
		_, err := add.Call(ctx, r, 1, 2)
		return fmt.Sprintf("%.100v %v %v", r, r.Service() == svc, err == nil)
	})
	srv := serve(t, anyPort, svc, nil)
	other := dial(t, srv, nil, nil).Remote()
	pair := func(data string) string { return `{"__type__": [0, ` + data + `]}` }
	unfit := "TypeError: look() argument 'guest': "
	for name, test := range map[string]struct {
		arg  string
		want string // what look says, or "" if the connection ends
	}{
		"a number":                {pair(`5`), unfit},
		"null":                    {pair(`null`), unfit},
		"a list":                  {pair(`["x"]`), unfit},
		"a reference":             {pair(pair(`"x"`)), unfit},
		"a number alone":          {`5`, unfit},
		"null alone":              {`null`, unfit},
		"a map alone":             {`{}`, unfit},
		"one of ours":             {pair(`"/"`), `Remote("this program", "") true true`},
		"one of ours, alone":      {`"/"`, `Remote("this program", "") true true`},
		"none of ours":            {pair(`"/x/y"`), `Remote("this program", "x/y") false false`},
		"an empty name in us":     {pair(`"//"`), `Remote("this program", "/") false false`},
		"an escape":               {pair(`"/../x"`), `Remote("this program", "../x") false false`},
		"a long path in us":       {pair(`"` + strings.Repeat("/x", 1<<20) + `"`), `Remote("this program", "x/x/x`},
		"a URL":                   {pair(`"tcp://localhost:1/0"`), unfit},
		"a URL alone":             {`"tcp://localhost:1/0"`, unfit},
		"no URL":                  {pair(`"://"`), unfit},
		"a URL after a slash":     {pair(`"/tcp://x:1/0"`), unfit},
		"a long URL":              {pair(`"` + strings.Repeat("x", 1<<20) + `://"`), unfit},
		"no data":                 {`{"__type__": [0]}`, ""},
		"too much data":           {`{"__type__": [0, "x", "y"]}`, ""},
		"an id that is not there": {`{"__type__": [1, "x"]}`, ""},
		"no id":                   {`{"__type__": "x"}`, ""},
	} {
		w := dialWire(t, srv)
		kind, reply := w.ask(t, `["look", [`+test.arg+`], {}]`)
		text, _ := reply.(string)
		if !strings.HasPrefix(text, test.want) || len(text) > 1000 || (kind < 0) != (test.want == "") {
			t.Errorf("%s: type %d, content %.300v", name, kind, reply)
		}
		if kind >= 0 {
			if kind, sum := w.ask(t, `["add", [3], {"b": 4}]`); kind != 1 || sum != 7.0 {
				t.Errorf("%s: the next call: type %d, content %v", name, kind, sum)
			}
		}
		mustAdd(t, other)
	}
}

func TestAReferenceToAnyPathOfThePeerIsTaken(t *testing.T) {
	svc := rpc.NewService()
	svc.Handle("path(guest)", func(r rpc.Remote) string { return r.Path() })
	w := dialWire(t, serve(t, anyPort, svc, nil))
	for _, path := range []string{"", "a/b", "a//b/", "\x000", "größe", ":/", strings.Repeat("x/", 1<<20)} {
		text, err := json.Marshal(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, arg := range []string{string(text), `{"__type__": [0, ` + string(text) + `]}`} {
			if kind, got := w.ask(t, `["path", [`+arg+`], {}]`); kind != 1 || got != path {
				t.Errorf("type %d, content %.100q, want %.100q", kind, got, path)
			}
		}
	}
}

func TestManyReferencesTakeLittleMoreMemoryThanTheirBytes(t *testing.T) {
	svc := calculator()
	svc.Handle("drop(list)", func([]rpc.Remote) {})
	svc.Handle("drop_any(list)", func(any) {})
	opts := &rpc.Options{Codec: msgpack.Codec{}}
	srv := serve(t, anyPort, svc, opts)
	conn := dial(t, srv, calculator(), opts)
	mustAdd(t, conn.Remote())
	const n = 200_000
	pairs, texts := make([]any, n), make([]string, n)
	for i := range pairs {
		pairs[i] = conn.Service()
	}
	for name, test := range map[string]struct {
		function string
		list     any
	}{
		"in a list":       {"drop", pairs},
		"in an any":       {"drop_any", pairs},
		"of a byte alone": {"drop", texts},
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if _, err := rpc.Call[any](within(t), conn.Remote(), test.function, test.list); err != nil {
			t.Fatal(err)
		}
		runtime.ReadMemStats(&after)
		// All that was ever allocated, at both ends; most is given back at once.
		if took := int(after.TotalAlloc-before.TotalAlloc) / n; took > 600 {
			t.Errorf("a reference %s took %d bytes", name, took)
		}
	}
}

// liar is a directory that names any address as its own.
type liar struct{ home string }

func (l liar) Home() string                        { return l.home }
func (l liar) URL(home, path string) string        { return home + "/" + path }
func (l liar) Find(url string) (rpc.Remote, error) { return rpc.Remote{}, errors.New("lost " + url) }

func TestAPeerThatNamesNoAddressAsItsHomeLosesItsConnection(t *testing.T) {
	for _, home := range []string{"agents", "/agents", "http://x", "tcp://x", "tcp://x:1/0", "\x00"} {
		svc := calculator()
		svc.UseDirectory(liar{home})
		// The end that listens greets first, when it gets a request.
		conn := dial(t, serve(t, anyPort, svc, nil), nil, nil)
		_, _ = add.Call(within(t), conn.Remote(), 1, 2) // the answer may come first
		var fault *channel.ProtocolError
		if err := conn.Wait(within(t)); !errors.As(err, &fault) {
			t.Errorf("%q: the connection ended with %v", home, err)
		}
	}
	svc := calculator()
	svc.UseDirectory(liar{"tcp://::0:5555"})
	conn := dial(t, serve(t, anyPort, svc, nil), nil, nil)
	mustAdd(t, conn.Remote())
	mustAdd(t, conn.Remote())
}
