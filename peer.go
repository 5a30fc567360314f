package gomas

import (
	"fmt"
	"strings"
	"sync"

	"github.com/gomas/gomas/rpc"
	"github.com/gomas/gomas/transport"
)

// peer is another container, or this one, as one that can be called. It
// implements [rpc.Peer].
type peer struct {
	*rpc.Client
	addr transport.Addr

	mu    sync.Mutex
	types map[string]string // names of the types of agents, by path
}

const agentsPath = "agents/"

// agent returns a reference to an agent whose type is known.
func (p *peer) agent(id, typeName string) rpc.Remote {
	path := agentsPath + id
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.types == nil {
		p.types = make(map[string]string)
	}
	p.types[path] = typeName
	return rpc.NewRemote(p, path)
}

// Describe implements [rpc.Peer].
func (p *peer) Describe(path string) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return fmt.Sprintf("%sProxy('%s')", p.types[path], p.addr.URL(strings.TrimPrefix(path, agentsPath)))
}
