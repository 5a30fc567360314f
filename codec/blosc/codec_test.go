package blosc_test

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"testing"

	"github.com/gomas/gomas/codec"
	"github.com/gomas/gomas/codec/blosc"
)

func Example() {
	var c blosc.Codec
	message, err := c.AppendMessage(nil, codec.Header{}, make([]float64, 1000), nil)
	if err != nil {
		panic(err)
	}
	payload, err := c.Pack(nil, message)
	if err != nil {
		panic(err)
	}
	again, err := c.Unpack(nil, payload, 1<<20)
	if err != nil {
		panic(err)
	}
	fmt.Println(len(message), "bytes,", len(payload), "packed,", bytes.Equal(again, message))
	// Output: 9006 bytes, 93 packed, true
}

func TestPythonsMessagesAreUnpackedAndPackedAgain(t *testing.T) {
	var c blosc.Codec
	for name, payload := range recordedMessages(t) {
		message, err := c.Unpack(nil, payload, 1<<20)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if _, _, err := c.ScanMessage(message); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if c.Marked(message) {
			t.Errorf("%s: is marked", name)
		}
		packed, err := c.Pack(nil, message)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		again, err := c.Unpack([]byte("before"), packed, len(message))
		if err != nil || string(again) != "before"+string(message) {
			t.Errorf("%s: got %q, %v, want %q", name, again, err, message)
		}
	}
}

func TestUnpackReportsWhatIsNoChunk(t *testing.T) {
	var c blosc.Codec
	for name, payload := range recordedMessages(t) {
		dst, err := c.Unpack([]byte("before"), payload[:len(payload)-1], 1<<20)
		var syntax *codec.SyntaxError
		if !errors.As(err, &syntax) || string(dst) != "before" {
			t.Errorf("%s, cut off: got %q, %v", name, dst, err)
		}
	}
}

func TestUnpackRefusesMessagesAboveTheLimit(t *testing.T) {
	var c blosc.Codec
	payload, err := c.Pack(nil, make([]byte, 1000))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Unpack(nil, payload, 1000); err != nil {
		t.Errorf("at the limit: %v", err)
	}
	if dst, err := c.Unpack(nil, payload, 999); err == nil || len(dst) > 0 {
		t.Errorf("above the limit: got %d bytes, %v", len(dst), err)
	}
}

// recordedMessages are the payloads that Python sent on several connections.
func recordedMessages(t *testing.T) map[string][]byte {
	t.Helper()
	f, err := os.Open("../../internal/blosc/testdata/messages.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	messages := map[string][]byte{}
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		var m struct{ Name, Chunk string }
		if err := json.Unmarshal(lines.Bytes(), &m); err != nil {
			t.Fatal(err)
		}
		chunk, err := hex.DecodeString(m.Chunk)
		if err != nil {
			t.Fatal(err)
		}
		messages[fmt.Sprintf("%d: %s", len(messages), m.Name)] = chunk
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return messages
}
