package turn

import (
	"testing"
	"unsafe"
)

// TestAnEndWithOneWaitIsSmall guards the memory of very many of them: the next
// size that the allocator has is larger by 16 bytes.
func TestAnEndWithOneWaitIsSmall(t *testing.T) {
	if n := unsafe.Sizeof(ending{}); n > 32 {
		t.Errorf("an end with one wait takes %d bytes", n)
	}
}
