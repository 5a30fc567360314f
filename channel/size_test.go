package channel

import (
	"testing"
	"unsafe"
)

// TestACallThatWaitsIsSmall guards the memory of very many of them: the next size
// that the allocator has is larger by 16 bytes.
func TestACallThatWaitsIsSmall(t *testing.T) {
	if n := unsafe.Sizeof(call{}); n > 96 {
		t.Errorf("a call takes %d bytes", n)
	}
}
