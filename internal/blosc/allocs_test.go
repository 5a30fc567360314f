//go:build !race

// Under the race detector a sync.Pool forgets at random.

package blosc

import "testing"

func TestDecodeAllocatesNothingInTheLongRun(t *testing.T) {
	for _, r := range readRecorded(t, "chunks.jsonl") {
		dst := make([]byte, 0, len(r.Raw))
		n := testing.AllocsPerRun(20, func() {
			if _, err := Decode(dst, r.Chunk, testLimit); err != nil {
				t.Error(err)
			}
		})
		if n >= 1 {
			t.Errorf("%s: %v allocations", r.Name, n)
		}
	}
}

func TestAppendAllocatesNothingInTheLongRun(t *testing.T) {
	for name, kind := range kinds {
		for _, size := range []int{100, 1000, 2*maxBlock + 7} {
			src := kind(size)
			dst := make([]byte, 0, headerSize+size)
			n := testing.AllocsPerRun(20, func() {
				if _, err := Append(dst, src); err != nil {
					t.Error(err)
				}
			})
			if n >= 1 {
				t.Errorf("%d bytes of %s: %v allocations", size, name, n)
			}
		}
	}
}
