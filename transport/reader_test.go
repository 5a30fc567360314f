package transport

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"runtime"
	"testing"
	"testing/iotest"

	"pgregory.net/rapid"
)

// drip is a stream that comes in pieces, each as large as the next of cuts
// says, the last of which counts for all further ones.
type drip struct {
	data []byte
	cuts []int
}

func (d *drip) Read(b []byte) (int, error) {
	if len(d.data) == 0 {
		return 0, io.EOF
	}
	n := copy(b[:min(len(b), d.cuts[0])], d.data)
	d.data = d.data[n:]
	if len(d.cuts) > 1 {
		d.cuts = d.cuts[1:]
	}
	return n, nil
}

func framed(payload []byte) []byte {
	return append(binary.BigEndian.AppendUint32(nil, uint32(len(payload))), payload...)
}

// payloads draws payloads around the sizes at which the reader changes its
// ways.
func payloads(limit int) *rapid.Generator[[]byte] {
	sizes := []int{minRead, maxRead / 2, maxRead, 2 * maxRead, writeSize}
	return rapid.Custom(func(t *rapid.T) []byte {
		size := rapid.IntRange(1, 64).Draw(t, "size")
		if rapid.IntRange(0, 3).Draw(t, "kind") == 0 {
			size = rapid.SampledFrom(sizes).Draw(t, "about") + rapid.IntRange(-2*HeaderSize, 2*HeaderSize).Draw(t, "off by")
		}
		b := make([]byte, min(size, limit))
		seed := rapid.Byte().Draw(t, "content")
		for i := range b {
			b[i] = seed + byte(i*i)
		}
		return b
	})
}

func TestFramesArriveUnchangedHoweverTheStreamIsCut(t *testing.T) {
	const limit = 1 << 20
	rapid.Check(t, func(t *rapid.T) {
		sent := rapid.SliceOfN(payloads(limit), 0, 20).Draw(t, "sent")
		var stream []byte
		for _, p := range sent {
			stream = append(stream, framed(p)...)
		}
		cuts := rapid.SliceOfN(rapid.OneOf(rapid.IntRange(1, 9), rapid.IntRange(1, 2*maxRead)), 1, 20).Draw(t, "cuts")
		r := reader{src: &drip{stream, cuts}, limit: limit}
		var kept []*Frame // not freed before the end: frames share no memory
		for i := range sent {
			f, err := r.next()
			if err != nil {
				t.Fatalf("frame %d: %v", i, err)
			}
			kept = append(kept, f)
		}
		if f, err := r.next(); err != io.EOF || f != nil {
			t.Fatalf("after the last frame: %v, %v", f, err)
		}
		for i, f := range kept {
			if !bytes.Equal(f.Payload(), sent[i]) {
				t.Errorf("frame %d of %d bytes has changed", i, len(sent[i]))
			}
			f.Free()
		}
	})
}

func TestAStreamThatEndsEarlyIsToldFromOneThatEnds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sent := rapid.SliceOfN(payloads(1<<20), 1, 4).Draw(t, "sent")
		var stream []byte
		ends := map[int]int{0: 0} // where a stream may end, and after how many frames
		for i, p := range sent {
			stream = append(stream, framed(p)...)
			ends[len(stream)] = i + 1
		}
		n := rapid.IntRange(0, len(stream)).Draw(t, "length")
		if rapid.Bool().Draw(t, "near the end") {
			n = max(0, len(stream)-n%8)
		}
		cut := rapid.IntRange(1, 2*maxRead).Draw(t, "cut")
		var src io.Reader = &drip{stream[:n], []int{cut}}
		if rapid.Bool().Draw(t, "end comes with the last bytes") {
			src = iotest.DataErrReader(src)
		}
		r := reader{src: src, limit: 1 << 20}
		frames := 0
		var err error
		for err == nil {
			var f *Frame
			if f, err = r.next(); err == nil {
				if !bytes.Equal(f.Payload(), sent[frames]) {
					t.Fatalf("frame %d has changed", frames)
				}
				frames++
			}
		}
		want := io.ErrUnexpectedEOF
		whole, between := ends[n]
		if between {
			want = io.EOF
			if frames != whole {
				t.Errorf("%d frames, want %d", frames, whole)
			}
		}
		if err != want {
			t.Errorf("%d of %d bytes: %v, want %v", n, len(stream), err, want)
		}
	})
}

func TestAnErrorOfTheStreamIsPassedOn(t *testing.T) {
	broken := errors.New("cable cut")
	whole := append(framed([]byte("one")), framed(make([]byte, 2*maxRead))...)
	for n := 0; n < len(whole); n = n*2 + 1 {
		r := reader{src: io.MultiReader(bytes.NewReader(whole[:n]), iotest.ErrReader(broken)), limit: 1 << 20}
		var err error
		for err == nil {
			_, err = r.next()
		}
		if !errors.Is(err, broken) {
			t.Errorf("after %d bytes: %v", n, err)
		}
	}
}

func TestAFrameOutsideTheLimitsIsAFrameError(t *testing.T) {
	const limit = 100
	for _, test := range []struct {
		name    string
		header  string
		want    FrameError
		message string
	}{
		{"of length 0", "\x00\x00\x00\x00", FrameError{0, limit}, "frame of length 0"},
		{"one byte above the limit", "\x00\x00\x00\x65", FrameError{101, limit}, "frame of 101 bytes, limit 100"},
		{"of 4 GiB", "\xff\xff\xff\xff", FrameError{1<<32 - 1, limit}, "frame of 4294967295 bytes, limit 100"},
	} {
		t.Run(test.name, func(t *testing.T) {
			stream := string(framed(make([]byte, limit))) + test.header + "more"
			r := reader{src: bytes.NewReader([]byte(stream)), limit: limit}
			if f, err := r.next(); err != nil || len(f.Payload()) != limit {
				t.Fatalf("a frame of the limit: %v", err)
			}
			_, err := r.next()
			var got *FrameError
			if !errors.As(err, &got) || *got != test.want || err.Error() != test.message {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestALargeFrameTakesMemoryAsItComes(t *testing.T) {
	const size = 60 << 20
	header := binary.BigEndian.AppendUint32(nil, size)
	for _, came := range []int{0, 1, maxRead, 1 << 20} {
		r := reader{src: io.MultiReader(bytes.NewReader(header), bytes.NewReader(make([]byte, came))), limit: size}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := r.next()
		runtime.ReadMemStats(&after)
		if err != io.ErrUnexpectedEOF {
			t.Errorf("error is %v", err)
		}
		if got, limit := after.TotalAlloc-before.TotalAlloc, uint64(6*came+4*maxRead); got > limit {
			t.Errorf("%d bytes allocated for %d that came, limit %d", got, came, limit)
		}
	}
}

func TestALargeFrameHasRoomForAtMostFourTimesWhatCame(t *testing.T) {
	const size = 60 << 20
	header := binary.BigEndian.AppendUint32(nil, size)
	for _, came := range []int{maxRead, 5 * maxRead, 1 << 20} {
		stream := &drip{append(header, make([]byte, came)...), []int{1000}}
		last := 0
		src := readFunc(func(b []byte) (int, error) {
			last = len(b)
			return stream.Read(b)
		})
		r := reader{src: src, limit: size}
		if _, err := r.next(); err != io.ErrUnexpectedEOF {
			t.Errorf("error is %v", err)
		}
		if last > 4*(came+HeaderSize) {
			t.Errorf("room for %d more bytes after %d", last, came)
		}
	}
}

type readFunc func(b []byte) (int, error)

func (f readFunc) Read(b []byte) (int, error) { return f(b) }

func FuzzReader(f *testing.F) {
	f.Add([]byte("\x00\x00\x00\x0e[0, 0, \"ohai\"]"), uint16(3))
	f.Add([]byte("\x00\x00\x00\x01a\x00\x00\x00\x00"), uint16(1))
	f.Add([]byte("\x00\x00\x00\x01a\x00\x00"), uint16(2))
	f.Add([]byte("\xff\xff\xff\xff"), uint16(4))
	f.Add(append(framed(make([]byte, minRead+1)), framed([]byte("b"))...), uint16(1000))
	f.Fuzz(func(t *testing.T, stream []byte, cut uint16) {
		const limit = 1 << 20
		r := reader{src: &drip{stream, []int{int(cut) + 1}}, limit: limit}
		for rest := stream; ; {
			got, err := r.next()
			// The same again, as simply as can be.
			if len(rest) == 0 {
				if err != io.EOF {
					t.Fatalf("at the end: %v", err)
				}
				return
			}
			if len(rest) < HeaderSize {
				if err != io.ErrUnexpectedEOF {
					t.Fatalf("in a header: %v", err)
				}
				return
			}
			size := binary.BigEndian.Uint32(rest)
			rest = rest[HeaderSize:]
			if size == 0 || size > limit {
				var frame *FrameError
				if !errors.As(err, &frame) || frame.Size != size {
					t.Fatalf("header of %d: %v", size, err)
				}
				return
			}
			if int(size) > len(rest) {
				if err != io.ErrUnexpectedEOF {
					t.Fatalf("in a payload: %v", err)
				}
				return
			}
			if err != nil || !bytes.Equal(got.Payload(), rest[:size]) {
				t.Fatalf("frame %+v, %v, want %q", got, err, rest[:size])
			}
			got.Free()
			rest = rest[size:]
		}
	})
}
