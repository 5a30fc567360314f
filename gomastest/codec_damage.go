package gomastest

import (
	"bytes"
	"runtime"
	"strings"
	"testing"

	"github.com/gomas/gomas/codec"
)

// samples are encoded lists and maps: of those, no part is a value.
func (s suite) samples(t *testing.T) (encoded [][]byte, types *codec.Types) {
	t.Helper()
	values := []any{
		[]any{nil, true, 5, -700, 70_000, uint64(1 << 63), 0.5, "text", "größer", strings.Repeat("long ", 60), []any{}, map[string]any{}},
		map[string]any{"a": 1, "b": []any{"x", map[string]any{"c": 1.5}}},
		newRecord(),
		make([]int, 20),
	}
	if !s.lacks.NoBytes {
		values = append(values, []any{[]byte("bytes"), make([]byte, 300)})
	}
	if !s.lacks.NoTypes {
		types = custom(t)
		values = append(values, []any{meters(1), way{[]meters{2}}, parcel{Way: &way{}}})
	}
	for _, v := range values {
		encoded = append(encoded, s.encode(t, v, types))
	}
	return encoded, types
}

// targets are pointers to parse damaged data into.
func targets() []any {
	return []any{new(any), new(record), new(map[string]any), new([]codec.Raw), new(codec.Raw)}
}

func (s suite) cut(t *testing.T) {
	encoded, types := s.samples(t)
	for _, whole := range encoded {
		for n := range whole {
			for _, into := range targets() {
				if err := s.c.Parse(whole[:n:n], into, types); !isSyntax(err) && (n == 0 || !isMismatch(err)) {
					t.Fatalf("%q into a %T: error is %v (%T)", whole[:n], into, err, err)
				}
			}
		}
		var x any
		for _, more := range [][]byte{whole, whole[:1], {0xff}} {
			if err := s.c.Parse(append(bytes.Clone(whole), more...), &x, types); !isSyntax(err) {
				t.Errorf("%q and then %q: error is %v (%T)", whole, more, err, err)
			}
		}
	}
}

// damaged replaces each byte by others. That must neither panic nor take much
// memory, whatever lengths the damage announces.
func (s suite) damaged(t *testing.T) {
	encoded, types := s.samples(t)
	var before, after runtime.MemStats
	for _, whole := range encoded {
		at := make([]byte, len(whole))
		runtime.ReadMemStats(&before)
		parsed := 0
		for i := range whole {
			for _, to := range []byte{0, 1, ' ', '"', '0', '9', '[', ']', '{', '}', 0x7f, 0x80, 0xc6, 0xdb, 0xdd, 0xdf, 0xff, whole[i] ^ 1, whole[i] ^ 0x80} {
				for _, into := range targets() {
					copy(at, whole)
					at[i] = to
					err := s.c.Parse(at, into, types)
					parsed++
					if err != nil && !isSyntax(err) && !isMismatch(err) {
						t.Fatalf("%q into a %T: error is %v (%T)", at, into, err, err)
					}
				}
			}
		}
		runtime.ReadMemStats(&after)
		most := uint64(16<<10 + 200*len(whole))
		if each := (after.TotalAlloc - before.TotalAlloc) / uint64(parsed); each > most {
			t.Errorf("%d damaged bytes take %d bytes of memory, at most %d are expected", len(whole), each, most)
		}
	}
}

func (s suite) deep(t *testing.T) {
	// Messages, custom types and a caller's own lists take some of the depth.
	const usual = codec.MaxDepth - 10
	var v any = "x"
	for range usual {
		v = []any{v}
	}
	b := s.encode(t, v, nil)
	if got := s.loose(t, b, nil); !same(got, v) {
		t.Errorf("a list %d deep does not come back", usual)
	}
	for range 50 * codec.MaxDepth {
		v = []any{v}
	}
	if _, err := s.c.Append(nil, v, nil); !isUnsupported(err) {
		t.Errorf("a list %d deep: error is %.200v (%T)", usual+50*codec.MaxDepth, err, err)
	}
	// In most formats each list puts the same bytes before and behind.
	one := s.encode(t, []any{"x"}, nil)
	open, end, ok := bytes.Cut(one, s.encode(t, "x", nil))
	nested := func(n int) []byte {
		return append(append(bytes.Repeat(open, n), s.encode(t, "x", nil)...), bytes.Repeat(end, n)...)
	}
	if !ok || !bytes.Equal(nested(usual), b) {
		return
	}
	const levels = 1_000_000
	for _, b := range [][]byte{nested(levels), bytes.Repeat(open, levels)} {
		for _, into := range targets() {
			if err := s.c.Parse(b, into, nil); !isSyntax(err) && !isMismatch(err) {
				t.Errorf("a list a million deep into a %T: error is %.200v (%T)", into, err, err)
			}
		}
		if _, _, err := codec.Envelope(s.c).ScanMessage(b); !isSyntax(err) {
			t.Errorf("a list a million deep as a message: error is %.200v (%T)", err, err)
		}
	}
}

func (s suite) packs(t *testing.T) {
	p, ok := s.c.(codec.Packer)
	if !ok {
		return
	}
	for _, message := range s.messagesToPack(t) {
		b, err := p.Pack([]byte("before"), message)
		if err != nil || !bytes.HasPrefix(b, []byte("before")) {
			t.Fatalf("Pack of %d bytes: %.100q, %v", len(message), b, err)
		}
		payload := b[len("before"):]
		for _, dst := range [][]byte{nil, []byte("before"), append(make([]byte, 0, 2*len(message)+100), "before"...)} {
			got, err := p.Unpack(dst, payload, len(message))
			if err != nil || string(got) != string(dst)+string(message) {
				t.Errorf("%d bytes come back as %d, behind %q, %v", len(message), len(got), dst, err)
			}
		}
		if len(message) > 0 {
			if b, err := p.Unpack(nil, payload, len(message)-1); err == nil {
				t.Errorf("%d bytes come back as %d, although the limit is lower", len(message), len(b))
			}
		}
	}
}

// messagesToPack are messages that are short and long, and that do and don't
// compress well.
func (s suite) messagesToPack(t *testing.T) [][]byte {
	messages, _ := s.samples(t)
	noise := make([]byte, 100_000)
	for i, x := 0, uint32(1); i < len(noise); i++ {
		x = x*1664525 + 1013904223
		noise[i] = byte(x >> 24)
	}
	for _, n := range []int{1, 15, 16, 127, 128, 1000, 10_000, 100_000} {
		messages = append(messages, noise[:n], make([]byte, n))
	}
	return messages
}

func (s suite) notPacked(t *testing.T) {
	p, ok := s.c.(codec.Packer)
	if !ok {
		return
	}
	const limit = 200_000
	var before, after runtime.MemStats
	for _, message := range s.messagesToPack(t) {
		payload, err := p.Pack(nil, message)
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range []int{0, 1, len(payload) / 2, len(payload) - 1} {
			if got, err := p.Unpack(nil, payload[:n:n], limit); err == nil && bytes.Equal(got, message) && len(message) > 0 {
				t.Errorf("%d of %d bytes are unpacked without an error", n, len(payload))
			}
		}
		for i := range min(len(payload), 100) {
			for _, to := range []byte{0, 0x7f, 0xff, payload[i] ^ 1, payload[i] ^ 0x80} {
				damaged := bytes.Clone(payload)
				damaged[i] = to
				if got, err := p.Unpack(nil, damaged, limit); err == nil && len(got) > limit {
					t.Errorf("%d bytes are unpacked, above the limit", len(got))
				}
			}
		}
	}
	bomb, err := p.Pack(nil, make([]byte, 64<<20))
	if err != nil {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&before)
	_, err = p.Unpack(nil, bomb, 1<<20)
	runtime.ReadMemStats(&after)
	if used := after.TotalAlloc - before.TotalAlloc; err == nil || used > 16<<20 {
		t.Errorf("64 MiB are unpacked to a limit of 1 MiB with %d bytes of memory, %v", used, err)
	}
	if _, err := p.Unpack(nil, nil, limit); err == nil {
		t.Error("nothing is unpacked without an error")
	}
}
