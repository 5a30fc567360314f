package stack_test

import (
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/gomas/gomas/internal/stack"
)

func TestGoroutinesHaveNumbersOfTheirOwnWhichDoNotChange(t *testing.T) {
	var mu sync.Mutex
	seen := map[uint64]bool{0: true}
	var wg sync.WaitGroup
	for range 100 {
		wg.Go(func() {
			n := stack.Goroutine()
			if again := deep(100, stack.Goroutine); again != n {
				t.Errorf("%d is %d deep in its stack", n, again)
			}
			mu.Lock()
			defer mu.Unlock()
			if seen[n] {
				t.Errorf("%d twice", n)
			}
			seen[n] = true
		})
	}
	wg.Wait()
}

//go:noinline
func deep[T any](n int, fn func() T) T {
	if n == 0 {
		return fn()
	}
	return deep(n-1, fn)
}

//go:noinline
func waitHere(n chan uint64, end chan bool) {
	n <- stack.Goroutine()
	<-end
}

func TestTheStacksOfOtherGoroutinesAreFound(t *testing.T) {
	end := make(chan bool)
	defer close(end)
	wanted := map[uint64]bool{1 << 60: true} // there is none
	for i := range 500 {                     // more text than one reads at first
		n := make(chan uint64)
		go waitHere(n, end)
		if g := <-n; i%100 == 99 {
			wanted[g] = true
		}
	}
	got := stack.Of(wanted)
	for g, trace := range got {
		if !wanted[g] || !strings.Contains(trace, "waitHere") || strings.Count(trace, "\ngoroutine ") > 0 {
			t.Errorf("goroutine %d: %s", g, trace)
		}
	}
	if len(got) != 5 {
		t.Errorf("%d of 5", len(got))
	}
}

func TestGoroutinesThatHaveEndedAreNotCounted(t *testing.T) {
	const many = 10_000
	var running sync.WaitGroup
	end := make(chan bool)
	for range many {
		running.Go(func() { <-end })
	}
	if n := stack.Count(); n < many {
		t.Errorf("%d goroutines, and %d were started", n, many)
	}
	close(end)
	running.Wait()
	// The memory of their stacks is given back by collections.
	collected := make(chan bool)
	go func() {
		defer close(collected)
		for range 5 {
			runtime.GC()
		}
	}()
	for over := false; !over; {
		if n := stack.Count(); n > many/10 { // those of other tests may go on
			t.Errorf("%d goroutines, and none was left", n)
		}
		select {
		case <-collected:
			over = true
		default:
		}
	}
}

func TestAFunctionIsFoundOnTheStackHoweverDeep(t *testing.T) {
	const name = "github.com/gomas/gomas/internal/stack_test.mark"
	for _, depth := range []int{0, 1, 50, 60, 61, 62, 63, 64, 65, 70, 1000} {
		in := func() bool { return stack.Inside(name) }
		if !mark(func() bool { return deep(depth, in) }) {
			t.Errorf("not found at depth %d", depth)
		}
		if deep(depth, in) {
			t.Errorf("found at depth %d where it is not", depth)
		}
	}
	other := make(chan bool)
	mark(func() bool {
		go func() { other <- stack.Inside(name) }()
		if <-other {
			t.Error("found in a goroutine that it has started")
		}
		return true
	})
}

//go:noinline
func mark(fn func() bool) bool { return fn() }

func BenchmarkGoroutine(b *testing.B) {
	for b.Loop() {
		stack.Goroutine()
	}
}
