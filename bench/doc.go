// Package bench compares gomas with other libraries on the same work. It is a
// module of its own, so that their weight stays out of gomas. See README.md.
package bench
