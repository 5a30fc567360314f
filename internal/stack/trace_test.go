package stack_test

import (
	"strings"
	"testing"

	"github.com/gomas/gomas/internal/stack"
)

//go:noinline
func fall(values []int, i int) int { return values[i] }

func TestTheTraceOfAPanicShowsWhatLedToItAndIsTheSameEachTime(t *testing.T) {
	trace := func() (text string) {
		defer func() {
			_ = recover()
			text = stack.Trace()
		}()
		return string(rune(fall(nil, 3)))
	}
	var traces []string
	for range 2 {
		done := make(chan string)
		go func() { done <- trace() }()
		traces = append(traces, <-done)
	}
	first, _, _ := strings.Cut(traces[0], "\n")
	if first != "github.com/gomas/gomas/internal/stack_test.fall" || !strings.Contains(traces[0], "trace_test.go:11") {
		t.Errorf("it begins with %s:\n%s", first, traces[0])
	}
	if traces[0] != traces[1] || strings.Contains(traces[0], "0x") || strings.Contains(traces[0], "goroutine") {
		t.Errorf("it differs:\n%s\n%s", traces[0], traces[1])
	}
}

func TestTheTraceOfCodeThatDoesNotPanicBeginsWithIt(t *testing.T) {
	if first, _, _ := strings.Cut(stack.Trace(), "\n"); !strings.HasSuffix(first, "TestTheTraceOfCodeThatDoesNotPanicBeginsWithIt") {
		t.Error(first)
	}
}
