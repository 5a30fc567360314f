package blosc

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"slices"
	"testing"
)

func TestCLibraryReadsOurChunks(t *testing.T) {
	c := startCLibrary(t)
	for name, kind := range kinds {
		for _, size := range boundaries {
			src := kind(size)
			chunk, err := Append(nil, src)
			if err != nil {
				t.Fatal(err)
			}
			got, err := c.decompress(chunk)
			if err != nil {
				t.Errorf("%d bytes of %s: %v", size, name, err)
			} else if !bytes.Equal(got, src) {
				t.Errorf("%d bytes of %s: the message differs", size, name)
			}
		}
	}
}

func TestWeReadTheChunksOfTheCLibrary(t *testing.T) {
	c := startCLibrary(t)
	typeSizes := []int{1, 2, 3, 4, 7, 8, 9, 15, 16, 17, 32, 255}
	levels := []int{9, 1, 5, 0}
	seen := map[flags]bool{}
	turn := 0
	for _, name := range slices.Sorted(maps.Keys(kinds)) {
		for _, size := range []int{1, 127, 128, 1000, 1024, 2055, 5001, 40000, 1<<20 + 3} {
			src := kinds[name](size)
			for _, cname := range []string{"blosclz", "lz4", "lz4hc", "snappy", "zlib", "zstd"} {
				for _, shuffle := range []int{0, 1, 2} {
					for i, typeSize := range typeSizes {
						// All combinations at all sizes would take minutes;
						// level, threads and block size vary from one to the
						// next instead.
						turn++
						if size > 1<<16 && (turn+i)%31 != 0 {
							continue
						}
						args := compression{
							CName: cname, Shuffle: shuffle, TypeSize: typeSize,
							CLevel:    levels[turn%len(levels)],
							NThreads:  1 + turn%3,
							BlockSize: []int{0, 0, 1024, 3000}[turn/4%4],
						}
						chunk, err := c.compress(src, args)
						if err != nil {
							t.Fatalf("%d bytes of %s, %+v: %v", size, name, args, err)
						}
						seen[flags(chunk[2])] = true
						got, err := Decode(nil, chunk, size)
						if err != nil {
							t.Errorf("%d bytes of %s, %+v: %v", size, name, args, err)
						} else if !bytes.Equal(got, src) {
							t.Errorf("%d bytes of %s, %+v: the message differs", size, name, args)
						}
					}
				}
			}
		}
	}
	for compressor := range compressorCount {
		for _, f := range []flags{0, unsplit, shuffled, shuffled | unsplit, bitShuffled, bitShuffled | unsplit} {
			// Only the two fast ones split blocks.
			split := f&unsplit == 0
			mayFail := split && compressor > snappyCompressor || !split && compressor == snappyCompressor
			if f |= flags(compressor) << compressorShift; !seen[f] && !mayFail {
				t.Errorf("no chunk had the flags %#x", uint8(f))
			}
		}
	}
}

func TestWeRefuseWhatTheCLibraryRefuses(t *testing.T) {
	c := startCLibrary(t)
	for _, r := range readRecorded(t, "chunks.jsonl") {
		if len(r.Raw) > 5000 {
			continue
		}
		check := func(at int, change func(chunk []byte)) {
			t.Helper()
			m := slices.Clone(r.Chunk)
			change(m)
			theirs, theirErr := c.decompress(m)
			ours, err := Decode(nil, m, testLimit)
			switch {
			case theirErr != nil && err == nil:
				t.Errorf("%s, byte %d changed: the C library says %v", r.Name, at, theirErr)
			case theirErr == nil && err == nil && !bytes.Equal(ours, theirs):
				t.Errorf("%s, byte %d changed: the messages differ", r.Name, at)
			}
		}
		for at := range 4 {
			for bit := range 8 {
				check(at, func(chunk []byte) { chunk[at] ^= 1 << bit })
			}
			check(at, func(chunk []byte) { chunk[at] = 0 })
		}
		for at := 4; at < headerSize; at += 4 {
			own := binary.LittleEndian.Uint32(r.Chunk[at:])
			for _, v := range []uint32{0, 1, 8, own - 1, own + 1, own / 2, own * 2} {
				check(at, func(chunk []byte) { binary.LittleEndian.PutUint32(chunk[at:], v) })
			}
		}
	}
}

// cLibrary is a Python process with the C library loaded.
type cLibrary struct {
	requests io.Writer
	replies  *bufio.Reader
}

// compression are the parameters of the C library.
type compression struct {
	CName     string `json:"cname"`
	CLevel    int    `json:"clevel"`
	Shuffle   int    `json:"shuffle"` // 0 no, 1 bytes, 2 bits
	TypeSize  int    `json:"typesize"`
	NThreads  int    `json:"nthreads"`
	BlockSize int    `json:"blocksize"` // 0: its own choice
}

// startCLibrary skips the test where Python's blosc is not installed, except
// under continuous integration, where it has to be.
func startCLibrary(t *testing.T) *cLibrary {
	t.Helper()
	python := ""
	for _, p := range []string{"python3", "/usr/bin/python3"} {
		if exec.Command(p, "-c", "import blosc").Run() == nil {
			python = p
			break
		}
	}
	if python == "" {
		const reason = "NOT CHECKED against the C library: no python3 that can import blosc (Debian: python3-blosc)"
		if os.Getenv("CI") != "" {
			t.Fatal(reason)
		}
		t.Skip(reason)
	}
	cmd := exec.Command(python, "testdata/clibrary.py")
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := in.Close(); err != nil {
			t.Error(err)
		}
		if rest, err := io.ReadAll(out); err != nil || len(rest) > 0 {
			t.Errorf("Python also wrote %q, %v", rest, err)
		}
		if err := cmd.Wait(); err != nil {
			t.Error(err)
		}
	})
	return &cLibrary{requests: in, replies: bufio.NewReader(out)}
}

func (c *cLibrary) decompress(chunk []byte) ([]byte, error) {
	return c.ask(struct {
		Bytes int `json:"bytes"`
	}{len(chunk)}, chunk)
}

func (c *cLibrary) compress(src []byte, args compression) ([]byte, error) {
	return c.ask(struct {
		Bytes int `json:"bytes"`
		compression
	}{len(src), args}, src)
}

func (c *cLibrary) ask(request any, data []byte) ([]byte, error) {
	line, err := json.Marshal(request)
	if err != nil {
		return nil, err
	}
	if _, err := c.requests.Write(slices.Concat(line, []byte("\n"), data)); err != nil {
		return nil, err
	}
	if line, err = c.replies.ReadBytes('\n'); err != nil {
		return nil, fmt.Errorf("no reply from Python: %w", err)
	}
	var reply struct {
		Bytes int
		Error string
	}
	if err := json.Unmarshal(line, &reply); err != nil {
		return nil, err
	}
	if reply.Error != "" {
		return nil, errors.New(reply.Error)
	}
	data = make([]byte, reply.Bytes)
	_, err = io.ReadFull(c.replies, data)
	return data, err
}
