package local

import (
	"context"
	"fmt"
	"syscall"
	"time"

	"github.com/gomas/gomas/transport"
	"github.com/gomas/gomas/turn"
)

// dialling is an attempt to connect, on its way.
type dialling struct {
	from  *node
	addr  transport.Addr
	began time.Duration
	wait  turn.Wait // of the one who dials
	link  *end      // what it gets
	err   error
}

// Dial implements [transport.Network]. It takes as long as a frame without
// content does there and back.
func (p *node) Dial(ctx context.Context, a transport.Addr, opts *transport.Options) (transport.Link, error) {
	n := p.net
	if opts.TLS != nil {
		return nil, fmt.Errorf("dial %v: %w", a, errTLS)
	}
	if err := turn.Err(ctx); err != nil {
		return nil, fmt.Errorf("dial %v: %w", a, err)
	}
	wait, err := turn.Begin(ctx, nil)
	if err != nil {
		return nil, err
	}
	d := &dialling{from: p, addr: a, wait: wait, began: n.Clock().Now()}
	there, back := n.direction(p.id, a.Host), n.direction(a.Host, p.id)
	d.link = n.newLink(p, a, there, back)
	if delay := later(there.time(0), back.time(0)); delay > 0 {
		n.world.NewTimer(d).Set(later(d.began, delay))
	} else {
		n.world.Push(d)
	}
	if err := wait.Block(ctx, connecting{a}); err != nil {
		d.link.abandon()
		return nil, fmt.Errorf("dial %v: %w", a, err)
	}
	if d.err != nil {
		return nil, fmt.Errorf("dial %v: %w", a, d.err)
	}
	return d.link, nil
}

// connecting is what one who dials waits for.
type connecting struct{ addr transport.Addr }

func (c connecting) String() string { return fmt.Sprintf("a connection to %v", c.addr) }

// Happen implements [world.Event]: the attempt arrives.
func (d *dialling) Happen() {
	n := d.from.net
	n.mu.Lock()
	var l *listener
	if to := n.nodes[d.addr.Host]; to != nil {
		l = to.listener
	}
	event := Event{Kind: Connect, From: d.from.id, To: d.addr.Host, Link: d.link.link.id, Sent: d.began}
	switch {
	case l == nil:
		d.err = syscall.ECONNREFUSED
		event.Outcome = "refused: nobody listens"
	case n.sides[d.from.id] != n.sides[d.addr.Host]:
		d.err = syscall.ECONNREFUSED
		event.Outcome = "refused: partition"
	case l.accept == nil:
		l.waiting = append(l.waiting, d)
		n.mu.Unlock()
		return
	case d.link.link.abandoned(), d.from.Ended():
		event.Outcome = "given up"
	}
	refused := event.Outcome == "" && l.options.MaxLinks > 0 && l.links >= l.options.MaxLinks
	if refused {
		event.Outcome = "refused: too many connections"
	}
	if event.Outcome == "" {
		l.links++
		d.link.link.place(l)
		n.links = append(n.links, d.link.link)
	}
	n.record(event)
	n.mu.Unlock()
	switch {
	case event.Outcome == "":
		l.accept(d.link.peer)
	case refused:
		if l.options.Refused != nil {
			l.options.Refused(d.link.peer.remote, fmt.Errorf("%w, limit %d", transport.ErrTooManyLinks, l.options.MaxLinks))
		}
		d.link.link.reset(errTurnedAway)
	}
	d.wait.Wake(nil)
}
