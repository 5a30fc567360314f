//go:build !race

package local_test

// raceEnabled says that the tests are slow.
const raceEnabled = false
