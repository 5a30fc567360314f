package json_test

import (
	stdjson "encoding/json"
	"strings"
	"testing"

	"github.com/gomas/gomas/codec"
	"github.com/gomas/gomas/codec/json"
)

func BenchmarkCall(b *testing.B) {
	x, y := 3, 4
	call := &codec.Call{Service: "math", Name: "add", Args: []any{&x, &y}}
	c := json.Codec{}
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
	b.Run("scan message", func(b *testing.B) {
		for b.Loop() {
			c.ScanMessage(message)
		}
	})
}

type order struct {
	ID       int               `json:"id"`
	Customer string            `json:"customer"`
	Paid     bool              `json:"paid"`
	Total    float64           `json:"total"`
	Tags     []string          `json:"tags"`
	Address  *address          `json:"address"`
	Items    []item            `json:"items"`
	Extra    map[string]string `json:"extra,omitempty"`
}

type address struct {
	Street, City, Country string
	Zip                   int `json:"zip"`
}

type item struct {
	Name   string    `json:"name"`
	Price  float64   `json:"price"`
	Count  int64     `json:"count"`
	Series []float64 `json:"series"`
}

// document is about one kilobyte.
func document() order {
	o := order{
		ID: 4711, Customer: "Müller & Söhne GmbH", Paid: true, Total: 1234.56,
		Tags:    []string{"urgent", "wind", "virtual power plant"},
		Address: &address{"Ammerländer Heerstraße 121", "Oldenburg", "Germany", 26129},
		Extra:   map[string]string{"note": "deliver to the back door", "phone": "+49 441 0000"},
	}
	for i := range 6 {
		o.Items = append(o.Items, item{"turbine blade, large", 17.25 * float64(i+1), int64(i * 1000), []float64{0.5, 1.25, 3.875, 12.1, 1e-3}})
	}
	return o
}

func BenchmarkDocument(b *testing.B) {
	doc := document()
	c := json.Codec{}
	text, err := c.Append(nil, &doc, nil)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("encode", func(b *testing.B) {
		b.SetBytes(int64(len(text)))
		b.ReportAllocs()
		var buf []byte
		for b.Loop() {
			buf, _ = c.Append(buf[:0], &doc, nil)
		}
	})
	b.Run("encode by the standard library", func(b *testing.B) {
		b.SetBytes(int64(len(text)))
		b.ReportAllocs()
		for b.Loop() {
			_, _ = stdjson.Marshal(&doc)
		}
	})
	b.Run("decode", func(b *testing.B) {
		b.SetBytes(int64(len(text)))
		b.ReportAllocs()
		for b.Loop() {
			var o order
			if err := c.Parse(text, &o, nil); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("decode by the standard library", func(b *testing.B) {
		b.SetBytes(int64(len(text)))
		b.ReportAllocs()
		for b.Loop() {
			var o order
			if err := stdjson.Unmarshal(text, &o); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("decode into any", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			var x any
			if err := c.Parse(text, &x, nil); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("decode into any by the standard library", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			var x any
			if err := stdjson.Unmarshal(text, &x); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("skip", func(b *testing.B) {
		b.SetBytes(int64(len(text)))
		for b.Loop() {
			var raw codec.Raw
			if err := c.Parse(text, &raw, nil); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkText(b *testing.B) {
	c := json.Codec{}
	for name, s := range map[string]string{"ASCII": strings.Repeat("the quick brown fox ", 500), "German": strings.Repeat("größere Bäume ", 700)} {
		text, err := c.Append(nil, s, nil)
		if err != nil {
			b.Fatal(err)
		}
		b.Run("encode "+name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			buf := make([]byte, 0, 2*len(text))
			for b.Loop() {
				buf, _ = c.Append(buf[:0], &s, nil)
			}
		})
		b.Run("decode "+name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			var out string
			for b.Loop() {
				_ = c.Parse(text, &out, nil)
			}
		})
		b.Run("scan "+name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			var raw codec.Raw
			for b.Loop() {
				_ = c.Parse(text, &raw, nil)
			}
		})
	}
}

func BenchmarkFloats(b *testing.B) {
	c := json.Codec{}
	list := make([]float64, 1000)
	for i := range list {
		list[i] = float64(i) * 1.1
	}
	text, err := c.Append(nil, list, nil)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("encode", func(b *testing.B) {
		b.SetBytes(int64(len(text)))
		for b.Loop() {
			text, _ = c.Append(text[:0], &list, nil)
		}
	})
	b.Run("decode", func(b *testing.B) {
		b.SetBytes(int64(len(text)))
		b.ReportAllocs()
		for b.Loop() {
			_ = c.Parse(text, &list, nil)
		}
	})
	b.Run("decode by the standard library", func(b *testing.B) {
		b.SetBytes(int64(len(text)))
		for b.Loop() {
			_ = stdjson.Unmarshal(text, &list)
		}
	})
}
