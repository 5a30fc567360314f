// Package stack prepares the stacks of goroutines, and looks into them.
package stack

// Grow makes room on the stack of a goroutine that has just begun, at once and
// while there is nothing on it that would have to be moved. Handling a request
// needs more than the two kilobytes of a new goroutine; growing on the way took
// a fifth of the time of all calls.
//
//go:noinline
func Grow() byte {
	var room [4 << 10]byte
	return room[len(unknown)]
}

var unknown string // always empty, which the compiler cannot know
