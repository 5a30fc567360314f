package world

import (
	"testing"
	"unsafe"
)

// TestATaskThatWaitsIsSmall guards the memory of very many of them: the next
// sizes that the allocator has are larger by 16 and 8 bytes.
func TestATaskThatWaitsIsSmall(t *testing.T) {
	if n := unsafe.Sizeof(task{}); n > 144 {
		t.Errorf("a task takes %d bytes", n)
	}
	if n := unsafe.Sizeof(worker{}); n > 24 {
		t.Errorf("a worker takes %d bytes", n)
	}
}
