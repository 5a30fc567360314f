package channel_test

import (
	"context"
	"strings"
	"testing"

	"github.com/gomas/gomas/channel"
	"github.com/gomas/gomas/codec"
	"github.com/gomas/gomas/codec/json"
	"github.com/gomas/gomas/codec/msgpack"
)

// FuzzReceive has a peer send any messages, one on each line, to a connection
// that asks, gives up and is asked. Nothing it sends may leave more behind
// than requests that have no answer, or get a request answered twice.
func FuzzReceive(f *testing.F) {
	for _, messages := range []string{
		"[0, 0, 1]\n[0, 1, 1]\n[1, 0, null]",
		"[4, 1, null]" + jsonMark + "\n[0, 0, 1, 5]\n[3, 0, null]\n[3, 0, null]",
		"[0, 7, 1]" + jsonMark + "\n[4, 1, {\"home\": \"tcp://localhost:5555\"}]\n[0, 7, 1]\n[3, 7, []]\n[1, 1, 1]\n[2, 2, \"Error\\n\"]",
		"[0, 0, 1]" + jsonMark + "\n[4, 1, 1]\n[4, 1, 1]",
		"[3, 18446744073709551615, null]" + jsonMark + "\n[0, 18446744073709551615, 1, 18446744073709551615]",
		"\xdc\x00\x03\xcc\x04\x01\xc0\n\x94\x00\x00\xc0\x05\n\x93\x03\x00\xc0",
		"\xdc\x00\x04\xcc\x00\x00\xc0\x05\n\x93\x04\x01\xc0\n\x93\x01\x00\xc0",
	} {
		f.Add(messages)
	}
	f.Fuzz(func(t *testing.T, messages string) {
		for _, format := range []codec.Codec{json.Codec{}, msgpack.Codec{}} {
			peer := new(work)
			c, w := overWire(t, peer.dispatch, &channel.Options{Codec: format, Limits: channel.Limits{Requests: 4}})
			ctx, cancel := context.WithCancel(t.Context())
			cancelled, replied := make(chan error, 1), make(chan error, 1)
			go func() { cancelled <- c.Ask(ctx, 1, nil) }()
			go func() { replied <- c.Ask(t.Context(), 2, nil) }()
			for i, m := range strings.Split(messages, "\n") {
				w.deliver(m)
				if i == 1 {
					cancel()
				}
			}
			cancel()
			<-cancelled
			open := len(peer.requests)
			if got := c.Kept().Requests; got != open {
				t.Errorf("%d requests have no answer, want %d", got, open)
			}
			for _, r := range peer.requests {
				_ = r.Reply(t.Context(), nil)
			}
			_ = c.Close()
			<-replied
			told := make(map[int]bool)
			for _, n := range peer.notices() {
				if told[n.request] {
					t.Errorf("request %d was given up twice", n.request)
				}
				told[n.request] = true
			}
			if got := c.Kept(); got.Requests != 0 || got.Asks != 0 || got.Waiting != 0 {
				t.Errorf("kept %+v", got)
			}
		}
	})
}
