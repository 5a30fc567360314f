package gomas

import (
	"github.com/gomas/gomas/channel"
	"github.com/gomas/gomas/codec"
)

// Options are the settings of a container. The zero value of each field means
// its default, and a nil *Options all defaults.
type Options struct {
	// Codec is the format of the messages. All containers that connect must
	// use the same. The default is JSON.
	Codec codec.Codec

	// Types are custom types beyond dates, which containers always know. All
	// containers that connect must register the same in the same order.
	Types []codec.Type

	// Limits bound what each connection takes on.
	Limits channel.Limits

	// CheckTurns verifies at each wait that the calling goroutine is the one
	// that has the agent's turn. It finds goroutines that wait with a context
	// which is not theirs to use, at about a microsecond for each wait, and
	// is meant for tests.
	CheckTurns bool
}
