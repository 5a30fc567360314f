package channel_test

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"testing"

	"github.com/gomas/gomas/channel"
	"github.com/gomas/gomas/codec"
	gomasjson "github.com/gomas/gomas/codec/json"
)

// recordedFrame is a frame that two Python programs exchanged.
type recordedFrame struct {
	Layer, Codec, Label string
	Dir                 string // ">" from the peer that dialled, "<" from the one that listened
	Hex                 string
}

// recorded returns the frames that were sent over a channel, in their order,
// by what they show.
func recorded(t *testing.T) map[string][]recordedFrame {
	t.Helper()
	file, err := os.Open("../internal/pypeer/testdata/frames.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	frames := make(map[string][]recordedFrame)
	for d := json.NewDecoder(file); d.More(); {
		var f recordedFrame
		if err := d.Decode(&f); err != nil {
			t.Fatal(err)
		}
		if f.Layer == "channel" && f.Codec == "json" {
			frames[f.Label] = append(frames[f.Label], f)
		}
	}
	if len(frames) == 0 {
		t.Fatal("nothing was recorded")
	}
	return frames
}

// recordedServer does what the Python program did that listened.
func recordedServer(overtaken chan struct{}) func(context.Context, *channel.Conn) {
	return handle(func(ctx context.Context, r *channel.Request) {
		var order []any
		if err := r.Parse(&order); err != nil || len(order) == 0 {
			order = []any{""}
		}
		switch order[0] {
		case "fail":
			_ = r.Fail(ctx, &channel.Error{Type: "ValueError", Message: order[1].(string)})
		case "ask":
			v, err := channel.Ask[any](ctx, r.Conn(), []any{"asked", order[1]})
			if err != nil {
				_ = r.Fail(ctx, err)
				return
			}
			_ = r.Reply(ctx, []any{"client said", v})
		case "slow":
			if order[2] == "first" {
				<-overtaken
			} else {
				defer close(overtaken)
			}
			_ = r.Reply(ctx, order[2])
		default:
			_ = r.Reply(ctx, r.Raw())
		}
	})
}

func TestARecordedClientGetsTheRecordedReplies(t *testing.T) {
	srv := listen(t, tcp, recordedServer(make(chan struct{})), nil)
	for label, frames := range recorded(t) {
		t.Run(label, func(t *testing.T) {
			peer := dialRaw(t, srv.Addr())
			for _, f := range frames {
				b, err := hex.DecodeString(f.Hex)
				if err != nil {
					t.Fatal(err)
				}
				if f.Dir == ">" {
					peer.write(string(b))
					continue
				}
				if got, want := decode(t, peer.next()), decode(t, string(b[4:])); got != want {
					t.Errorf("got %s, recorded is %s", got, want)
				}
			}
		})
	}
}

// decode shows the value of a message. Maps come in order of their keys, and
// integers differ from floats.
func decode(t *testing.T, payload string) string {
	t.Helper()
	var v any
	if err := (gomasjson.Codec{}).Parse(codec.Raw(payload), &v, nil); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%#v", v)
}
