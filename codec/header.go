package codec

import "fmt"

// Header is what a message says about itself, besides its content.
type Header struct {
	Kind Kind
	ID   uint64
	// Left is for how many milliseconds the caller of a request waits; 0 is
	// no limit. Other kinds have none.
	Left uint64
}

// Kind is the first item of a message.
type Kind uint8

// The kinds of messages. Those behind Failure are only understood by gomas.
const (
	Request Kind = 0 // asks for a reply
	Result  Kind = 1 // answers a request
	Failure Kind = 2 // answers a request, with what went wrong
	Cancel  Kind = 3 // the sender has given up its request with this id
	Hello   Kind = 4 // the sender is gomas, and the content describes it
)

func (k Kind) String() string {
	switch k {
	case Request:
		return "request"
	case Result:
		return "result"
	case Failure:
		return "failure"
	case Cancel:
		return "cancel"
	case Hello:
		return "hello"
	}
	return fmt.Sprintf("kind %d", uint8(k))
}
