package blosc

import (
	"bufio"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
)

// recorded is a chunk that the C library made.
type recorded struct {
	Name   string
	Header struct{ Flags, TypeSize, NBytes, BlockSize, CBytes int }
	Raw    hexBytes
	Chunk  hexBytes
}

type hexBytes []byte

func (b *hexBytes) UnmarshalText(text []byte) (err error) {
	*b, err = hex.DecodeString(string(text))
	return err
}

// readRecorded reads a file of JSON lines: chunks.jsonl has one of each kind,
// messages.jsonl the payloads of recorded connections.
func readRecorded(t testing.TB, file string) []recorded {
	t.Helper()
	f, err := os.Open("testdata/" + file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var all []recorded
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var r recorded
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			t.Fatal(err)
		}
		all = append(all, r)
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

// boundaries are the sizes around which something changes.
var boundaries = []int{
	0, 1, 7, 8, 9, 127, 128, 129, 255, 256, 1000, 1023, 1024, 1025, 4095, 4096, 4097, 65535, 65536,
	maxBlock - 9, maxBlock - 1, maxBlock, maxBlock + 1, 2*maxBlock + 7, 1<<20 - 1, 1 << 20, 1<<20 + 1,
}

// kinds makes one message of the given size of each kind of data, always the
// same.
var kinds = map[string]func(size int) []byte{
	"zeros":   func(size int) []byte { return make([]byte, size) },
	"text":    func(size int) []byte { return []byte(strings.Repeat(traceback, size/len(traceback)+1)[:size]) },
	"records": func(size int) []byte { return generate(size, record) },
	"random": func(size int) []byte {
		noise := rand.New(rand.NewPCG(1, 2))
		return generate(size, func(b []byte, _ int) []byte { return append(b, byte(noise.Uint64())) })
	},
	"floats": func(size int) []byte {
		return generate(size, func(b []byte, i int) []byte {
			return float(b, 20+math.Round(1000*math.Sin(float64(i)/20))/100)
		})
	},
	"measurements": func(size int) []byte {
		noise := rand.New(rand.NewPCG(1, 2))
		return generate(size, func(b []byte, _ int) []byte { return float(b, 100*noise.Float64()) })
	},
	"array in a bin": func(size int) []byte {
		return generate(size, func(b []byte, i int) []byte {
			return binary.LittleEndian.AppendUint64(b, math.Float64bits(math.Sin(float64(i)/200)))
		})
	},
	"32-bit integers": func(size int) []byte {
		noise := rand.New(rand.NewPCG(1, 2))
		return generate(size, func(b []byte, _ int) []byte {
			return binary.BigEndian.AppendUint32(append(b, 0xce), 70000+noise.Uint32N(50000))
		})
	},
	"random after text": func(size int) []byte {
		text := strings.Repeat(traceback, size/2/len(traceback)+1)
		noise := rand.New(rand.NewPCG(1, 2))
		return generate(size, func(b []byte, i int) []byte {
			if i < len(text) {
				return append(b, text[i])
			}
			return append(b, byte(noise.Uint64()))
		})
	},
}

const traceback = "Traceback (most recent call last):\n" +
	"  File \"/opt/demo/plant.py\", line 156, in update\n" +
	"    return self._schedules[agent].power(at)\n" +
	"KeyError: 'agents/3'\n"

func generate(size int, item func(b []byte, i int) []byte) []byte {
	var b []byte
	for i := 0; len(b) < size; i++ {
		b = item(b, i)
	}
	return b[:size:size]
}

// record appends a small MsgPack map.
func record(b []byte, i int) []byte {
	aid := fmt.Sprintf("agent_%d", i)
	b = append(b, 0x83, 0xa3, 'a', 'i', 'd', 0xa0|byte(len(aid)))
	b = append(b, aid...)
	b = float(append(b, 0xa1, 'p'), 1.5*float64(i))
	return binary.BigEndian.AppendUint16(append(b, 0xa1, 'q', 0xcd), uint16(7*i))
}

func float(b []byte, v float64) []byte {
	return binary.BigEndian.AppendUint64(append(b, 0xcb), math.Float64bits(v))
}
