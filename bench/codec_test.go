package bench

import (
	"encoding/json"
	"reflect"
	"testing"

	jsonv2 "github.com/go-json-experiment/json"
	vmihailenco "github.com/vmihailenco/msgpack/v5"

	"github.com/gomas/gomas/codec"
	"github.com/gomas/gomas/codec/blosc"
	gomasjson "github.com/gomas/gomas/codec/json"
	gomasmsgpack "github.com/gomas/gomas/codec/msgpack"
)

// format is a way to encode and decode, by whichever library. encode may use
// the memory of dst.
type format struct {
	name   string
	encode func(dst []byte, v any) ([]byte, error)
	decode func(src []byte, v any) error
}

func gomas(name string, c codec.Codec) format {
	return format{
		name,
		func(dst []byte, v any) ([]byte, error) { return c.Append(dst[:0], v, nil) },
		func(src []byte, v any) error { return c.Parse(src, v, nil) },
	}
}

func allocating(name string, encode func(any) ([]byte, error), decode func([]byte, any) error) format {
	return format{name, func(_ []byte, v any) ([]byte, error) { return encode(v) }, decode}
}

var formats = []format{
	allocating("JSON-encoding∕json", json.Marshal, json.Unmarshal),
	allocating("JSON-go-json-experiment",
		func(v any) ([]byte, error) { return jsonv2.Marshal(v) },
		func(src []byte, v any) error { return jsonv2.Unmarshal(src, v) }),
	gomas("JSON-gomas", gomasjson.Codec{}),
	allocating("MsgPack-vmihailenco", vmihailenco.Marshal, vmihailenco.Unmarshal),
	gomas("MsgPack-gomas", gomasmsgpack.Codec{}),
	packed(),
}

// packed is MsgPack in one Blosc chunk for each value.
func packed() format {
	var c blosc.Codec
	var message []byte
	return format{
		"Blosc-gomas",
		func(dst []byte, v any) ([]byte, error) {
			var err error
			if message, err = c.Append(message[:0], v, nil); err != nil {
				return nil, err
			}
			return c.Pack(dst[:0], message)
		},
		func(src []byte, v any) error {
			var err error
			if message, err = c.Unpack(message[:0], src, 1<<24); err != nil {
				return err
			}
			return c.Parse(message, v, nil)
		},
	}
}

// benchmark measures all formats on one value, which v points to.
func benchmark[T any](b *testing.B, v *T) {
	for _, f := range formats {
		src, err := f.encode(nil, v)
		if err != nil {
			b.Fatal(err)
		}
		var back T
		if err := f.decode(src, &back); err != nil || !reflect.DeepEqual(&back, v) {
			b.Fatalf("%s: %v comes back as %v, %v", f.name, *v, back, err)
		}
		b.Run("encode/"+f.name, func(b *testing.B) {
			b.ReportAllocs()
			dst := src
			for b.Loop() {
				if dst, err = f.encode(dst, v); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(len(dst)), "bytes")
		})
		b.Run("decode/"+f.name, func(b *testing.B) {
			b.ReportAllocs()
			src := append([]byte{}, src...)
			for b.Loop() {
				var back T
				if err := f.decode(src, &back); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(len(src)), "bytes")
		})
	}
}

func BenchmarkDocument(b *testing.B) { benchmark(b, NewDocument(0)) }

func BenchmarkSchedule(b *testing.B) {
	v := Schedule()
	benchmark(b, &v)
}

func BenchmarkText(b *testing.B) {
	v := Text(64 << 10)
	benchmark(b, &v)
}

// BenchmarkScan goes over a long text that stays undecoded, as a connection
// does with the content of messages that it routes.
func BenchmarkScan(b *testing.B) {
	text := Text(64 << 10)
	for _, c := range []codec.Enveloper{gomasjson.Codec{}, gomasmsgpack.Codec{}} {
		message, err := c.AppendMessage(nil, codec.Header{ID: 1}, &text, nil)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(c.(codec.Codec).Name(), func(b *testing.B) {
			b.SetBytes(int64(len(message)))
			b.ReportAllocs()
			for b.Loop() {
				if _, _, err := c.ScanMessage(message); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkCall writes and scans the envelope of a call with two integers;
// parse scans it and parses the integers, too.
func BenchmarkCall(b *testing.B) {
	x, y := 3, 4
	call := &codec.Call{Service: "math", Name: "add", Args: []any{&x, &y}}
	dst := []any{&x, &y}
	for _, c := range []codec.Enveloper{gomasjson.Codec{}, gomasmsgpack.Codec{}} {
		message, err := c.AppendMessage(nil, codec.Header{ID: 12345}, call, nil)
		if err != nil {
			b.Fatal(err)
		}
		name := c.(codec.Codec).Name()
		b.Run("encode/"+name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if message, err = c.AppendMessage(message[:0], codec.Header{ID: 12345}, call, nil); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run("scan/"+name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_, content, err := c.ScanMessage(message)
				if err != nil {
					b.Fatal(err)
				}
				if _, _, _, err := c.ScanCall(content); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run("parse/"+name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_, content, err := c.ScanMessage(message)
				if err != nil {
					b.Fatal(err)
				}
				_, args, _, err := c.ScanCall(content)
				if err != nil {
					b.Fatal(err)
				}
				if n, err := c.ParseArgs(args, dst, nil); n != 2 || err != nil {
					b.Fatal(n, err)
				}
			}
		})
	}
}

// BenchmarkBlosc packs and unpacks whole messages; the speed is that of the
// message, not of the chunk.
func BenchmarkBlosc(b *testing.B) {
	var c blosc.Codec
	ten := make([]*Document, 10)
	for i := range ten {
		ten[i] = NewDocument(i)
	}
	for _, content := range []struct {
		name string
		v    any
	}{
		{"one document", NewDocument(0)},
		{"ten documents", ten},
		{"a schedule", Schedule()},
		{"10 000 floats", measured(10_000, 1)},
		{"64 kB of text", Text(64 << 10)},
	} {
		message, err := c.AppendMessage(nil, codec.Header{ID: 1}, content.v, nil)
		if err != nil {
			b.Fatal(err)
		}
		chunk, err := c.Pack(nil, message)
		if err != nil {
			b.Fatal(err)
		}
		b.Run("pack/"+content.name, func(b *testing.B) {
			b.SetBytes(int64(len(message)))
			b.ReportAllocs()
			for b.Loop() {
				if chunk, err = c.Pack(chunk[:0], message); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(100*float64(len(chunk))/float64(len(message)), "%size")
		})
		b.Run("unpack/"+content.name, func(b *testing.B) {
			b.SetBytes(int64(len(message)))
			b.ReportAllocs()
			for b.Loop() {
				if message, err = c.Unpack(message[:0], chunk, 1<<24); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
