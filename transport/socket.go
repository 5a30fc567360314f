package transport

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"time"
)

// keepAlive makes the kernel ask an idle TCP peer whether it is still there,
// so that one that vanished without a word (power cut, cable pulled) is
// noticed after 30 + 3·10 seconds, a minute in all. Go's defaults take more
// than two. It does not help while data is unacknowledged: that takes the
// kernel's retransmission time-out or a deadline on the write.
var keepAlive = net.KeepAliveConfig{
	Enable:   true,
	Idle:     30 * time.Second,
	Interval: 10 * time.Second,
	Count:    3,
}

// nameTimeout bounds the search for the machine's full name, which a slow
// name server would otherwise draw out while the listener is open already.
const nameTimeout = time.Second

// dialSocket connects to a tcp or ipc address. It gives up when ctx ends,
// which has no influence on the connection after that. Small writes leave at
// once: TCP_NODELAY is on, as everywhere in Go.
func dialSocket(ctx context.Context, a Addr) (net.Conn, error) {
	network, address, err := endpoint(a)
	if err == nil && network == "tcp" && a.Port == 0 {
		err = errors.New("port 0 is only for listening")
	}
	if err != nil {
		return nil, fmt.Errorf("dial %v: %w", a, err)
	}
	d := net.Dialer{KeepAliveConfig: keepAlive}
	conn, err := d.DialContext(ctx, network, address)
	if err != nil {
		return nil, fmt.Errorf("dial %v: %w", a, cause(err))
	}
	return conn, nil
}

// listenSocket listens on a tcp or ipc address. The address that it returns
// is the one to give to others: with the real port in place of port 0, and
// with the machine's full name as host if a means every interface. ctx bounds
// the call only, not the life of the listener.
//
// An address that is taken is syscall.EADDRINUSE to errors.Is.
func listenSocket(ctx context.Context, a Addr) (net.Listener, Addr, error) {
	return listenNamed(ctx, a, systemNames())
}

func listenNamed(ctx context.Context, a Addr, n names) (net.Listener, Addr, error) {
	ln, shown, err := open(ctx, a, n)
	if err != nil {
		return nil, Addr{}, fmt.Errorf("listen %v: %w", a, cause(err))
	}
	return ln, shown, nil
}

func open(ctx context.Context, a Addr, n names) (net.Listener, Addr, error) {
	network, address, err := endpoint(a)
	if err != nil {
		return nil, Addr{}, err
	}
	// Where nothing needs to be looked up, package net ignores the context.
	if err := ctx.Err(); err != nil {
		return nil, Addr{}, err
	}
	if network == "unix" {
		ln, err := listenUnix(ctx, address)
		return ln, a, err
	}
	lc := net.ListenConfig{KeepAliveConfig: keepAlive}
	ln, err := lc.Listen(ctx, network, address)
	if err != nil {
		return nil, Addr{}, err
	}
	shown, err := shownAddr(ctx, a, ln, n)
	if err != nil {
		return nil, Addr{}, errors.Join(err, ln.Close())
	}
	return ln, shown, nil
}

// shownAddr returns the address under which others reach the listener ln of a.
func shownAddr(ctx context.Context, a Addr, ln net.Listener, n names) (Addr, error) {
	if tcp, ok := ln.Addr().(*net.TCPAddr); ok {
		a.Port = tcp.AddrPort().Port()
	}
	if !a.Everywhere() {
		return a, nil
	}
	host, err := n.full(ctx)
	if err != nil {
		return Addr{}, fmt.Errorf("find out the machine's name: %w", err)
	}
	if reason := checkHost(host); reason != "" {
		return Addr{}, fmt.Errorf("the machine's name cannot stand in an address: %s", reason)
	}
	a.Host = host
	return a, nil
}

// endpoint returns the address in the terms of package net.
func endpoint(a Addr) (network, address string, err error) {
	switch a.Scheme {
	case schemeTCP:
		_, address, _ = strings.Cut(a.String(), "://")
		return "tcp", address, nil
	case schemeIPC:
		address, err = unixName(a.Path)
		return "unix", address, err
	default:
		return "", "", fmt.Errorf("%q is no scheme of a socket", a.Scheme)
	}
}

// cause strips the operation and address that package net puts in front of
// its errors, since ours name both already.
func cause(err error) error {
	if op, ok := err.(*net.OpError); ok {
		return op.Err
	}
	return err
}

// names finds out what the machine is called.
type names struct {
	hostname   func() (string, error)
	lookupHost func(ctx context.Context, name string) (ips []string, err error)
	lookupAddr func(ctx context.Context, ip string) (names []string, err error)
}

func systemNames() names {
	return names{
		hostname:   os.Hostname,
		lookupHost: net.DefaultResolver.LookupHost,
		lookupAddr: net.DefaultResolver.LookupAddr,
	}
}

// full returns the machine's fully qualified name as far as it can be found:
// the host name if that has a dot, else the first name with a dot that one of
// its IP addresses is registered under, else the host name as it is. Python's
// socket.getfqdn does much the same.
func (n names) full(ctx context.Context) (string, error) {
	host, err := n.hostname()
	if err != nil {
		return "", err
	}
	if strings.Contains(host, ".") {
		return host, nil
	}
	lookups, cancel := context.WithTimeout(ctx, nameTimeout)
	defer cancel()
	name := n.reverse(lookups, host)
	if err := ctx.Err(); err != nil {
		return "", err
	}
	return name, nil
}

// reverse returns the first full name of host, or host itself. Most machines
// have no full name, so a lookup that fails is an answer like any other.
func (n names) reverse(ctx context.Context, host string) string {
	ips, err := n.lookupHost(ctx, host)
	if err != nil {
		return host
	}
	for _, ip := range ips {
		found, err := n.lookupAddr(ctx, ip)
		if err != nil {
			continue
		}
		for _, name := range found {
			name = strings.TrimSuffix(name, ".")
			// localhost.localdomain is every machine's name and nobody's.
			if strings.Contains(name, ".") && !strings.HasPrefix(name, "localhost.") {
				return name
			}
		}
	}
	return host
}
