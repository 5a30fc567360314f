package channel_test

import (
	"bufio"
	"context"
	"encoding/hex"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gomas/gomas/channel"
	"github.com/gomas/gomas/codec"
	"github.com/gomas/gomas/codec/blosc"
	"github.com/gomas/gomas/codec/json"
	"github.com/gomas/gomas/codec/msgpack"
)

// exchange returns the frames that two gomas send each other, with who sends
// them, when the one that dialled asks, asks again for two seconds, and gives
// that up.
func exchange(t *testing.T, format codec.Codec) (frames []string) {
	synctest.Test(t, func(t *testing.T) {
		var conns [2]*channel.Conn
		var wires [2]*wire
		var served [2]*work
		for i := range conns {
			served[i] = &work{greeting: map[string]any{"home": fmt.Sprintf("tcp://localhost:%d", 5555+i)}}
			conns[i], wires[i] = overWire(t, served[i].dispatch, &channel.Options{Codec: format})
		}
		carry := func() {
			synctest.Wait()
			for range 3 {
				for i, dir := range []string{">", "<"} {
					for _, m := range wires[i].take() {
						frames = append(frames, dir+frame(m))
						wires[1-i].deliver(m)
					}
				}
			}
		}
		go func() { _ = conns[0].Ask(t.Context(), "ohai", nil) }()
		carry()
		_ = served[1].requests[0].Reply(t.Context(), "ohai")
		carry()
		go func() { _ = conns[0].Ask(channel.Timeout(context.Background(), 2*time.Second), "ohai", nil) }()
		carry()
		time.Sleep(2 * time.Second)
		carry()
		for _, c := range conns {
			_ = c.Close()
		}
	})
	return frames
}

func TestTheDumpsOfTheSpecificationAreWhatTwoGomasSend(t *testing.T) {
	spec, err := os.Open("../docs/protocol.md")
	if err != nil {
		t.Fatal(err)
	}
	defer spec.Close()
	row := regexp.MustCompile(`^ {4}([ <>]) [0-9a-f]{8}  ([0-9a-f ]{48})  \|`)
	var dumps []string
	inside := false
	for lines := bufio.NewScanner(spec); lines.Scan(); {
		if line := lines.Text(); strings.HasPrefix(line, "#") {
			inside = line == "### 17.6 Between two gomas"
		}
		cells := row.FindStringSubmatch(lines.Text())
		if cells == nil || !inside {
			continue
		}
		b, err := hex.DecodeString(strings.ReplaceAll(cells[2], " ", ""))
		if err != nil {
			t.Fatal(err)
		}
		if cells[1] == " " {
			dumps[len(dumps)-1] += string(b)
		} else {
			dumps = append(dumps, cells[1]+string(b))
		}
	}
	want := exchange(t, json.Codec{})
	want = append(want, exchange(t, msgpack.Codec{})...)
	want = append(want, exchange(t, blosc.Codec{})[0])
	if !slices.Equal(dumps, want) {
		t.Errorf("the specification shows\n%q\nwant\n%q", dumps, want)
	}
}
