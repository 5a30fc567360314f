package peers

import (
	"context"
	"io"
	"sync"
)

// handOff is the limit inside a program: a goroutine for each caller, which is
// asked and answers over unbuffered channels.
type handOff struct {
	wg  sync.WaitGroup
	mu  sync.Mutex
	ask []chan handOffTask // of each goroutine
}

type handOffTask struct {
	a, b int
	text string
}

func openHandOff(context.Context) (Server, error) { return new(handOff), nil }

func (h *handOff) Dial(context.Context, int) (Conn, error) { return handOffConn{h}, nil }

func (h *handOff) Close() error {
	h.mu.Lock()
	for _, ask := range h.ask {
		close(ask)
	}
	h.mu.Unlock()
	h.wg.Wait()
	return nil
}

type handOffConn struct{ server *handOff }

func (handOffConn) Close() error { return nil }

func (c handOffConn) Caller(context.Context) (Caller, error) { return c.server.actor(), nil }

// actor starts a goroutine that answers until the server is closed. Its caller
// must not be waiting then.
func (h *handOff) actor() *handOffCaller {
	c := &handOffCaller{make(chan handOffTask), make(chan handOffTask)}
	h.mu.Lock()
	h.ask = append(h.ask, c.ask)
	h.mu.Unlock()
	h.wg.Go(func() {
		for t := range c.ask {
			t.a += t.b
			c.answer <- t
		}
	})
	return c
}

type handOffCaller struct{ ask, answer chan handOffTask }

func (c *handOffCaller) Add(_ context.Context, a, b int) (int, error) {
	c.ask <- handOffTask{a: a, b: b}
	return (<-c.answer).a, nil
}

func (c *handOffCaller) Echo(_ context.Context, text string) (string, error) {
	c.ask <- handOffTask{text: text}
	return (<-c.answer).text, nil
}

// crowdOfGoroutines is the usual actor of Go programs: a goroutine and a channel.
func crowdOfGoroutines(_ context.Context, n int) (io.Closer, error) {
	h := new(handOff)
	for range n {
		h.actor()
	}
	return h, nil
}
