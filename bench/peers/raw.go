package peers

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"runtime"
	"sync"
)

// The limits: as many bytes there and back, without names, codecs, errors or
// time-outs. One caller plays ping-pong. Several are multiplexed: the callee
// has a goroutine for each request, and both ends gather what is written while
// the writer yields.
func limits() []*Peer {
	var all []*Peer
	for _, s := range sockets {
		all = append(all, &Peer{
			Place: s.place, Name: "raw", Limit: true, Connections: true,
			Open: func(context.Context) (Server, error) { return openRaw(s) },
		})
	}
	return append(all, &Peer{Place: Inside, Name: "unbuffered channels", Limit: true, Open: openHandOff, Crowd: crowdOfGoroutines})
}

// A raw frame is its length, a number, and a kind; then two integers and some
// bytes, which make it as long as such a call in JSON; or a text. The answer is
// a frame with the same number.
const (
	rawNumber = 4 // where it is
	rawKind   = 8
	rawData   = 9
	rawSum    = 30 // the length of a frame with integers
)

const (
	rawAdd byte = iota
	rawEcho
)

// rawShared is what a connection begins with if there are several callers.
const (
	rawAlone byte = iota
	rawShared
)

type rawServer struct {
	ln     net.Listener
	closed closers
	wg     sync.WaitGroup
	mu     sync.Mutex
	conns  []net.Conn
}

func openRaw(s socket) (Server, error) {
	network, address, _, remove, err := s.address()
	if err != nil {
		return nil, err
	}
	ln, err := net.Listen(network, address)
	if err != nil {
		return nil, errors.Join(err, remove.Close())
	}
	r := &rawServer{ln: ln, closed: remove}
	r.wg.Go(func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			r.mu.Lock()
			r.conns = append(r.conns, conn)
			r.mu.Unlock()
			r.wg.Go(func() { serveRaw(conn) })
		}
	})
	return r, nil
}

func serveRaw(conn net.Conn) {
	defer conn.Close()
	mode := make([]byte, 1)
	if _, err := io.ReadFull(conn, mode); err != nil {
		return
	}
	in := frames{r: conn}
	if mode[0] == rawAlone {
		for {
			f, err := in.next()
			if err != nil {
				return
			}
			answerRaw(f)
			if _, err := conn.Write(f); err != nil {
				return
			}
		}
	}
	out := gatherer{w: conn}
	for {
		f, err := in.next()
		if err != nil {
			return
		}
		f = append([]byte(nil), f...)
		go func() {
			answerRaw(f)
			out.send(f)
		}()
	}
}

// answerRaw makes a request the answer to it.
func answerRaw(f []byte) {
	if f[rawKind] == rawAdd {
		n := f[rawData:]
		binary.LittleEndian.PutUint64(n, binary.LittleEndian.Uint64(n)+binary.LittleEndian.Uint64(n[8:]))
	}
}

func (s *rawServer) Dial(_ context.Context, callers int) (Conn, error) {
	addr := s.ln.Addr()
	conn, err := net.Dial(addr.Network(), addr.String())
	if err != nil {
		return nil, err
	}
	c := &rawConn{Conn: conn, in: frames{r: conn}, out: gatherer{w: conn}, alone: callers == 1}
	mode := rawAlone
	if !c.alone {
		mode = rawShared
		for range callers {
			c.callers = append(c.callers, &rawCaller{conn: c, answered: make(chan struct{}, 1)})
		}
		go c.deliver()
	}
	if _, err := conn.Write([]byte{mode}); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return c, nil
}

func (s *rawServer) Close() error {
	err := s.ln.Close()
	s.mu.Lock()
	for _, conn := range s.conns {
		conn.Close()
	}
	s.mu.Unlock()
	s.wg.Wait()
	return errors.Join(err, s.closed.Close())
}

type rawConn struct {
	net.Conn
	in      frames
	out     gatherer
	alone   bool
	callers []*rawCaller // if not alone
	given   int          // how many of them are in use
}

// deliver hands answers to those who wait for them.
func (c *rawConn) deliver() {
	for {
		f, err := c.in.next()
		if err != nil {
			for _, caller := range c.callers {
				close(caller.answered)
			}
			return
		}
		caller := c.callers[binary.LittleEndian.Uint32(f[rawNumber:])]
		caller.answer = append(caller.answer[:0], f...)
		caller.answered <- struct{}{}
	}
}

func (c *rawConn) Caller(context.Context) (Caller, error) {
	if c.alone {
		return &rawCaller{conn: c}, nil
	}
	caller := c.callers[c.given]
	caller.number = uint32(c.given)
	c.given++
	return caller, nil
}

type rawCaller struct {
	conn     *rawConn
	number   uint32
	request  []byte
	answer   []byte
	answered chan struct{}
}

func (c *rawCaller) Add(_ context.Context, a, b int) (int, error) {
	c.begin(rawAdd, rawSum)
	binary.LittleEndian.PutUint64(c.request[rawData:], uint64(a))
	binary.LittleEndian.PutUint64(c.request[rawData+8:], uint64(b))
	err := c.ask()
	if err != nil {
		return 0, err
	}
	return int(binary.LittleEndian.Uint64(c.answer[rawData:])), nil
}

func (c *rawCaller) Echo(_ context.Context, text string) (string, error) {
	c.begin(rawEcho, rawData+len(text))
	copy(c.request[rawData:], text)
	err := c.ask()
	if err != nil {
		return "", err
	}
	return string(c.answer[rawData:]), nil
}

func (c *rawCaller) begin(kind byte, size int) {
	if cap(c.request) < size {
		c.request = make([]byte, size)
	}
	c.request = c.request[:size]
	binary.LittleEndian.PutUint32(c.request, uint32(size))
	binary.LittleEndian.PutUint32(c.request[rawNumber:], c.number)
	c.request[rawKind] = kind
}

func (c *rawCaller) ask() (err error) {
	if c.conn.alone {
		if _, err = c.conn.Write(c.request); err == nil {
			c.answer, err = c.conn.in.next()
		}
		return err
	}
	c.conn.out.send(c.request)
	if _, ok := <-c.answered; !ok {
		return net.ErrClosed
	}
	return nil
}

// frames reads raw frames.
type frames struct {
	r          io.Reader
	buf        []byte
	begin, end int // of what was read and not returned
}

// next returns the next frame, valid until the next call.
func (f *frames) next() ([]byte, error) {
	need := rawData
	for {
		have := f.end - f.begin
		if have >= rawData {
			need = int(binary.LittleEndian.Uint32(f.buf[f.begin:]))
		}
		if have >= need {
			frame := f.buf[f.begin : f.begin+need]
			f.begin += need
			return frame, nil
		}
		if f.begin+need > len(f.buf) || have == 0 {
			buf := f.buf
			if need > len(buf) {
				buf = make([]byte, max(need, 64<<10))
			}
			f.begin, f.end, f.buf = 0, copy(buf, f.buf[f.begin:f.end]), buf
		}
		n, err := f.r.Read(f.buf[f.end:])
		f.end += n
		if err != nil {
			return nil, err
		}
	}
}

// gatherer writes what several send, as much as possible at once.
type gatherer struct {
	w         io.Writer
	mu        sync.Mutex
	out, next []byte
	busy      bool
}

func (g *gatherer) send(f []byte) {
	g.mu.Lock()
	g.out = append(g.out, f...)
	if g.busy {
		g.mu.Unlock()
		return
	}
	g.busy = true
	g.mu.Unlock()
	runtime.Gosched() // others that are ready send more
	g.mu.Lock()
	for len(g.out) > 0 {
		b := g.out
		g.out = g.next[:0]
		g.mu.Unlock()
		_, _ = g.w.Write(b) // the reader notices an end
		g.mu.Lock()
		g.next = b
	}
	g.busy = false
	g.mu.Unlock()
}
