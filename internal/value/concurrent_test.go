package value_test

import (
	"reflect"
	"sync"
	"testing"

	"github.com/gomas/gomas/codec"
)

func TestTypesThatReferToEachOtherCanBeMetAtOnce(t *testing.T) {
	type leaf struct{ V int }
	type tree struct {
		Leaf     leaf
		Children []*tree
		ByName   map[string]*tree
	}
	want := tree{leaf{1}, []*tree{{Leaf: leaf{2}}}, map[string]*tree{"a": {Leaf: leaf{3}}}}
	each(t, func(t *testing.T, c codec.Codec) {
		var all sync.WaitGroup
		for i := range 16 {
			all.Go(func() {
				if i%2 == 0 {
					if _, err := c.Append(nil, want.Children, nil); err != nil {
						t.Error(err)
					}
				}
				b, err := c.Append(nil, want, nil)
				if err != nil {
					t.Error(err)
				}
				var got tree
				if err := c.Parse(b, &got, nil); err != nil || !reflect.DeepEqual(got, want) {
					t.Errorf("%v, %v", got, err)
				}
			})
		}
		all.Wait()
	})
}
