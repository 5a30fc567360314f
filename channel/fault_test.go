package channel_test

import (
	"context"
	"errors"
	"io"
	"runtime"
	"strings"
	"testing"

	"github.com/gomas/gomas/channel"
	"github.com/gomas/gomas/codec"
	"github.com/gomas/gomas/transport"
)

// A verdict checks the error with which a connection has ended.
type verdict func(error) bool

func isA[E error](err error) bool {
	var e E
	return errors.As(err, &e)
}

// What a faulty peer is told to have done.
var (
	protocol verdict = isA[*channel.ProtocolError]
	noFrame  verdict = func(err error) bool { return protocol(err) && isA[*transport.FrameError](err) }
	noValue  verdict = func(err error) bool { return protocol(err) && isA[*codec.SyntaxError](err) }
	left     verdict = func(err error) bool { return isA[*channel.LostError](err) && errors.Is(err, io.EOF) }
	broken   verdict = func(err error) bool {
		return isA[*channel.LostError](err) && errors.Is(err, io.ErrUnexpectedEOF)
	}
	lost verdict = isA[*channel.LostError]
)

// host is an echo with a well-behaved peer, who must never notice what others
// do, and the reasons why the connections of the others have ended.
type host struct {
	*channel.Server
	bystander *channel.Conn
	ends      chan error
}

func newHost(t *testing.T, addr string, opts *channel.Options) *host {
	t.Helper()
	h := &host{ends: make(chan error, 100)}
	h.Server = listen(t, addr, func(ctx context.Context, conn *channel.Conn) {
		echo(ctx, conn)
		h.ends <- conn.Err()
	}, opts)
	h.bystander = dial(t, h.Addr(), opts)
	checkEcho(t, h.bystander)
	return h
}

// check makes sure that the connection of r has been closed, for the right
// reason, without a word, and no other.
func (h *host) check(t *testing.T, r *raw, want verdict) {
	t.Helper()
	if err := receive(t, "end of the connection", h.ends); !want(err) {
		t.Errorf("the connection ended with %T: %v", err, err)
	}
	if got := r.rest(); got != "" {
		t.Errorf("the peer got %q", got)
	}
	checkEcho(t, h.bystander)
}

func TestAFaultyPeerLosesItsConnectionAndNobodyElseTheirs(t *testing.T) {
	eachNetwork(t, func(t *testing.T, addr string) {
		h := newHost(t, addr, nil)
		for _, test := range []struct {
			name, sends string
			want        verdict
		}{
			{"a frame of 4 GiB", "\xff\xff\xff\xff", noFrame},
			{"a frame of one byte above the limit", "\x04\x00\x00\x01", noFrame},
			{"a frame of length 0", "\x00\x00\x00\x00", noFrame},
			{"one byte", frame("["), noValue},
			{"blanks", frame("   "), noValue},
			{"a map", frame(`{}`), noValue},
			{"a map with three entries", frame(`{"0": 0, "1": 1, "2": 2}`), noValue},
			{"an empty list", frame(`[]`), noValue},
			{"a list of one", frame(`[0]`), noValue},
			{"a list of two", frame(`[0, 1]`), noValue},
			{"a list of two and a comma", frame(`[0, 1, ]`), noValue},
			{"a list of four", frame(`[0, 1, 2, 3]`), noValue},
			{"a list that does not end", frame(`[0, 1, 2`), noValue},
			{"two messages in a frame", frame(`[0, 1, 2][0, 2, 2]`), noValue},
			{"bytes behind the message", frame(`[0, 1, 2]x`), noValue},
			{"a zero byte behind the message", frame("[0, 1, 2]\x00"), noValue},
			{"a text", frame(`"[0, 1, 2]"`), noValue},
			{"a number", frame(`0`), noValue},
			{"null", frame(`null`), noValue},
			{"half of null", frame(`nul`), noValue},
			{"a negative id", frame(`[0, -1, 1]`), noValue},
			{"a fractional id", frame(`[0, 1.5, 1]`), noValue},
			{"an id that is a float", frame(`[0, 1.0, 1]`), noValue},
			{"an id with an exponent", frame(`[0, 1e0, 1]`), noValue},
			{"an id with a leading zero", frame(`[0, 01, 1]`), noValue},
			{"an id of 65 bits", frame(`[0, 18446744073709551616, 1]`), noValue},
			{"an id of a thousand digits", frame(`[0, ` + strings.Repeat("9", 1000) + `, 1]`), noValue},
			{"an id that is a text", frame(`[0, "1", 1]`), noValue},
			{"an id that is null", frame(`[0, null, 1]`), noValue},
			{"a type that is a text", frame(`["0", 1, 1]`), noValue},
			{"a type that is true", frame(`[true, 0, 1]`), noValue},
			{"a type that is a float", frame(`[0.0, 0, 1]`), noValue},
			{"a type that is negative", frame(`[-1, 0, 1]`), noValue},
			{"a type that is unknown", frame(`[3, 0, 1]`), noValue},
			{"a type that wraps around to 0", frame(`[256, 0, 1]`), noValue},
			{"a type that wraps around to 0 in 64 bits", frame(`[18446744073709551616, 0, 1]`), noValue},
			{"a byte order mark", frame("\xef\xbb\xbf[0, 1, 2]"), noValue},
			{"UTF-16", frame("[\x000\x00,\x000\x00,\x000\x00]\x00"), noValue},
			{"MsgPack", frame("\x93\x00\x00\xc0"), noValue},
			{"HTTP", "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", noFrame},
			{"brackets without end", frame(`[0, 0, ` + strings.Repeat("[", 200_000)), noValue},
			{"200,000 levels of lists", frame(`[0, 0, ` + strings.Repeat("[", 200_000) + strings.Repeat("]", 200_000) + `]`), noValue},
			{"100,000 levels of maps", frame(`[0, 0, ` + strings.Repeat(`{"":`, 100_000) + `0` + strings.Repeat("}", 100_000) + `]`), noValue},
			{"1,000 levels below the message", frame(`[0, 0, ` + strings.Repeat("[", 1000) + strings.Repeat("]", 1000) + `]`), noValue},
			{"a result that nobody asked for", frame(`[1, 0, 1]`), protocol},
			{"a failure that nobody asked for", frame(`[2, 0, "ValueError: spam\n"]`), protocol},
			{"a result with the last id there is", frame(`[1, 18446744073709551615, 1]`), protocol},
			{"a request with half a null", frame(`[0, 0, nul]`), noValue},
			{"a request with a word that does not exist", frame(`[0, 0, nan]`), noValue},
			{"a request with text that is not UTF-8", frame("[0, 0, \"\xff\"]"), noValue},
			{"a request with a key that is not UTF-8", frame("[0, 0, {\"\xc0\x80\": 1}]"), noValue},
			{"a request with a surrogate in UTF-8", frame("[0, 0, \"\xed\xa0\x80\"]"), noValue},
			{"a request with a line break in a text", frame("[0, 0, \"\n\"]"), noValue},
			{"a request with an escape that does not exist", frame(`[0, 0, "\x41"]`), noValue},
			{"a request with half an escape", frame(`[0, 0, "\u00"]`), noValue},
			{"a request with a comma too many", frame(`[0, 0, [1,]]`), noValue},
			{"a request with a comma too few", frame(`[0, 0, [1 2]]`), noValue},
			{"a request with a key without a value", frame(`[0, 0, {"a"}]`), noValue},
			{"a request with a key that is no text", frame(`[0, 0, {1: 2}]`), noValue},
			{"a request with brackets that do not match", frame(`[0, 0, [1}]`), noValue},
			{"a request with a leading zero", frame(`[0, 0, 01]`), noValue},
			{"a request with a bare minus", frame(`[0, 0, -]`), noValue},
			{"a request with a comment", frame(`[0, 0, 1 /* one */]`), noValue},
			{"a request with a custom type that nobody knows", frame(`[0, 0, {"__type__": [0, 1]}]`), noValue},
			{"a request with a custom type that is no pair", frame(`[0, 0, [{"__type__": 0}]]`), noValue},
		} {
			t.Run(test.name, func(t *testing.T) {
				r := dialRaw(t, h.Addr())
				r.write(test.sends)
				h.check(t, r, test.want)
			})
		}
	})
}

func TestAPeerThatLeavesEndsItsConnectionAndNobodyElses(t *testing.T) {
	eachNetwork(t, func(t *testing.T, addr string) {
		h := newHost(t, addr, nil)
		for _, test := range []struct {
			name, sends string
			want        verdict
		}{
			{"at once", "", left},
			{"after a frame", frame(`[0, 0, 1]`), lost}, // the reply may fail before the end is read
			{"in the middle of a header", "\x00\x00", broken},
			{"between header and payload", "\x00\x00\x00\x08", broken},
			{"in the middle of a payload", frame(`[0, 0, 1]`)[:9], broken},
			{"in the middle of a large payload", "\x03\xff\xff\xff" + strings.Repeat(" ", 100_000), broken},
		} {
			t.Run(test.name, func(t *testing.T) {
				r := dialRaw(t, h.Addr())
				r.write(test.sends)
				if err := r.Close(); err != nil {
					t.Fatal(err)
				}
				if err := receive(t, "end of the connection", h.ends); !test.want(err) {
					t.Errorf("the connection ended with %T: %v", err, err)
				}
				checkEcho(t, h.bystander)
			})
		}
	})
}

func TestAHalfClosedConnectionCountsAsClosed(t *testing.T) {
	eachNetwork(t, func(t *testing.T, addr string) {
		entered, answers := make(chan struct{}), make(chan error, 1)
		srv := listen(t, addr, handle(func(ctx context.Context, r *channel.Request) {
			close(entered)
			<-ctx.Done() // the reply is never ready in time
			answers <- r.Reply(context.Background(), 1)
		}), nil)
		r := dialRaw(t, srv.Addr())
		r.send(`[0, 0, 1]`)
		receive(t, "request", entered)
		r.closeWrite()
		if got := r.rest(); got != "" {
			t.Errorf("the peer got %q", got)
		}
		if err := receive(t, "answer", answers); !left(err) {
			t.Errorf("the reply to nobody returned %v", err)
		}
	})
}

func TestCloseDoesNotWaitForTheOtherHalfOfAFrame(t *testing.T) {
	for _, test := range []struct{ name, half string }{
		{"half a header", "\x00\x00"},
		{"a header", "\x00\x00\x00\x08"},
		{"half a payload", frame(`[0, 0, 1]`)[:9]},
		{"the beginning of a large payload", "\x03\xff\xff\xff        "},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel() // each takes the second that a peer is given
			eachNetwork(t, func(t *testing.T, addr string) {
				t.Parallel()
				conns := make(chan *channel.Conn, 1)
				srv := listen(t, addr, func(ctx context.Context, conn *channel.Conn) {
					conns <- conn
					echo(ctx, conn)
				}, nil)
				r := dialRaw(t, srv.Addr())
				r.write(frame(`[0, 0, 1]`) + test.half)
				if got := r.next(); got != `[1, 0, 1]` {
					t.Errorf("echo is %s", got)
				}
				conn := receive(t, "connection", conns)
				hangUp(t, conn)
				if err := conn.Err(); !errors.Is(err, channel.ErrClosed) {
					t.Errorf("ended with %v", err)
				}
				if got := r.rest(); got != "" {
					t.Errorf("the peer got %q", got)
				}
			})
		})
	}
}

func TestAFaultyReplyFailsTheAskAndEndsTheConnection(t *testing.T) {
	none := func(err error) bool { return err == nil }
	for _, test := range []struct {
		name    string
		replies []string
		asked   verdict // of the ask
		ended   verdict // of the connection
	}{
		{"to another request", []string{`[1, 1, 1]`}, protocol, protocol},
		{"to the last request there can be", []string{`[1, 18446744073709551615, 1]`}, protocol, protocol},
		{"twice", []string{`[1, 0, 1]`, `[1, 0, 1]`}, none, protocol},
		{"a result, then a failure", []string{`[1, 0, 1]`, `[2, 0, "Error: spam\n"]`}, none, protocol},
		{"a failure, then a result", []string{`[2, 0, "Error: spam\n"]`, `[1, 0, 1]`}, isA[*channel.RemoteError], protocol},
		{"with a negative id", []string{`[1, -1, 1]`}, noValue, noValue},
		{"of an unknown type", []string{`[3, 0, 1]`}, noValue, noValue},
		{"without content", []string{`[1, 0]`}, noValue, noValue},
		{"that is no value", []string{`[1, 0, nul]`}, noValue, noValue},
		{"that is not UTF-8", []string{"[1, 0, \"\xff\"]"}, noValue, noValue},
		{"with a comma too many", []string{`[1, 0, [1,]]`}, noValue, noValue},
		{"with an unknown custom type", []string{`[1, 0, {"__type__": [7, 1]}]`}, noValue, noValue},
		{"a failure that is not UTF-8", []string{"[2, 0, \"\xff\"]"}, noValue, noValue},
		{"a failure that is no value", []string{`[2, 0, {1}]`}, noValue, noValue},
		{"deeper than anybody can read", []string{`[1, 0, ` + strings.Repeat("[", 200_000)}, noValue, noValue},
	} {
		t.Run(test.name, func(t *testing.T) {
			bystander := dial(t, listen(t, tcp, echo, nil).Addr(), nil)
			c, r := withRaw(t, nil)
			asked := make(chan error, 1)
			go func() {
				var v any
				asked <- c.Ask(soon(t), "well?", &v)
			}()
			if got := r.next(); got != `[0, 0, "well?"]` {
				t.Errorf("request is %s", got)
			}
			r.send(test.replies...)
			if err := receive(t, "outcome", asked); !test.asked(err) {
				t.Errorf("the ask failed with %T: %v", err, err)
			}
			if got := r.rest(); got != "" {
				t.Errorf("the peer got %q", got)
			}
			if err := gone(t, c); !test.ended(err) {
				t.Errorf("the connection ended with %T: %v", err, err)
			}
			if err := c.Ask(soon(t), 1, nil); !test.ended(err) {
				t.Errorf("a later ask failed with %T: %v", err, err)
			}
			checkEcho(t, bystander)
		})
	}
}

func TestAReplyOfTheWrongTypeFailsTheAskOnly(t *testing.T) {
	c := dial(t, listen(t, tcp, echo, nil).Addr(), nil)
	n, err := channel.Ask[int](soon(t), c, "seven")
	if !isA[*codec.MismatchError](err) || protocol(err) {
		t.Errorf("text as a number: %d, %v", n, err)
	}
	checkEcho(t, c)
}

func TestAFrameThatIsAnnouncedCostsNoMemoryBeforeItComes(t *testing.T) {
	h := newHost(t, tcp, nil)
	allocated := func(test func()) uint64 {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		test()
		runtime.ReadMemStats(&after)
		return after.TotalAlloc - before.TotalAlloc
	}
	const mib = 1 << 20
	for _, test := range []struct {
		name  string
		sends string
		limit uint64
	}{
		{"60 MiB, of which nothing comes", "\x03\xc0\x00\x00", mib},
		{"60 MiB, of which 100 kB come", "\x03\xc0\x00\x00" + strings.Repeat(" ", 100_000), 2 * mib},
		{"200,000 brackets", frame(strings.Repeat("[", 200_000)), 4 * mib},
		{"a text of a million escapes", frame(`[0, 0, "` + strings.Repeat(`\n`, 1_000_000)), 16 * mib},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := allocated(func() {
				r := dialRaw(t, h.Addr())
				r.write(test.sends)
				r.closeWrite()
				receive(t, "end of the connection", h.ends)
			})
			if got > test.limit {
				t.Errorf("%d bytes allocated for %d that came, limit %d", got, len(test.sends), test.limit)
			}
			checkEcho(t, h.bystander)
		})
	}
}

func TestAMessageUpToTheLimitComesThrough(t *testing.T) {
	const limit = 300_000
	c := dial(t, listen(t, tcp, echo, &channel.Options{Limits: channel.Limits{Frame: limit}}).Addr(), nil)
	text := strings.Repeat("x", limit-len(`[0, 0, ""]`))
	if got, err := channel.Ask[string](soon(t), c, text); got != text || err != nil {
		t.Errorf("got %d bytes, %v", len(got), err)
	}
	err := c.Ask(soon(t), text+"x", nil)
	if !lost(err) {
		t.Errorf("one byte more: %v", err)
	}
}
