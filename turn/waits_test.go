package turn

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestAListOfWaitsIsWhatWasAddedAndNotRemovedInOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var list waits
		var model []Wait
		next := uint64(1)
		for range rapid.IntRange(0, 300).Draw(t, "steps") {
			if rapid.IntRange(0, 2).Draw(t, "what") > 0 || len(model) == 0 {
				w := Wait{n: next}
				next++
				list.add(w)
				model = append(model, w)
				continue
			}
			i := rapid.IntRange(0, len(model)-1).Draw(t, "which")
			list.remove(model[i])
			list.remove(model[i]) // nothing
			model = slices.Delete(model, i, i+1)
		}
		got := slices.DeleteFunc(slices.Clone(list.list), func(w Wait) bool { return w == Wait{} })
		if !slices.Equal(got, model) || list.n != len(model) {
			t.Fatalf("%d: %v, want %v", list.n, got, model)
		}
		if len(list.list) > 2*len(model)+short+1 {
			t.Fatalf("%d places for %d", len(list.list), len(model))
		}
	})
}
