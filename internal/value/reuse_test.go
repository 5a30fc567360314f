package value_test

import (
	"reflect"
	"testing"

	"github.com/gomas/gomas/codec"
)

func TestMemoryThatAListReusesHoldsNothingOfBefore(t *testing.T) {
	type part struct {
		A, B int
		M    map[string]string
		P    *int
	}
	each(t, func(t *testing.T, c codec.Codec) {
		// More items come than there is memory for at first.
		sent := []map[string]int{{"A": 3}, {"B": 4}}
		want := []part{{A: 3}, {B: 4}}
		for range 100 {
			sent, want = append(sent, map[string]int{}), append(want, part{})
		}
		got := make([]part, 5)
		for i := range got {
			got[i] = part{1, 2, map[string]string{"x": "y"}, pointer(1)}
		}
		got = got[:3]
		if err := c.Parse(encode(t, c, sent, nil), &got, nil); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("got %v, %v", got, err)
		}
	})
}
