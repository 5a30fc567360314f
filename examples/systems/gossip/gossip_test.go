package gossip

import (
	"math"
	"testing"

	"pgregory.net/rapid"

	"github.com/gomas/gomas/rpc"
)

func TestTheRateOfACycleOfSixteen(t *testing.T) {
	if math.Abs(Rate()-0.949253) > 5e-7 {
		t.Error(Rate())
	}
}

func TestAStepKeepsTheMeanInAnyGraph(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(2, 8).Draw(t, "n")
		know := make([][]bool, n)
		for i := range know {
			know[i] = make([]bool, n)
		}
		degree := make([]int, n)
		for i := range n {
			for j := range i {
				if rapid.Bool().Draw(t, "know") {
					know[i][j], know[j][i] = true, true
					degree[i]++
					degree[j]++
				}
			}
		}
		values := rapid.SliceOfN(rapid.Float64Range(-100, 100), n, n).Draw(t, "values")
		before, after := 0.0, 0.0
		for i, v := range values {
			node := Node{value: v, neighbours: make([]rpc.Remote, degree[i])}
			var heard []Value
			for j, known := range know[i] {
				if known {
					heard = append(heard, Value{Degree: degree[j], Value: values[j]})
				}
			}
			node.step(heard)
			before += v
			after += node.value
		}
		if math.Abs(before-after) > 1e-9 {
			t.Errorf("the sum was %v and is %v", before, after)
		}
	})
}
