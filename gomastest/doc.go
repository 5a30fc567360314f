// Package gomastest holds conformance suites: tests that you run against your
// own implementation of one of gomas's interfaces, in a test of your own.
//
//	func TestMyCodec(t *testing.T) {
//		gomastest.Codec(t, mycodec.Codec{}, gomastest.CodecOptions{NoBig: true})
//	}
//
// Each subtest is named by a sentence that the implementation must make true.
// Run them with the race detector on, too.
//
// It also helps to test agents: [Sequence] compares what they have said to each
// other, in a local network, with what they were to say.
package gomastest
