package bench

import "strings"

// Document is what a program of the kind that gomas is for might send: about
// 1 kB in JSON.
type Document struct {
	ID       int               `json:"id" msgpack:"id"`
	Customer string            `json:"customer" msgpack:"customer"`
	Paid     bool              `json:"paid" msgpack:"paid"`
	Total    float64           `json:"total" msgpack:"total"`
	Tags     []string          `json:"tags" msgpack:"tags"`
	Address  *Address          `json:"address" msgpack:"address"`
	Items    []Item            `json:"items" msgpack:"items"`
	Extra    map[string]string `json:"extra,omitempty" msgpack:"extra,omitempty"`
}

// Address is a part of a Document.
type Address struct {
	Street  string `json:"street" msgpack:"street"`
	City    string `json:"city" msgpack:"city"`
	Country string `json:"country" msgpack:"country"`
	Zip     int    `json:"zip" msgpack:"zip"`
}

// Item is a part of a Document.
type Item struct {
	Name   string    `json:"name" msgpack:"name"`
	Price  float64   `json:"price" msgpack:"price"`
	Count  int64     `json:"count" msgpack:"count"`
	Series []float64 `json:"series" msgpack:"series"`
}

// NewDocument returns a Document with something in every field, another one for
// each number.
func NewDocument(number int) *Document {
	d := &Document{
		ID: 4711 + number, Customer: "Müller & Söhne GmbH", Paid: true, Total: 1234.56 * float64(1+number),
		Tags:    []string{"urgent", "wind", "virtual power plant"},
		Address: &Address{"Ammerländer Heerstraße 121", "Oldenburg", "Germany", 26129},
		Extra:   map[string]string{"note": "deliver to the back door", "phone": "+49 441 0000"},
	}
	for i := range 8 {
		d.Items = append(d.Items, Item{"turbine blade, large", 17.25 * float64(i+1), int64((number + i) * 1000), measured(5, 100*number+i)})
	}
	return d
}

// Schedule returns what an agent might plan for a day: one power for each
// quarter of an hour, in kW with two decimals.
func Schedule() []float64 { return measured(96, 1) }

// Text returns n bytes of words in no order, most of them short.
func Text(n int) string {
	words := strings.Fields("the a of to wind plant power and is agent schedule in for one largest with frequency reserve day quarter")
	var b strings.Builder
	for r := draw(1); b.Len() < n; {
		b.WriteString(words[r.next(len(words))])
		b.WriteByte(' ')
	}
	return b.String()[:n]
}

// measured returns n numbers with two decimals.
func measured(n, seed int) []float64 {
	r := draw(seed)
	values := make([]float64, n)
	for i := range values {
		values[i] = float64(r.next(100_000)) / 100
	}
	return values
}

// draw is a linear congruential generator: the same numbers on every machine.
type draw uint64

func (d *draw) next(n int) int {
	*d = *d*6364136223846793005 + 1442695040888963407
	return int(uint64(*d) >> 33 % uint64(n))
}
