package blosc

import (
	"bytes"
	"encoding/binary"
	"errors"
	"runtime"
	"slices"
	"testing"
)

const testLimit = 64 << 20

func TestDecodeReadsEveryRecordedChunk(t *testing.T) {
	for _, file := range []string{"chunks.jsonl", "messages.jsonl"} {
		for _, r := range readRecorded(t, file) {
			got, err := Decode([]byte("before"), r.Chunk, len(r.Raw))
			if err != nil {
				t.Errorf("%s: %v", r.Name, err)
			} else if want := append([]byte("before"), r.Raw...); !bytes.Equal(got, want) {
				t.Errorf("%s: the message differs", r.Name)
			}
		}
	}
}

func TestParseHeaderAgreesWithTheCLibrary(t *testing.T) {
	for _, r := range readRecorded(t, "chunks.jsonl") {
		got, err := ParseHeader(r.Chunk)
		if err != nil {
			t.Errorf("%s: %v", r.Name, err)
			continue
		}
		want := Header{Size: r.Header.NBytes, BlockSize: r.Header.BlockSize, TypeSize: r.Header.TypeSize, flags: flags(r.Header.Flags)}
		if got != want {
			t.Errorf("%s: got %+v, want %+v", r.Name, got, want)
		}
	}
}

func TestDecodeRefusesMessagesAboveTheLimitAndAllocatesNothing(t *testing.T) {
	for _, r := range readRecorded(t, "chunks.jsonl") {
		dst := []byte("before")
		got, err := Decode(dst, r.Chunk, len(r.Raw)-1)
		var limit *LimitError
		if !errors.As(err, &limit) || limit.Size != len(r.Raw) || limit.Limit != len(r.Raw)-1 {
			t.Errorf("%s: got %v", r.Name, err)
		}
		if string(got) != "before" {
			t.Errorf("%s: dst has changed", r.Name)
		}
	}
	zeros := chunkOf(0x11, 8, 1<<30, 1<<20, make([]byte, 1<<23))
	if n := allocated(func() { wantLimitError(t, zeros) }); n > 4<<10 {
		t.Errorf("refusing took %d bytes", n)
	}
}

func wantLimitError(t *testing.T, chunk []byte) {
	t.Helper()
	_, err := Decode(nil, chunk, testLimit)
	var limit *LimitError
	if !errors.As(err, &limit) {
		t.Errorf("got %v, want a LimitError", err)
	}
}

func TestDecodeRefusesTruncatedChunks(t *testing.T) {
	for _, r := range readRecorded(t, "chunks.jsonl") {
		for n := range len(r.Chunk) {
			wantFormatError(t, r.Name+", cut off", r.Chunk[:n])
			if n < headerSize {
				continue
			}
			cut := slices.Clone(r.Chunk[:n])
			binary.LittleEndian.PutUint32(cut[12:], uint32(n))
			wantFormatError(t, r.Name+", cut off with a header to match", cut)
		}
	}
}

func wantFormatError(t *testing.T, name string, chunk []byte) {
	t.Helper()
	got, err := Decode(nil, chunk, testLimit)
	var format *FormatError
	if !errors.As(err, &format) {
		t.Errorf("%s, %d bytes: got %d bytes and %v, want a FormatError", name, len(chunk), len(got), err)
	}
}

func TestDecodeSurvivesExtremeHeaders(t *testing.T) {
	extremes := []uint32{0, 1, 2, 15, 16, 127, 128, 255, 1 << 16, 1 << 20, 1 << 24, 1<<31 - 17, 1<<31 - 16, 1<<31 - 1, 1 << 31, 1<<32 - 1}
	decodeMutant := func(name string, chunk []byte) {
		t.Helper()
		var err error
		var got []byte
		size := binary.LittleEndian.Uint32(chunk[4:])
		n := allocated(func() { got, err = Decode(nil, chunk, testLimit) })
		if err == nil && len(got) != int(size) {
			t.Errorf("%s: got %d bytes, the header says %d", name, len(got), size)
		}
		// A header that is believed names a size that the chunk could hold.
		// The rest is the block before unshuffling, and some tables.
		bound := 256 << 10
		if h, err := ParseHeader(chunk); err == nil {
			bound += 2 * h.Size
		}
		if n > uint64(bound) {
			t.Errorf("%s: %d bytes of chunk took %d bytes of memory", name, len(chunk), n)
		}
	}
	for _, r := range readRecorded(t, "chunks.jsonl") {
		for at := range 4 {
			for v := range 256 {
				m := slices.Clone(r.Chunk)
				m[at] = byte(v)
				decodeMutant(r.Name, m)
			}
		}
		for _, at := range []int{4, 8, 12, 16} {
			if len(r.Chunk) < at+4 {
				continue
			}
			own := binary.LittleEndian.Uint32(r.Chunk[at:])
			for _, v := range append([]uint32{own - 1, own + 1, own / 2, own * 2}, extremes...) {
				m := slices.Clone(r.Chunk)
				binary.LittleEndian.PutUint32(m[at:], v)
				decodeMutant(r.Name, m)
			}
		}
	}
}

func TestDecodeTakesNoMemoryForSizesThatAShortChunkCannotHold(t *testing.T) {
	for c := range compressorCount {
		f := uint8(c)<<compressorShift | 0x11
		for _, chunk := range [][]byte{
			chunkOf(f, 8, testLimit, testLimit, make([]byte, 16)),
			chunkOf(f, 8, testLimit, 1<<24, make([]byte, 16)),
			chunkOf(f, 1, testLimit, testLimit, make([]byte, 16)),
		} {
			n := allocated(func() { wantFormatError(t, c.String(), chunk) })
			if n > 16<<10 {
				t.Errorf("%v: a chunk of %d bytes took %d bytes of memory", c, len(chunk), n)
			}
		}
	}
}

func TestDecodeTakesMemoryOnlyBlockByBlock(t *testing.T) {
	const blocks = 1 << 10
	body := make([]byte, 4*blocks+1<<18) // enough for LZ4 to hold 64 MiB, but every block starts at 0
	chunk := chunkOf(0x31, 8, testLimit, testLimit/blocks, body)
	n := allocated(func() { wantFormatError(t, "no block is valid", chunk) })
	if n > uint64(17*len(chunk)) {
		t.Errorf("a chunk of %d bytes took %d bytes of memory", len(chunk), n)
	}
}

func TestDecodeRefusesBlocksThatShareBytes(t *testing.T) {
	stream := []byte{4, 0, 0, 0, 'd', 'a', 't', 'a'}
	table := func(starts ...byte) (b []byte) {
		for _, s := range starts {
			b = append(b, s, 0, 0, 0)
		}
		return b
	}
	apart := chunkOf(0x11, 1, 8, 4, slices.Concat(table(32, 24), stream, []byte{4, 0, 0, 0, 'm', 'o', 'r', 'e'}))
	if got, err := Decode(nil, apart, 8); err != nil || string(got) != "moredata" {
		t.Errorf("blocks in reverse order: got %q, %v", got, err)
	}
	shared := chunkOf(0x11, 1, 8, 4, slices.Concat(table(24, 24), stream))
	wantFormatError(t, "two blocks at one place", shared)
}

func TestDecodeRefuses(t *testing.T) {
	body := []byte{20, 0, 0, 0, 4, 0, 0, 0, 'd', 'a', 't', 'a'}
	valid := chunkOf(0x11, 1, 4, 4, body)
	if got, err := Decode(nil, valid, 4); err != nil || string(got) != "data" {
		t.Fatalf("the chunk that is changed below: got %q, %v", got, err)
	}
	changed := func(at int, v byte) []byte {
		c := slices.Clone(valid)
		c[at] = v
		return c
	}
	for name, chunk := range map[string][]byte{
		"nothing at all":                     nil,
		"another version":                    changed(0, 3),
		"another version of the compressor":  changed(1, 2),
		"a reserved flag":                    changed(2, 0x19),
		"an unknown compressor":              changed(2, 0xb1),
		"a type size of zero":                changed(3, 0),
		"a block size of zero":               changed(8, 0),
		"a block larger than the message":    changed(8, 5),
		"a length that is not the chunk's":   changed(12, 27),
		"a byte after the chunk":             append(slices.Clone(valid), 0),
		"a block that starts behind the end": changed(16, 29),
		"a block that starts at the end":     changed(16, 28),
		"a stream longer than the chunk":     changed(20, 5),
		"a stream of negative length":        changed(23, 0x80),
		"a stream of length zero":            changed(20, 0),
		"a stored message of another size":   chunkOf(0x13, 8, 5, 1, []byte("data")),
		"a split block with a rest":          chunkOf(0x01, 4, 513, 513, make([]byte, 600)),
	} {
		wantFormatError(t, name, chunk)
	}
}

func TestDecodeReadsAnEmptyMessage(t *testing.T) {
	for _, f := range []uint8{0x13, 0x31} {
		if got, err := Decode(nil, chunkOf(f, 8, 0, 1, nil), 0); err != nil || len(got) != 0 {
			t.Errorf("flags %#x: got %q, %v", f, got, err)
		}
	}
}

// chunkOf makes a chunk with the given header and a length to match.
func chunkOf(f, typeSize uint8, size, blockSize int, body []byte) []byte {
	b := appendHeader(nil, flags(f), int(typeSize), size, blockSize, headerSize+len(body))
	return append(b, body...)
}

// allocated tells how many bytes of memory f takes, whether or not it gives
// them back.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}
