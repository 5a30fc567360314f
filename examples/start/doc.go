// Package start is the programs of docs/getting-started.md, each in a folder of
// its own, and the test that runs them.
package start
