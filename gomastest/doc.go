// Package gomastest holds conformance suites: tests that you run against your
// own implementation of one of gomas's interfaces, in a test of your own.
//
//	func TestMyCodec(t *testing.T) {
//		gomastest.Codec(t, mycodec.Codec{}, gomastest.CodecOptions{NoBig: true})
//	}
//
// Each subtest is named by a sentence that the implementation must make true.
// Run them with the race detector on, too.
package gomastest
