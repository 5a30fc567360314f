package channel_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gomas/gomas/channel"
	"github.com/gomas/gomas/codec"
	"github.com/gomas/gomas/codec/json"
	"github.com/gomas/gomas/codec/msgpack"
	"github.com/gomas/gomas/internal/pypeer"
)

// ended returns why a connection has ended, nil if it has not.
func ended(c *channel.Conn) error {
	select {
	case <-c.Context().Done():
		return c.Err()
	default:
		return nil
	}
}

// kins says in a word what a kind of peer is.
var kins = map[channel.Kin]string{channel.Unknown: "unknown", channel.Stranger: "a stranger", channel.Gomas: "gomas"}

func TestWhatAPeerSendsFirstTellsWhatItIs(t *testing.T) {
	long := func(n int) string { // a request of n bytes
		return fmt.Sprintf(`[0, 1, "%s"]`, strings.Repeat("x", n-len(`[0, 1, ""]`)))
	}
	for _, test := range []struct {
		name    string
		comes   []string
		kin     channel.Kin
		greeted []string // what the peer has told
		fault   bool
	}{
		{"nothing", nil, channel.Unknown, nil, false},
		{"a request without a mark", []string{`[0, 0, 1]`}, channel.Stranger, nil, false},
		{"a request with a mark", []string{`[0, 0, 1]` + jsonMark}, channel.Gomas, nil, false},
		{"a request with other white space", []string{"[0, 0, 1]\n\t "}, channel.Stranger, nil, false},
		{"a reply without a mark", []string{`[1, 0, 1]`}, channel.Stranger, nil, false},
		{"a reply with a mark", []string{`[1, 0, 1]` + jsonMark}, channel.Gomas, nil, false},
		{"a hello with a mark", []string{`[4, 1, "hi"]` + jsonMark}, channel.Gomas, []string{`"hi"`}, false},
		{"a hello that answers a mark of ours", []string{`[4, 1, "hi"]`}, channel.Gomas, []string{`"hi"`}, false},
		{"a hello of a later version", []string{`[4, 2, {"more": 1}]`}, channel.Gomas, []string{`{"more": 1}`}, false},
		{"a hello of nothing", []string{`[4, 1, null]`}, channel.Gomas, []string{`null`}, false},
		{"a long hello without a mark", []string{`[4, 1, "` + strings.Repeat("x", 10_000) + `"]`}, channel.Gomas, []string{`"` + strings.Repeat("x", 10_000) + `"`}, false},
		{"a mark, and a hello afterwards", []string{`[0, 0, 1]` + jsonMark, `[4, 1, 2]`}, channel.Gomas, []string{`2`}, false},
		{"a message too long for a mark", []string{long(4097)}, channel.Unknown, nil, false},
		{"a message not too long for a mark, without one", []string{long(4096)}, channel.Stranger, nil, false},
		{"a long message, then one with a mark", []string{long(5000), `[0, 0, 1]` + jsonMark}, channel.Gomas, nil, false},
		{"a message without a mark, which had no room for it, then one with", []string{`[0, 0, 1]`, `[0, 1, 1]` + jsonMark}, channel.Gomas, nil, false},
		{"a message without a mark, then an answer to ours", []string{`[0, 0, 1]`, `[4, 1, 2]`}, channel.Gomas, []string{`2`}, false},
		{"the longest message with a mark", []string{long(4096) + jsonMark}, channel.Gomas, nil, false},
		{"a second hello", []string{`[4, 1, 1]`, `[4, 1, 2]`}, channel.Gomas, []string{`1`}, true},
		{"a cancel of a stranger", []string{`[3, 0, null]`}, channel.Stranger, nil, true},
		{"a cancel of a peer that was one all the time", []string{`[0, 0, 1]`, `[3, 0, null]`}, channel.Stranger, nil, true},
		{"a cancel of a long-winded stranger", []string{`[3, 0, "` + strings.Repeat("x", 5000) + `"]`}, channel.Unknown, nil, true},
		{"four items of a stranger", []string{`[0, 0, 1, 5]`}, channel.Stranger, nil, true},
		{"four items with a mark", []string{`[0, 0, 1, 5]` + jsonMark}, channel.Gomas, nil, false},
		{"a marked message of a type that does not exist", []string{`[5, 0, 1]` + jsonMark}, channel.Unknown, nil, true},
		{"a mark and nothing else", []string{jsonMark}, channel.Unknown, nil, true},
		{"a mark behind half a message", []string{`[0, 0` + jsonMark}, channel.Unknown, nil, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			peer := &work{greeting: "ours"}
			c, w := overWire(t, peer.dispatch, nil)
			var asking sync.WaitGroup
			defer asking.Wait()
			defer c.Close()
			asking.Go(func() { _ = c.Ask(t.Context(), "first", nil) })
			waitFor(t, w, `[0, 0, "first"]`+jsonMark)

			w.deliver(test.comes...)
			if c.Kin() != test.kin {
				t.Errorf("it is %s, want %s", kins[c.Kin()], kins[test.kin])
			}
			if !slices.Equal(peer.hellos, test.greeted) {
				t.Errorf("it told %.100q", peer.hellos)
			}
			if err := ended(c); (err != nil) != test.fault || err != nil && !protocol(err) {
				t.Errorf("the connection ended with %v", err)
			}
			hellos := 0
			for _, m := range w.take() {
				if strings.HasPrefix(m, `[4, 1, "ours"]`) {
					hellos++
				}
			}
			want := 0
			if test.kin == channel.Gomas {
				want = 1
			}
			if hellos != want {
				t.Errorf("it was greeted %d times, want %d", hellos, want)
			}
		})
	}
}

// waitFor waits until a message is sent, which must be the next one.
func waitFor(t *testing.T, w *wire, want string) {
	t.Helper()
	for until := time.Now().Add(patience); ; {
		if sent := w.take(); len(sent) > 0 {
			if !slices.Equal(sent, []string{want}) {
				t.Fatalf("sent %q, want %q", sent, want)
			}
			return
		}
		if time.Now().After(until) {
			t.Fatalf("%q is not sent", want)
		}
	}
}

func TestAHelloThatNothingCalledForIsAFault(t *testing.T) {
	c, w := overWire(t, nil, nil)
	w.deliver(`[4, 1, null]`)
	if err := ended(c); !protocol(err) {
		t.Errorf("the connection ended with %v", err)
	}
	if got := w.take(); len(got) > 0 {
		t.Errorf("sent %q", got)
	}
}

func TestWhatAHelloSaysMayBeRefused(t *testing.T) {
	peer := &work{reject: errors.New("spam")}
	c, w := overWire(t, peer.dispatch, nil)
	w.deliver(`[4, 1, "x"]` + jsonMark)
	if err := ended(c); !protocol(err) || !errors.Is(err, peer.reject) {
		t.Errorf("the connection ended with %v", err)
	}
}

// TestNoMessageIsFreedTwice refuses a hello and has many others use what
// memory there is: two of them would get the same.
func TestNoMessageIsFreedTwice(t *testing.T) {
	for range 100 {
		_, w := overWire(t, (&work{reject: errors.New("spam")}).dispatch, nil)
		w.deliver(`[4, 1, "x"]` + jsonMark)
	}
	const text = "a text that belongs to one request only, number %d"
	peer := new(work)
	_, w := overWire(t, peer.dispatch, nil)
	for i := range 200 {
		w.deliver(fmt.Sprintf(`[0, %d, "`+text+`"]`, i, i))
	}
	for i, r := range peer.requests {
		if got, err := channel.Content[string](r); got != fmt.Sprintf(text, i) || err != nil {
			t.Fatalf("request %d has become %q, %v", i, got, err)
		}
	}
}

func TestMessagesAreMarkedUntilThePeerIsKnown(t *testing.T) {
	c, w := overWire(t, new(work).dispatch, nil)
	w.deliver(`[0, 0, "` + strings.Repeat("x", 5000) + `"]`) // tells nothing
	synctest.Test(t, func(t *testing.T) {
		ask := func(content string) {
			go func() { _ = c.Ask(t.Context(), content, nil) }()
			synctest.Wait()
		}
		ask("a")
		ask(strings.Repeat("b", 5000))
		ask("c")
		w.deliver(`[0, 1, null]`)
		ask("d")
		want := []string{
			`[0, 0, "a"]` + jsonMark, `[0, 1, "` + strings.Repeat("b", 5000) + `"]`, `[0, 2, "c"]` + jsonMark, `[0, 3, "d"]`,
		}
		if got := w.take(); !slices.Equal(got, want) {
			t.Errorf("sent %.200q", got)
		}
		_ = c.Close()
	})
}

func TestAMarkDoesNotTakeAMessageBeyondTheLimit(t *testing.T) {
	// Both ends have it, and neither finds out about the other: nothing is
	// lost but what they could tell each other besides.
	opts := &channel.Options{Limits: channel.Limits{Frame: 100}}
	a, b := pair(t, tcp, echo, opts)
	text := strings.Repeat("x", 100-len(`[0, 0, ""]`))
	for range 10 {
		if got, err := channel.Ask[string](soon(t), a, text); got != text || err != nil {
			t.Fatalf("got %q, %v", got, err)
		}
	}
	if a.Kin() != channel.Stranger || b.Kin() != channel.Stranger {
		t.Errorf("they are %s and %s", kins[a.Kin()], kins[b.Kin()])
	}
}

func TestAHelloThatCannotBeSentSaysNothing(t *testing.T) {
	for name, greeting := range map[string]any{
		"because it is too long":         strings.Repeat("x", 1000),
		"because it is of no known type": make(chan int),
	} {
		t.Run(name, func(t *testing.T) {
			_, w := overWire(t, (&work{greeting: greeting}).dispatch, &channel.Options{Limits: channel.Limits{Frame: 100}})
			w.deliver(`[4, 1, null]` + jsonMark)
			if got, want := w.take(), []string{`[4, 1, null]` + jsonMark}; !slices.Equal(got, want) {
				t.Errorf("sent %q, want %q", got, want)
			}
		})
	}
}

func TestTwoGomasRecogniseEachOtherWhoeverSpeaksFirst(t *testing.T) {
	for name, c := range codecs {
		want := channel.Stranger
		if _, marks := c.(codec.Marker); marks {
			want = channel.Gomas
		}
		for who, speakers := range map[string][]int{
			"the one that dialled": {0}, "the one that listened": {1}, "both at once": {0, 1},
		} {
			t.Run(name+": "+who, func(t *testing.T) {
				a, b := pair(t, tcp, echo, &channel.Options{Codec: c})
				var running sync.WaitGroup
				defer running.Wait()
				defer hangUp(t, a)
				running.Go(func() { echo(a.Context(), a) })
				ends := []*channel.Conn{a, b}
				var asking sync.WaitGroup
				for _, i := range speakers {
					for n := range 20 {
						asking.Go(func() {
							if got, err := channel.Ask[int](soon(t), ends[i], n); got != n || err != nil {
								t.Errorf("got %v, %v", got, err)
							}
						})
					}
				}
				asking.Wait()
				for _, c := range ends {
					if c.Kin() != want {
						t.Errorf("one is %s to the other", kins[c.Kin()])
					}
				}
			})
		}
	}
}

func TestAPeerOfAnotherCodecWithTheSameFormatIsAStranger(t *testing.T) {
	srv := listen(t, tcp, echo, &channel.Options{Codec: stdCodec{}})
	c := dial(t, srv.Addr(), nil)
	for range 3 {
		checkEcho(t, c)
	}
	if c.Kin() != channel.Stranger || srv.Conns()[0].Kin() != channel.Stranger {
		t.Errorf("they are %s and %s", kins[c.Kin()], kins[srv.Conns()[0].Kin()])
	}
}

// TestAStrangerNeverSeesWhatItDoesNotKnow looks at all bytes that a peer gets
// which answers as Python does.
func TestAStrangerNeverSeesWhatItDoesNotKnow(t *testing.T) {
	for _, format := range []struct {
		codec  codec.Codec
		marked []string // two requests in a row
		plain  string   // later ones
	}{
		{json.Codec{}, []string{"[0, 0, true]\t \t", "[0, 1, true]\t \t"}, "[0, %d, true]"},
		{msgpack.Codec{}, []string{"\xdc\x00\x03\xcc\x00\x00\xc3", "\xdc\x00\x03\xcc\x00\x01\xc3"}, "\x93\x00%c\xc3"},
	} {
		t.Run(format.codec.Name(), func(t *testing.T) {
			c, r := withRaw(t, &channel.Options{Codec: format.codec})
			reply := func(id int) string {
				b, err := format.codec.Append(nil, []any{1, id, nil}, nil)
				if err != nil {
					t.Fatal(err)
				}
				return string(b)
			}
			outcomes := make(chan error, 100)
			ask := func(ctx context.Context) { go func() { outcomes <- c.Ask(ctx, true, nil) }() }
			expect := func(want string) {
				t.Helper()
				if got := r.payload(); got != want {
					t.Fatalf("got %q, want %q", got, want)
				}
			}
			for _, want := range format.marked {
				ask(soon(t))
				expect(want)
			}
			r.send(reply(1), reply(0))
			for range format.marked {
				if err := receive(t, "outcome", outcomes); err != nil {
					t.Error(err)
				}
			}

			for id := 2; id < 20; id += 2 { // one is given up, one times out
				ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
				ask(ctx)
				expect(fmt.Sprintf(format.plain, id))
				cancel()
				if err := receive(t, "outcome", outcomes); !errors.Is(err, context.Canceled) {
					t.Error(err)
				}
				ask(channel.Timeout(t.Context(), time.Millisecond))
				expect(fmt.Sprintf(format.plain, id+1))
				if err := receive(t, "outcome", outcomes); !errors.Is(err, context.DeadlineExceeded) {
					t.Error(err)
				}
			}
			if got := r.farewell(c); got != "" {
				t.Errorf("at the end came %q", got)
			}
		})
	}
}

func TestPythonIsNotDisturbedByWhatIsForGomas(t *testing.T) {
	c := dial(t, pypeer.Start(t, "serve-channel", tcp).Addr, nil)
	var asking sync.WaitGroup
	for i := range 20 { // all of them marked
		asking.Go(func() {
			if got, err := channel.Ask[int](soon(t), c, i); got != i || err != nil {
				t.Errorf("got %v, %v", got, err)
			}
		})
	}
	asking.Wait()
	if c.Kin() != channel.Stranger {
		t.Errorf("it is %s", kins[c.Kin()])
	}
	ctx := channel.Timeout(t.Context(), time.Millisecond)
	for range 10 { // the reply is what Python would not forgive, were it told
		if err := c.Ask(ctx, map[string]any{"sleep": 0.05, "value": 1}, nil); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
	defer cancel()
	if got, err := channel.Ask[any](ctx, c, []any{1, "x"}); !reflect.DeepEqual(got, []any{int64(1), "x"}) || err != nil {
		t.Errorf("got %v, %v", got, err)
	}
}
