package gomas_test

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/gomas/gomas"
	"github.com/gomas/gomas/codec"
	"github.com/gomas/gomas/codec/blosc"
	jsoncodec "github.com/gomas/gomas/codec/json"
	"github.com/gomas/gomas/codec/msgpack"
	"github.com/gomas/gomas/internal/pypeer"
	"github.com/gomas/gomas/rpc"
)

const (
	pass  rpc.Func1[rpc.Remote, rpc.Remote]             = "pass(guest)"      // returns it
	greet rpc.Func1[rpc.Remote, int]                    = "greet(guest)"     // calls its add
	look  rpc.Func1[any, string]                        = "look(guest)"      // tells what came
	via   rpc.Func2[rpc.Remote, rpc.Remote, rpc.Remote] = "via(next, guest)" // next's pass
)

// usher spawns an agent that is given references.
func usher(t *testing.T, c *gomas.Container) *counter {
	t.Helper()
	a := spawn(t, c)
	pass.Handle(a.Services(), func(_ context.Context, guest rpc.Remote) (rpc.Remote, error) { return guest, nil })
	greet.Handle(a.Services(), func(ctx context.Context, guest rpc.Remote) (int, error) { return add.Call(ctx, guest, 1) })
	look.Handle(a.Services(), func(_ context.Context, guest any) (string, error) { return fmt.Sprintf("%T %v", guest, guest), nil })
	via.Handle(a.Services(), func(ctx context.Context, next, guest rpc.Remote) (rpc.Remote, error) {
		return pass.Call(ctx, next, guest)
	})
	return a
}

func TestAgentsAreHandedOnInEveryFormat(t *testing.T) {
	for _, c := range []codec.Codec{jsoncodec.Codec{}, msgpack.Codec{}, blosc.Codec{}} {
		t.Run(fmt.Sprintf("%T", c), func(t *testing.T) {
			opts := &gomas.Options{Codec: c, CheckTurns: true}
			home, near, far := containerWith(t, opts), containerWith(t, opts), containerWith(t, opts)
			guest, one, two := spawn(t, home), usher(t, near), usher(t, far)
			first, second := connect(t, home, one), connect(t, home, two)
			for range 2 {
				for name, test := range map[string]struct {
					guest rpc.Remote
					via   rpc.Remote // nil: pass it directly
				}{
					"our own":                         {guest.Remote(), rpc.Remote{}},
					"our own, by way of another":      {guest.Remote(), second},
					"theirs":                          {first, rpc.Remote{}},
					"theirs, by way of another":       {first, second},
					"a third party's":                 {second, rpc.Remote{}},
					"a third party's, by way of them": {second, second},
				} {
					got, err := pass.Call(t.Context(), first, test.guest)
					if test.via != (rpc.Remote{}) {
						got, err = via.Call(t.Context(), first, test.via, test.guest)
					}
					if got != test.guest || err != nil {
						t.Errorf("%s: got %v for %v, %v", name, got, test.guest, err)
					}
				}
				for _, g := range []rpc.Remote{guest.Remote(), second, first} {
					if _, err := greet.Call(t.Context(), first, g); err != nil {
						t.Errorf("%v was not called: %v", g, err)
					}
					if what, err := look.Call(t.Context(), first, []any{g}); err != nil || !strings.HasPrefix(what, "[]interface {} [") || !strings.Contains(what, g.URL()) {
						t.Errorf("%v arrived as %s, %v", g, what, err)
					}
				}
			}
		})
	}
}

func TestAnAgentIsTheSameWhetherItWasHandedOverOrConnectedTo(t *testing.T) {
	home, far := container(t), container(t)
	guest, a := spawn(t, far), usher(t, home)
	b := usher(t, far)
	connected := connect(t, home, guest)
	handed, err := pass.Call(t.Context(), connect(t, home, b), guest.Remote()) // as its URL
	if err != nil || handed != connected {
		t.Errorf("%v is not %v, %v", handed, connected, err)
	}
	if handed.URL() != guest.URL() || handed.Addr() != far.Addr() || handed.Service() != nil {
		t.Errorf("%v: URL %s, address %s", handed, handed.URL(), handed.Addr())
	}
	if got, want := handed.String(), "counterProxy('"+guest.URL()+"')"; got != want {
		t.Errorf("printed as %s, want %s", got, want)
	}
	own, err := rpc.Call[rpc.Remote](t.Context(), a.Remote(), "pass", a.URL())
	if err != nil || own != a.Remote() || own.Service() != a.Services() || own.URL() != a.URL() {
		t.Errorf("its URL is %v, %v", own, err)
	}
	// A URL will do where a reference is wanted, be there an agent or not.
	gone, err := rpc.Call[rpc.Remote](t.Context(), a.Remote(), "pass", home.Addr()+"/99")
	if err != nil || gone.URL() != home.Addr()+"/99" {
		t.Errorf("got %v, %v", gone, err)
	}
	_, err = add.Call(t.Context(), gone, 1)
	var remote *rpc.RemoteError
	if !errors.As(err, &remote) || remote.Type != "LookupError" {
		t.Errorf("call of an agent that is not there: %v", err)
	}
}

func TestOnlyAgentsAreHandedOnToThirdParties(t *testing.T) {
	home, near, far := container(t), container(t), container(t)
	one, two := usher(t, near), usher(t, far)
	part := rpc.NewService()
	one.Services().Mount("part", part)
	add.Handle(part, func(_ context.Context, n int) (int, error) { return n, nil })
	first, second := connect(t, home, one), connect(t, home, two)
	if n, err := add.Call(t.Context(), first.Sub("part"), 7); n != 7 || err != nil {
		t.Errorf("got %d, %v", n, err)
	}
	if got, err := pass.Call(t.Context(), first, first.Sub("part")); got != first.Sub("part") || err != nil {
		t.Errorf("back to its owner: %v, %v", got, err)
	}
	if _, err := pass.Call(t.Context(), second, first.Sub("part")); !errors.Is(err, rpc.ErrForeign) {
		t.Errorf("on to a third party: %v", err)
	}
	if _, err := pass.Call(t.Context(), first, rpc.NewService().Remote()); !errors.Is(err, rpc.ErrOutside) {
		t.Errorf("a service that is mounted nowhere: %v", err)
	}
	if text := fmt.Sprint(first.Sub("part")); text != fmt.Sprintf("Remote(%q, %q)", near.Addr(), "agents/0/part") {
		t.Errorf("printed as %s", text)
	}
}

// An agent that is being made registers with another one, and gets the list of
// those who have.
func TestAConstructorHandsOutItsAgentAndGetsItBack(t *testing.T) {
	c, far := container(t), container(t)
	books := spawn(t, far)
	var members []rpc.Remote
	books.Services().Handle("register(agent)", func(agent rpc.Remote) []rpc.Remote {
		members = append(members, agent)
		return members
	})
	r := connect(t, c, books)
	for n := range 3 {
		_, err := gomas.Spawn(t.Context(), c, func(ctx context.Context, a *gomas.Agent) (*gomas.Agent, error) {
			all, err := rpc.Call[[]rpc.Remote](ctx, r, "register", a.Remote())
			if err == nil && (len(all) != n+1 || all[n].URL() != a.URL()) {
				t.Errorf("got %v of %d", all, n+1)
			}
			return a, err
		})
		if err != nil {
			t.Error(err)
		}
	}
}

func TestAgentsOfOneContainerCallEachOtherWithoutAConnection(t *testing.T) {
	made := 0
	c := containerWith(t, &gomas.Options{CheckTurns: true, Connected: func(*rpc.Conn) { made++ }})
	a, b, self := spawn(t, c), spawn(t, c), spawn(t, c)
	a.other, b.other, self.other = b.Remote(), a.Remote(), self.Remote()
	for name, start := range map[string]rpc.Remote{"A calls B calls A": a.Remote(), "A calls itself": self.Remote()} {
		if n, err := down.Call(t.Context(), start, 100); n != 100 || err != nil {
			t.Errorf("%s: got %d, %v", name, n, err)
		}
	}
	if got, want := fmt.Sprint(a.Remote()), fmt.Sprintf("counterProxy('%s')", a.URL()); got != want {
		t.Errorf("printed as %s, want %s", got, want)
	}
	list := []int{3, 1, 2}
	a.Services().Handle("sort(list)", func(list []int) []int { slices.Sort(list); return list })
	if got, err := rpc.Call[[]int](t.Context(), a.Remote(), "sort", list); !slices.Equal(got, []int{1, 2, 3}) || list[0] != 3 || err != nil {
		t.Errorf("got %v of %v, %v", got, list, err)
	}
	if made != 0 {
		t.Errorf("%d connections were made", made)
	}
}

func TestPythonCallsAnAgentThatItIsGiven(t *testing.T) {
	py := pypeer.Start(t, "serve-agents", "tcp://127.0.0.1:0")
	c, far := container(t), container(t)
	r, err := c.Connect(t.Context(), py.Addr+"/0")
	if err != nil {
		t.Fatal(err)
	}
	me, other := spawn(t, c), usher(t, far)
	me.Services().Handle("answer(q)", func(q string) []string { return []string{"I answer", q} })
	got, err := rpc.Call[any](t.Context(), r, "ask", me.Remote(), "q")
	if want := []any{"it said", []any{"I answer", "q"}}; !reflect.DeepEqual(got, want) || err != nil {
		t.Errorf("asked back: %v, %v", got, err)
	}
	// A proxy of its own is its URL for Python, as is any agent elsewhere.
	it, err := rpc.Call[rpc.Remote](t.Context(), r, "me")
	if it != r || it.URL() != py.Addr+"/0" || err != nil {
		t.Fatalf("got %v, %v", it, err)
	}
	elsewhere := connect(t, c, other)
	for _, guest := range []rpc.Remote{it, elsewhere} {
		if text, err := rpc.Call[any](t.Context(), r, "ident", []rpc.Remote{guest}); !reflect.DeepEqual(text, []any{guest.URL()}) || err != nil {
			t.Errorf("got %v for %v, %v", text, guest, err)
		}
		back, err := rpc.Call[[]rpc.Remote](t.Context(), r, "ident", []rpc.Remote{guest})
		if err != nil || back[0] != guest {
			t.Errorf("got %v back for %v, %v", back, guest, err)
		}
	}
	if _, err := rpc.Call[any](t.Context(), r, "ident", it.Sub("x")); !errors.Is(err, rpc.ErrForeign) {
		t.Errorf("a service of Python's that has no URL: %v", err)
	}
	// On to a third party, which connects to Python by itself.
	theirs, err := pass.Call(t.Context(), elsewhere, it)
	if theirs != it || err != nil {
		t.Errorf("got %v, %v", theirs, err)
	}
	other.Services().Handle("ident(guest)", func(ctx context.Context, guest rpc.Remote) (any, error) {
		return rpc.Call[any](ctx, guest, "ident", 7)
	})
	if n, err := rpc.Call[int](t.Context(), elsewhere, "ident", it); n != 7 || err != nil {
		t.Errorf("got %d, %v", n, err)
	}
}

// Mentioning a container is neither to connect to it nor to remember it.
func TestURLsThatNobodyCallsLeaveNothingBehind(t *testing.T) {
	c, far := container(t), container(t)
	a := spawn(t, c)
	a.Services().Handle("hear(agents)", func(all []rpc.Remote) string { return all[len(all)-1].String() })
	r := connect(t, far, a)
	const n = 20_000
	hear := func(round int) {
		urls := make([]string, n)
		for i := range urls {
			urls[i] = fmt.Sprintf("tcp://198.51.100.1:%d/%d", i+1, round)
		}
		if text, err := rpc.Call[string](t.Context(), r, "hear", urls); text != fmt.Sprintf("Proxy('%s')", urls[n-1]) || err != nil {
			t.Fatalf("got %s, %v", text, err)
		}
	}
	inUse := func() int {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return int(m.HeapAlloc)
	}
	hear(0)
	before := inUse()
	hear(1)
	if grown := inUse() - before; grown > n*100 {
		t.Errorf("%d bytes are left of %d URLs", grown, n)
	}
}

func TestWrongURLsFailTheirCallsAlone(t *testing.T) {
	c, far := container(t), container(t)
	r := connect(t, far, usher(t, c))
	for _, url := range []string{"://", "tcp://x/0", "tcp://x:1", "tcp://x:1/", "tcp://x:1/a/b", "http://x:1/0", "ipc://x/0"} {
		_, err := rpc.Call[any](t.Context(), r, "pass", url)
		var remote *rpc.RemoteError
		if !errors.As(err, &remote) || remote.Type != "TypeError" || !strings.Contains(remote.Message, "invalid address") {
			t.Errorf("%s: %v", url, err)
		}
	}
	if _, err := look.Call(t.Context(), r, "tcp://x/0"); err != nil {
		t.Error("as a mere text:", err)
	}
}

// recordedAgents returns a frame that two Python programs exchanged, by its
// label; dir is ">" if the end that dialled sent it.
func recordedAgents(t *testing.T, label, dir string) string {
	t.Helper()
	file, err := os.Open("internal/pypeer/testdata/frames.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for d := json.NewDecoder(file); d.More(); {
		var f struct{ Layer, Codec, Label, Dir, Hex string }
		if err := d.Decode(&f); err != nil {
			t.Fatal(err)
		}
		if f.Layer == "agent" && f.Codec == "json" && f.Label == label && f.Dir == dir {
			return f.Hex
		}
	}
	t.Fatalf("no frame is labelled %s", label)
	return ""
}

func TestAnAgentIsSentAsFromPython(t *testing.T) {
	c := container(t)
	a := spawn(t, c)
	a.Services().Handle("me", func() rpc.Remote { return a.Remote() })
	a.Services().Handle("ask_back", func(ctx context.Context) error {
		_, err := rpc.Call[any](ctx, rpc.Caller(ctx).Remote(), "agents/0/ask", a.Remote(), "q")
		return err
	})
	conn, err := net.Dial("tcp", strings.TrimPrefix(c.Addr(), "tcp://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	send := func(payload string) {
		if _, err := conn.Write(append(binary.BigEndian.AppendUint32(nil, uint32(len(payload))), payload...)); err != nil {
			t.Fatal(err)
		}
	}
	receive := func() string {
		var header [4]byte
		if _, err := io.ReadFull(conn, header[:]); err != nil {
			t.Fatal(err)
		}
		payload := make([]byte, binary.BigEndian.Uint32(header[:]))
		if _, err := io.ReadFull(conn, payload); err != nil {
			t.Fatal(err)
		}
		return hex.EncodeToString(append(header[:], payload...))
	}
	send(`[0, 12, ["agents/0/me", [], {}]]`)
	if got, want := receive(), recordedAgents(t, "agent proxy result", "<"); got != want {
		t.Errorf("result   %s\nrecorded %s", got, want)
	}
	want := recordedAgents(t, "proxy argument + callback", ">")
	for id := range 15 { // the recorded one is the 15th request
		send(fmt.Sprintf(`[0, %d, ["agents/0/ask_back", [], {}]]`, 20+id))
		if got := receive(); id == 14 && got != want {
			t.Errorf("argument %s\nrecorded %s", got, want)
		}
		send(fmt.Sprintf(`[1, %d, null]`, id))
		receive() // the answer to ours
	}
}
