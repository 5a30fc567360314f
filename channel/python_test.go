package channel_test

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"math"
	"math/big"
	"reflect"
	"strings"
	"testing"

	"github.com/gomas/gomas/channel"
	"github.com/gomas/gomas/codec"
	"github.com/gomas/gomas/internal/pypeer"
)

func TestPythonEchoesOddValues(t *testing.T) {
	eachNetwork(t, func(t *testing.T, addr string) {
		c := dial(t, pypeer.Start(t, "serve-channel", addr).Addr, nil)
		huge, _ := new(big.Int).SetString("1267650600228229401496703205376", 10)
		for _, v := range []any{
			nil, true, false, int64(0), int64(-1), int64(math.MinInt64), uint64(math.MaxUint64), huge,
			1.0, -0.5, 1e16, 5e-324, math.MaxFloat64, math.Inf(1), math.Inf(-1),
			"", "äöü ß € 日本 😀 \"q\" \\ / \x00 \x1f \x7f \u2028 <&>", strings.Repeat("x", 200_000),
			[]any{},
			map[string]any{},
			[]any{nil, []any{[]any{}}, map[string]any{"": map[string]any{"k": int64(1)}}},
		} {
			got, err := channel.Ask[any](soon(t), c, v)
			if err != nil || !reflect.DeepEqual(got, v) {
				t.Errorf("echo of %.100v is %.100v, %v", v, got, err)
			}
		}
		if got, err := channel.Ask[float64](soon(t), c, math.NaN()); !math.IsNaN(got) || err != nil {
			t.Errorf("echo of NaN is %v, %v", got, err)
		}
		if got, err := channel.Ask[float64](soon(t), c, math.Copysign(0, -1)); !math.Signbit(got) || err != nil {
			t.Errorf("echo of -0.0 is %v, %v", got, err)
		}
	})
}

func TestPythonFailsAndOvertakesAndAsksBack(t *testing.T) {
	peer := pypeer.Start(t, "serve-channel", tcp)
	c := dial(t, peer.Addr, nil)
	err := c.Ask(soon(t), map[string]string{"fail": "späm\nline two"}, nil)
	var remote *channel.RemoteError
	if !errors.As(err, &remote) || remote.Type != "ValueError" || remote.Message != "späm\nline two" || remote.Origin != peer.Addr {
		t.Errorf("a failure: %#v", err)
	}

	slow := make(chan error, 1)
	go func() { slow <- c.Ask(soon(t), map[string]any{"sleep": 60, "value": "slow"}, nil) }()
	go func() {
		for {
			r, err := c.Receive(soon(t))
			if err != nil {
				return
			}
			question, err := channel.Content[[]string](r)
			if err != nil {
				t.Error(err)
			}
			_ = r.Reply(context.Background(), map[string]any{"you asked": question})
		}
	}()
	got, err := channel.Ask[any](soon(t), c, map[string]any{"ask": "x"})
	if want := map[string]any{"you asked": []any{"asked", "x"}}; !reflect.DeepEqual(got, want) || err != nil {
		t.Errorf("asked back: %v, %v", got, err)
	}
	select {
	case err := <-slow:
		t.Errorf("the slow reply came first: %v", err)
	default:
	}
	err = c.Ask(soon(t), "close", nil)
	for _, err := range []error{err, receive(t, "outcome", slow), gone(t, c)} {
		if !lost(err) {
			t.Errorf("Python closes: %v", err)
		}
	}
}

func TestPythonDropsWhoBreaksTheProtocol(t *testing.T) {
	c := dial(t, pypeer.Start(t, "serve-channel", tcp).Addr, nil)
	outcome := c.Ask(soon(t), codec.Raw(`{"__type__": [0, 1]}`), nil)
	if !left(outcome) {
		t.Errorf("an unknown custom type: %v", outcome)
	}
}

// script is a Python peer that carries out commands.
type script struct {
	*pypeer.Peer
	t *testing.T
}

// do carries out a command, given as its op, and names and values in turns.
func (s script) do(op string, parameters ...any) map[string]any {
	s.t.Helper()
	cmd := map[string]any{"op": op}
	for i := 0; i < len(parameters); i += 2 {
		cmd[parameters[i].(string)] = parameters[i+1]
	}
	result := s.Do(s.t, cmd)
	if result["error"] != nil {
		s.t.Fatalf("%v: %v", cmd, result["error"])
	}
	return result
}

func TestPythonAsksUs(t *testing.T) {
	eachNetwork(t, func(t *testing.T, addr string) {
		second := make(chan struct{})
		srv := listen(t, addr, handle(func(ctx context.Context, r *channel.Request) {
			v, err := channel.Content[any](r)
			if err != nil {
				t.Error(err)
			}
			switch v {
			case "first":
				<-second
			case "second":
				defer close(second)
			case "fail":
				_ = r.Fail(ctx, &channel.Error{Type: "LookupError", Message: "no späm\ntoday"})
				return
			case "ask back":
				if v, err = channel.Ask[any](ctx, r.Conn(), []any{1, 1.0, "ä"}); err != nil {
					_ = r.Fail(ctx, err)
					return
				}
			case "a channel":
				_ = r.Reply(ctx, make(chan int))
				return
			}
			_ = r.Reply(ctx, v)
		}), nil)
		s := script{pypeer.Start(t, "script"), t}
		s.do("dial", "addr", srv.Addr())
		check := func(got any, want string) {
			t.Helper()
			b, err := json.Marshal(got)
			if err != nil {
				t.Fatal(err)
			}
			if string(b) != want {
				t.Errorf("Python got %s, want %s", b, want)
			}
		}
		for _, v := range []string{
			`null`, `true`, `1`, `1.0`, `1e+16`, `1267650600228229401496703205376`, `-9223372036854775809`,
			`"ä 日本 😀 \u0000"`, `[]`, `{}`, `[[[]],{"k":[null]}]`,
		} {
			check(s.do("ask", "content", json.RawMessage(v)), `{"reply":`+v+`}`)
		}
		check(s.do("ask", "content", "fail"), `{"failure":"LookupError: no späm\ntoday\n"}`)
		check(s.do("ask", "content", "ask back"), `{"reply":{"you asked":[1,1.0,"ä"]}}`)
		failure, _ := s.do("ask", "content", "a channel")["failure"].(string)
		if !strings.HasPrefix(failure, "SerializationError: ") || !strings.Contains(failure, "chan int") {
			t.Errorf("what cannot be sent: %q", failure)
		}
		got := s.do("many", "contents", []string{"first", "second"})
		check(got["results"], `[{"reply":"first"},{"reply":"second"}]`)
		check(got["order"], `[1,0]`)
		s.do("close")
		for _, conn := range srv.Conns() {
			if err := gone(t, conn); !lost(err) {
				t.Errorf("Python closed, but %v", err)
			}
		}
	})
}

func TestBadFramesOfPythonCloseItsConnection(t *testing.T) {
	h := newHost(t, tcp, nil)
	s := script{pypeer.Start(t, "script"), t}
	for _, test := range []struct {
		name, sends string
		want        verdict
	}{
		{"a frame of length 0", "\x00\x00\x00\x00", noFrame},
		{"a frame of 4 GiB", "\xff\xff\xff\xff", noFrame},
		{"no JSON", frame(`[0, 0, `), noValue},
		{"no list of three", frame(`[0, 0]`), noValue},
		{"an unknown type", frame(`[3, 0, 0]`), noValue},
		{"a reply that nobody asked for", frame(`[1, 0, 0]`), protocol},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := script{s.Peer, t}
			s.do("dial", "addr", h.Addr())
			got := s.do("raw", "hex", hex.EncodeToString([]byte(test.sends)), "read", 30)
			if want := map[string]any{"hex": "", "closed": true}; !reflect.DeepEqual(got, want) {
				t.Errorf("Python got %v", got)
			}
			if err := receive(t, "end of the connection", h.ends); !test.want(err) {
				t.Errorf("the connection ended with %v", err)
			}
			s.do("close")
			receive(t, "end of the connection that asks nothing", h.ends)
			checkEcho(t, h.bystander)
		})
	}
}
