package msgpack_test

import (
	"strings"
	"testing"

	"github.com/gomas/gomas/codec"
	"github.com/gomas/gomas/codec/msgpack"
)

func BenchmarkCall(b *testing.B) {
	x, y := 3, 4
	call := &codec.Call{Service: "math", Name: "add", Args: []any{&x, &y}}
	c := msgpack.Codec{}
	message, err := c.AppendMessage(nil, codec.Header{ID: 12345}, call, nil)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("encode", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			message, _ = c.AppendMessage(message[:0], codec.Header{ID: 12345}, call, nil)
		}
	})
	dst := []any{&x, &y}
	b.Run("decode", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_, content, _ := c.ScanMessage(message)
			_, args, _, _ := c.ScanCall(content)
			if n, err := c.ParseArgs(args, dst, nil); n != 2 || err != nil {
				b.Fatal(n, err)
			}
		}
	})
}

type order struct {
	ID       int               `msgpack:"id"`
	Customer string            `msgpack:"customer"`
	Paid     bool              `msgpack:"paid"`
	Total    float64           `msgpack:"total"`
	Tags     []string          `msgpack:"tags"`
	Items    []item            `msgpack:"items"`
	Extra    map[string]string `msgpack:"extra,omitempty"`
}

type item struct {
	Name   string    `msgpack:"name"`
	Price  float64   `msgpack:"price"`
	Count  int64     `msgpack:"count"`
	Series []float64 `msgpack:"series"`
}

func BenchmarkDocument(b *testing.B) {
	doc := order{
		ID: 4711, Customer: "Müller & Söhne GmbH", Paid: true, Total: 1234.56,
		Tags:  []string{"urgent", "wind", "virtual power plant"},
		Extra: map[string]string{"note": strings.Repeat("deliver to the back door ", 5)},
	}
	for i := range 6 {
		doc.Items = append(doc.Items, item{"turbine blade, large", 17.25 * float64(i+1), int64(i * 1000), []float64{0.5, 1.25, 3.875, 12.1, 1e-3}})
	}
	c := msgpack.Codec{}
	packed, err := c.Append(nil, &doc, nil)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("encode", func(b *testing.B) {
		b.SetBytes(int64(len(packed)))
		b.ReportAllocs()
		for b.Loop() {
			packed, _ = c.Append(packed[:0], &doc, nil)
		}
	})
	b.Run("decode", func(b *testing.B) {
		b.SetBytes(int64(len(packed)))
		b.ReportAllocs()
		for b.Loop() {
			var o order
			if err := c.Parse(packed, &o, nil); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("decode into any", func(b *testing.B) {
		b.SetBytes(int64(len(packed)))
		b.ReportAllocs()
		for b.Loop() {
			var x any
			if err := c.Parse(packed, &x, nil); err != nil {
				b.Fatal(err)
			}
		}
	})
}
