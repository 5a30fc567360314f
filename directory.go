package gomas

import (
	"strings"

	"github.com/gomas/gomas/rpc"
	"github.com/gomas/gomas/transport"
)

// directory is a container as an [rpc.Directory]: its agents have URLs, by
// which references to them can be sent on.
type directory Container

// Home implements [rpc.Directory].
func (d *directory) Home() string {
	c := (*Container)(d)
	<-c.bound // a connection may come before NewContainer returns
	return c.Addr()
}

// URL implements [rpc.Directory].
func (d *directory) URL(home, path string) string { return agentURL(home, path) }

// agentURL returns the URL of the agent at a path of the container at an
// address, "" if there is no agent at such a path.
func agentURL(addr, path string) string {
	id, ok := strings.CutPrefix(path, agentsPath)
	if !ok || id == "" || strings.Contains(id, "/") {
		return ""
	}
	return addr + "/" + id
}

// Find implements [rpc.Directory].
func (d *directory) Find(url string) (rpc.Remote, error) {
	addr, id, err := transport.SplitURL(url)
	if err != nil {
		return rpc.Remote{}, err
	}
	c := (*Container)(d)
	<-c.bound // which address is this one's
	return rpc.NewRemote(c.peer(addr), agentsPath+id), nil
}
