package channel

import (
	"slices"

	"github.com/gomas/gomas/transport"
	"github.com/gomas/gomas/turn"
)

// waiting is a frame that waits until the link takes more output: a request,
// whose caller waits for the reply, or an answer, whose sender waits to be woken
// when it has been sent.
type waiting struct {
	frame   *transport.Frame
	call    uint64    // the id, if it is a request
	request *Request  // that it answers, nil if it is a request
	sender  turn.Wait // if it is an answer
}

// hasRoom reports whether a frame may be sent at once: the link takes more,
// and nobody waits for that.
func (c *Conn) hasRoom() bool { return !c.link.Full() && c.rooms.Load() == 0 }

// queue has a frame sent after those that wait already. c.mu is held.
func (c *Conn) queue(w waiting) {
	c.room = append(c.room, w)
	// Before looking once more: whoever makes room from now on takes the lock.
	c.rooms.Store(int32(len(c.room)))
	c.fill()
}

// fill sends frames that wait, in their order, as long as there is room. They
// have been encoded, so that nobody who is let go first, and then does not get
// its turn, holds up the others. c.mu is held.
func (c *Conn) fill() {
	n := 0
	for n < len(c.room) && (c.err != nil || !c.link.Full()) {
		w := c.room[n]
		n++
		if w.request != nil {
			c.done(w.request)
		}
		c.link.Send(w.frame, transport.Leave) // which drops it after the end
		if w.request != nil {
			w.sender.Wake(nil)
		}
	}
	clear(c.room[:n])
	c.room = c.room[n:] // those that are left do not move: there may be very many
	c.rooms.Store(int32(len(c.room)))
}

// unqueue forgets the call with an id and removes its request, and reports
// whether there was one that has not been sent. c.mu is held.
func (c *Conn) unqueue(id uint64) bool {
	i := slices.IndexFunc(c.room, func(w waiting) bool { return w.request == nil && w.call == id })
	if i < 0 {
		return false
	}
	w := c.room[i]
	c.room = slices.Delete(c.room, i, i+1)
	c.rooms.Store(int32(len(c.room)))
	w.frame.Free()
	c.calls.forget(id)
	return true
}

func (r *receiver) Drained() {
	c := (*Conn)(r)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.fill()
}
