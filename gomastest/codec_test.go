package gomastest_test

import (
	"testing"

	"github.com/gomas/gomas/codec/blosc"
	"github.com/gomas/gomas/codec/json"
	"github.com/gomas/gomas/codec/msgpack"
	"github.com/gomas/gomas/gomastest"
)

func TestJSON(t *testing.T) {
	gomastest.Codec(t, json.Codec{}, gomastest.CodecOptions{NoBytes: true, TextKeys: true})
}

func TestMsgPack(t *testing.T) {
	gomastest.Codec(t, msgpack.Codec{}, gomastest.CodecOptions{NoBig: true})
}

func TestBlosc(t *testing.T) {
	gomastest.Codec(t, blosc.Codec{}, gomastest.CodecOptions{NoBig: true})
}
