package backoff_test

import (
	"testing"
	"time"

	"github.com/gomas/gomas/internal/backoff"
)

func TestPausesGrowToALimitAndDiffer(t *testing.T) {
	var b backoff.Backoff
	first := b.Next(nil)
	if first < backoff.First*3/4 || first > backoff.First*5/4 {
		t.Errorf("the first pause is %v", first)
	}
	var pauses [50]time.Duration
	for i := range pauses {
		pauses[i] = b.Next(nil)
		if pauses[i] > backoff.Longest*5/4 {
			t.Errorf("pause %v", pauses[i])
		}
	}
	if last := pauses[49]; last < backoff.Longest*3/4 {
		t.Errorf("after fifty failures the pause is only %v", last)
	}
	if pauses[47] == pauses[48] && pauses[48] == pauses[49] {
		t.Error("no jitter")
	}
	b.Reset()
	if again := b.Next(nil); again > backoff.First*5/4 {
		t.Errorf("after a success it begins with %v", again)
	}
}
