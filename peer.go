package gomas

import (
	"fmt"
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

// URL implements [rpc.Peer].
func (p *peer) URL(path string) string { return agentURL(p.addr.String(), path) }

// Describe implements [rpc.Peer].
func (p *peer) Describe(path string) string {
	url := p.URL(path)
	if url == "" {
		return p.Client.Describe(path)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return fmt.Sprintf("%sProxy('%s')", p.types[path], url)
}
