//go:build race

package rpc_test

// manyCalls is how many calls are under way at once. The race detector gives
// up at 8128 goroutines, of which each call has two.
const manyCalls = 3_000
