package value

import "github.com/gomas/gomas/codec"

// Outside is for writers that may leave one long text out of a message, as
// [codec.Splitter] says. The zero value takes none.
type Outside struct {
	open bool
	At   int    // what of the message comes before it, in bytes
	Text string // "" until there is one
}

// Wait lets o take the next long text.
func (o *Outside) Wait() { o.open = true }

// Takes reports whether s is one that may be left out.
func (o *Outside) Takes(s string) bool { return len(s) >= codec.LongText && o.open }

// Take leaves s out, which belongs behind the first bytes of the message.
func (o *Outside) Take(s string, at int) { *o = Outside{At: at, Text: s} }
