package election

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestMessagesOfTheBestAndTheWorstArrangement(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 40).Draw(t, "n")
		numbers := make([]int, n)
		for i := range numbers {
			numbers[i] = i
		}
		if got := Messages(numbers); got != 2*n-1 {
			t.Errorf("ascending: %d", got)
		}
		drawn := Messages(rapid.Permutation(numbers).Draw(t, "numbers"))
		slices.Reverse(numbers)
		worst := Messages(numbers)
		if worst != n*(n+1)/2 {
			t.Errorf("descending: %d", worst)
		}
		if drawn < 2*n-1 || drawn > worst {
			t.Errorf("shuffled: %d", drawn)
		}
	})
}
