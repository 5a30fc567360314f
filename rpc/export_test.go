package rpc

import "math"

// Quicken makes the functions of a contract known as quick, until one waits, or as
// not.
func Quicken(text string, quick bool) {
	c, err := contractOf(text)
	if err != nil {
		panic(err)
	}
	score := int32(longScore)
	if quick {
		score = math.MaxInt32
	}
	c.pace.score.Store(score)
}

// IsQuick reports whether the functions of a contract are known as quick.
func IsQuick(text string) bool {
	c, err := contractOf(text)
	if err != nil {
		panic(err)
	}
	return c.pace.quick()
}
