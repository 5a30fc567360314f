package value

import (
	"sync"

	"github.com/gomas/gomas/codec"
)

// Message is an outgoing call that is needed only until it has been encoded, and
// takes no memory while its reply is waited for.
type Message struct {
	codec.Call
	List [6]any // room for Args: as many as a contract has parameters
}

var messages = sync.Pool{New: func() any { return new(Message) }}

// NewMessage returns an empty message.
func NewMessage() *Message { return messages.Get().(*Message) }

// GiveBack is called when the message has been encoded. It is not called if the
// request fails before, or a marshaler panics.
func (m *Message) GiveBack() {
	clear(m.Args)
	m.Args = nil
	messages.Put(m)
}
