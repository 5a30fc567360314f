package blosc

import (
	"bytes"
	"fmt"
	"testing"

	"pgregory.net/rapid"
)

func TestDecodeIsTheInverseOfAppend(t *testing.T) {
	for name, kind := range kinds {
		for _, size := range boundaries {
			wantRoundTrip(t, name, kind(size))
		}
	}
}

func TestDecodeIsTheInverseOfAppendForAnyBytes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		// Repeating a piece makes all that shuffling and LZ4 look for.
		piece := rapid.SliceOfN(rapid.Byte(), 1, 60).Draw(t, "piece")
		times := rapid.IntRange(0, 400).Draw(t, "times")
		rest := rapid.SliceOf(rapid.Byte()).Draw(t, "rest")
		wantRoundTrip(t, "drawn", append(bytes.Repeat(piece, times), rest...))
	})
}

func wantRoundTrip(t interface {
	Helper()
	Errorf(string, ...any)
}, name string, src []byte,
) {
	t.Helper()
	chunk, err := Append([]byte("before"), src)
	if err != nil {
		t.Errorf("%d bytes of %s: Append: %v", len(src), name, err)
		return
	}
	if !bytes.HasPrefix(chunk, []byte("before")) {
		t.Errorf("%d bytes of %s: dst has changed", len(src), name)
	}
	chunk = chunk[len("before"):]
	if len(chunk) > headerSize+len(src) {
		t.Errorf("%d bytes of %s: a chunk of %d bytes", len(src), name, len(chunk))
	}
	got, err := Decode(nil, chunk, len(src))
	if err != nil {
		t.Errorf("%d bytes of %s: Decode: %v", len(src), name, err)
	} else if !bytes.Equal(got, src) {
		t.Errorf("%d bytes of %s: the message differs", len(src), name)
	}
}

func TestAppendStoresShortMessagesExactlyAsTheCLibraryDoes(t *testing.T) {
	for _, file := range []string{"chunks.jsonl", "messages.jsonl"} {
		for _, r := range readRecorded(t, file) {
			if len(r.Raw) >= minCompressed {
				continue
			}
			if got, err := Append(nil, r.Raw); err != nil || !bytes.Equal(got, r.Chunk) {
				t.Errorf("%s: got %x, %v, want %x", r.Name, got, err, []byte(r.Chunk))
			}
		}
	}
}

func TestAppendMakesTheSameChunkWhateverCameBefore(t *testing.T) {
	first := map[string][]byte{}
	for round := range 3 {
		for name, kind := range kinds {
			for _, size := range []int{200, 70000, maxBlock + 1000} {
				name := fmt.Sprintf("%d bytes of %s", size, name)
				chunk, err := Append(nil, kind(size))
				if err != nil {
					t.Fatal(err)
				}
				if round == 0 {
					first[name] = chunk
				} else if !bytes.Equal(chunk, first[name]) {
					t.Errorf("%s: the chunk differs from the first", name)
				}
			}
		}
	}
}

func TestAppendCompresses(t *testing.T) {
	// Bounds are percent of the message. What no compressor without columns
	// could do is below 85 for measurements and an array in a bin.
	for name, percent := range map[string]int{
		"zeros": 3, "text": 20, "records": 60, "floats": 70, "measurements": 82, "array in a bin": 90, "32-bit integers": 60,
	} {
		for _, size := range []int{5000, 50000, 1 << 20} {
			chunk, err := Append(nil, kinds[name](size))
			if err != nil {
				t.Fatal(err)
			}
			if got := 100 * len(chunk) / size; got > percent {
				t.Errorf("%d bytes of %s: to %d %%, want at most %d", size, name, got, percent)
			}
		}
	}
}

func TestColumnsAreSeenOnlyWhereThereAreAny(t *testing.T) {
	for name, want := range map[string]int{
		"zeros": 1, "random": 1, "text": 1, "records": 1,
		"measurements": 9, "array in a bin": 8, "32-bit integers": 5,
	} {
		for _, size := range []int{500, 5000, 500000} {
			if got := columns(kinds[name](size)); got != want {
				t.Errorf("%d bytes of %s: %d columns, want %d", size, name, got, want)
			}
		}
	}
}
