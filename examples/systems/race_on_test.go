//go:build race

package systems_test

// raceEnabled says that the tests are slow.
const raceEnabled = true
