package channel_test

import (
	"bytes"
	"compress/flate"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/gomas/gomas/channel"
	"github.com/gomas/gomas/codec"
	gomasjson "github.com/gomas/gomas/codec/json"
	"github.com/gomas/gomas/codec/msgpack"
)

// stdCodec is the least that a user's own codec is: no envelope, no packing,
// and no custom types.
type stdCodec struct{}

func (stdCodec) Name() string { return "encoding/json" }

func (stdCodec) Append(dst []byte, v any, _ *codec.Types) ([]byte, error) {
	b, err := json.Marshal(rawMessages(v))
	if err != nil {
		return nil, &codec.UnsupportedError{Codec: "encoding/json", Type: reflect.TypeOf(v), Err: err}
	}
	return append(dst, b...), nil
}

// rawMessages makes the codec's raw values those of encoding/json.
func rawMessages(v any) any {
	switch v := v.(type) {
	case codec.Raw:
		return json.RawMessage(v)
	case []any:
		items := make([]any, len(v))
		for i := range v {
			items[i] = rawMessages(v[i])
		}
		return items
	}
	return v
}

func (stdCodec) Parse(src []byte, v any, _ *codec.Types) error {
	if !json.Valid(src) {
		return &codec.SyntaxError{Msg: "no JSON"}
	}
	var err error
	switch v := v.(type) {
	case *codec.Raw:
		*v = src
	case *[]codec.Raw:
		var items []json.RawMessage
		err = json.Unmarshal(src, &items)
		*v = make([]codec.Raw, len(items))
		for i := range items {
			(*v)[i] = codec.Raw(items[i])
		}
	case *map[string]codec.Raw:
		var entries map[string]json.RawMessage
		err = json.Unmarshal(src, &entries)
		*v = make(map[string]codec.Raw)
		for key, raw := range maps.All(entries) {
			(*v)[key] = codec.Raw(raw)
		}
	default:
		err = json.Unmarshal(src, v)
	}
	if err != nil {
		return &codec.MismatchError{Value: "value", Want: fmt.Sprintf("%T", v), Err: err}
	}
	return nil
}

// flateCodec is JSON, compressed.
type flateCodec struct{ gomasjson.Codec }

func (flateCodec) Name() string { return "json+flate" }

func (flateCodec) Pack(dst, message []byte) ([]byte, error) {
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, flate.BestSpeed)
	if err != nil {
		return nil, err
	}
	_, err = w.Write(message)
	if err = errors.Join(err, w.Close()); err != nil {
		return nil, err
	}
	return append(dst, b.Bytes()...), nil
}

func (flateCodec) Unpack(dst, payload []byte, limit int) ([]byte, error) {
	b, err := io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(payload)), int64(limit)+1))
	if err != nil {
		return nil, err
	}
	if len(b) > limit {
		return nil, fmt.Errorf("message of more than %d bytes", limit)
	}
	return append(dst, b...), nil
}

var codecs = map[string]codec.Codec{
	"a codec of three methods": stdCodec{},
	"a codec that packs":       flateCodec{},
	"JSON":                     gomasjson.Codec{},
	"MsgPack":                  msgpack.Codec{},
}

type order struct {
	Item  string   `json:"item" msgpack:"item"`
	Count int      `json:"count" msgpack:"count"`
	Notes []string `json:"notes" msgpack:"notes"`
}

func TestEveryCodecWorksEndToEnd(t *testing.T) {
	for name, c := range codecs {
		t.Run(name, func(t *testing.T) {
			opts := &channel.Options{Codec: c, Limits: channel.Limits{Frame: 100_000}}
			srv := listen(t, tcp, handle(func(ctx context.Context, r *channel.Request) {
				o, err := channel.Content[order](r)
				switch {
				case err != nil:
					_ = r.Fail(ctx, err)
				case o.Count == 0:
					_ = r.Fail(ctx, &channel.Error{Type: "ValueError", Message: "nothing ordered"})
				case o.Count == 13:
					_ = r.Reply(ctx, make(chan int))
				case o.Count > 100:
					_ = r.Reply(ctx, noise(o.Count))
				default:
					o.Count++
					_ = r.Reply(ctx, o)
				}
			}), opts)
			conn := dial(t, srv.Addr(), opts)
			ask := func(content any) (order, error) { return channel.Ask[order](soon(t), conn, content) }
			remote := func(err error, typ string) {
				t.Helper()
				var remote *channel.RemoteError
				if !errors.As(err, &remote) || remote.Type != typ {
					t.Errorf("got %v, want a %s", err, typ)
				}
			}

			want := order{"späm", 8, []string{strings.Repeat("x", 50_000), ""}}
			got, err := ask(order{want.Item, 7, want.Notes})
			if !reflect.DeepEqual(got, want) || err != nil {
				t.Errorf("got %.100v, %v", got, err)
			}
			_, err = ask(order{})
			remote(err, "ValueError")
			_, err = ask("no order")
			remote(err, "TypeError")
			_, err = ask(order{Count: 13})
			remote(err, "SerializationError")
			_, err = ask(order{Count: 200_000})
			remote(err, "SerializationError")
			if _, err = ask(noise(200_000)); err == nil || !strings.Contains(err.Error(), "limit 100000") {
				t.Errorf("a large request: %v", err)
			}
			var unsupported *codec.UnsupportedError
			for range 3 {
				if _, err = ask(make(chan int)); !errors.As(err, &unsupported) {
					t.Errorf("a channel: %v", err)
				}
			}
			if got, err := ask(order{Count: 1}); got.Count != 2 || err != nil {
				t.Errorf("afterwards: %v, %v", got, err)
			}
			raw, err := channel.Ask[codec.Raw](soon(t), conn, order{Count: 1})
			if err != nil {
				t.Fatal(err)
			}
			if got, err := ask(raw); got.Count != 3 || err != nil {
				t.Errorf("a raw value: %v, %v", got, err)
			}
		})
	}
}

func TestLongTextsComeBackHoweverTheyLook(t *testing.T) {
	for name, c := range codecs {
		t.Run(name, func(t *testing.T) {
			conn, _ := pair(t, tcp, echo, &channel.Options{Codec: c, Limits: channel.Limits{Frame: 4 << 20}})
			for _, n := range []int{codec.LongText - 1, 5 * codec.LongText} {
				plain := noise(n)
				for what, s := range map[string]string{
					"plain":                  plain,
					"with escapes":           plain + "\"\n",
					"with more than ASCII":   plain + "größer",
					"escapes all the way":    strings.Repeat("\"\\", n/2),
					"more than ASCII, too":   strings.Repeat("ä", n/2),
					"an escape in its midst": plain[:n/2] + "\n" + plain[n/2:],
				} {
					if got, err := channel.Ask[string](soon(t), conn, s); got != s || err != nil {
						t.Errorf("%s, %d bytes: %.40q, %v", what, len(s), got, err)
					}
					got, err := channel.Ask[[]string](soon(t), conn, []string{"a", s, s, "b"})
					if !slices.Equal(got, []string{"a", s, s, "b"}) || err != nil {
						t.Errorf("%s in a list, %d bytes: %.40q, %v", what, len(s), got, err)
					}
				}
			}
			if got, err := channel.Ask[string](soon(t), conn, noise(codec.LongText)+"\xff"); err != nil || !strings.HasSuffix(got, "\uFFFD") {
				t.Errorf("what is no UTF-8: %.40q, %v", got, err)
			}
		})
	}
}

// upper is a codec that embeds one of ours and appends messages in its own way.
type upper struct{ gomasjson.Codec }

func (c upper) AppendMessage(dst []byte, h codec.Header, content any, types *codec.Types) ([]byte, error) {
	if s, ok := content.(string); ok {
		content = strings.ToUpper(s)
	}
	return c.Codec.AppendMessage(dst, h, content, types)
}

func TestACodecThatEmbedsOursAppendsLongTextsInItsOwnWay(t *testing.T) {
	conn, _ := pair(t, tcp, echo, &channel.Options{Codec: upper{}})
	for _, n := range []int{10, codec.LongText, 5 * codec.LongText} {
		if got, err := channel.Ask[string](soon(t), conn, strings.Repeat("a", n)); got != strings.Repeat("A", n) || err != nil {
			t.Errorf("%d bytes: %.10q, error %v", n, got, err)
		}
	}
}

// noise returns n letters that do not compress well.
func noise(n int) string {
	b := make([]byte, n)
	state := uint32(1)
	for i := range b {
		state = state*1664525 + 1013904223
		b[i] = '!' + byte(state>>24)%90
		if b[i] == '"' || b[i] == '\\' {
			b[i] = 'x'
		}
	}
	return string(b)
}

func TestAFaultyPeerOfAnyCodecLosesItsConnection(t *testing.T) {
	for name, c := range codecs {
		t.Run(name, func(t *testing.T) {
			h := newHost(t, tcp, &channel.Options{Codec: c})
			pack := func(message []byte) string {
				if p, ok := c.(codec.Packer); ok {
					b, err := p.Pack(nil, message)
					if err != nil {
						t.Fatal(err)
					}
					return frame(string(b))
				}
				return frame(string(message))
			}
			message := func(v any) []byte {
				b, err := c.Append(nil, v, nil)
				if err != nil {
					t.Fatal(err)
				}
				return b
			}
			good := message([]any{0, 7, "x"})
			for _, test := range []struct {
				name, sends string
				want        verdict
			}{
				{"what cannot be unpacked", frame("\xc1\xc1\xc1"), protocol},
				{"no list", pack(message("x")), noValue},
				{"a list of two", pack(message([]any{0, 1})), noValue},
				{"a list of four", pack(message([]any{0, 1, 2, 3})), noValue},
				{"an unknown type", pack(message([]any{3, 0, "x"})), noValue},
				{"a negative id", pack(message([]any{0, -1, "x"})), noValue},
				{"an id that is a text", pack(message([]any{0, "1", "x"})), noValue},
				{"a fractional id", pack(message([]any{0, 1.5, "x"})), noValue},
				{"a reply that nobody asked for", pack(message([]any{1, 0, "x"})), protocol},
				{"half a message", pack(good[:len(good)-1]), noValue},
				{"more than a message", pack(append(good[:len(good):len(good)], good...)), noValue},
			} {
				t.Run(test.name, func(t *testing.T) {
					r := dialRaw(t, h.Addr())
					r.write(test.sends)
					h.check(t, r, test.want)
				})
			}
		})
	}
}

func TestAMessageThatUnpacksBeyondTheLimitIsAFault(t *testing.T) {
	h := newHost(t, tcp, &channel.Options{Codec: flateCodec{}, Limits: channel.Limits{Frame: 1 << 20}})
	bomb, err := flateCodec{}.Pack(nil, []byte(`[0, 0, "`+strings.Repeat("x", 64<<20)+`"]`))
	if err != nil {
		t.Fatal(err)
	}
	if len(bomb) > 1<<20 {
		t.Fatalf("the bomb has %d bytes", len(bomb))
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	r := dialRaw(t, h.Addr())
	r.write(frame(string(bomb)))
	h.check(t, r, protocol)
	runtime.ReadMemStats(&after)
	if got := after.TotalAlloc - before.TotalAlloc; got > 16<<20 {
		t.Errorf("%d bytes allocated", got)
	}
}
