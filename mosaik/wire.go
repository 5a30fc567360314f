package mosaik

import (
	"github.com/gomas/gomas/channel"
	"github.com/gomas/gomas/codec"
	"github.com/gomas/gomas/codec/json"
	"github.com/gomas/gomas/rpc"
)

// format is how values travel.
var format = json.Codec{}

// Wire returns the settings with which both sides of mosaik's protocol speak it,
// for those who play mosaik.
func Wire(limits channel.Limits) *rpc.Options {
	return &rpc.Options{Codec: plain{format, format, format}, FailureLists: true, Limits: limits}
}

// plain is JSON without the marks by which one gomas knows another: mosaik gets
// the bytes that a simulator in Python would send.
type plain struct {
	codec.Codec
	codec.Enveloper
	codec.DepthChecker
}
