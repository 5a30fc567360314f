package transport

import (
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"unicode"
)

// Addr is the address of a container: where it listens and where others dial
// it. It is one of
//
//	tcp://host:port      a TCP port
//	ipc://[path]         a Unix socket
//	local://id           a container in a local network
//
// Addrs are compared with == and serve as map keys. [ParseAddr] makes one,
// checked; the zero value is no address.
type Addr struct {
	// Scheme is "tcp", "ipc" or "local".
	Scheme string

	// Host is, for tcp, a name or an IP address without brackets, in the
	// shortest form of RFC 5952 if it is IPv6; see also [Addr.Everywhere].
	// For local it is the id.
	Host string

	// Port is the TCP port. To listen on port 0 is to get a free one.
	Port uint16

	// Path is the path of the Unix socket. A relative path starts from the
	// process's working directory, so it means something else elsewhere.
	Path string
}

const (
	schemeTCP   = "tcp"
	schemeIPC   = "ipc"
	schemeLocal = "local"
)

// AddrError reports a text that is no address, or no URL.
type AddrError struct {
	Addr   string // the whole text
	Reason string // what is wrong with it, and what would be right
}

func (e *AddrError) Error() string {
	return fmt.Sprintf("invalid address %.200q: %s", e.Addr, e.Reason)
}

// ParseAddr parses an address. It accepts the forms that [Addr] lists, with
// an IPv6 host in brackets or, as Python's aiomas prints it, without:
// tcp://::1:5555, where what follows the last colon is the port. Ports are
// numbers; names of services are refused.
//
// An error is an *[AddrError].
func ParseAddr(s string) (Addr, error) {
	a, reason := parse(s)
	if reason != "" {
		return Addr{}, &AddrError{Addr: s, Reason: reason}
	}
	return a, nil
}

// SplitURL parses the URL of an agent: an address, a slash and the id of the
// agent, which is not empty and holds no slash itself. [Addr.URL] is its
// inverse.
//
// An error is an *[AddrError].
func SplitURL(url string) (a Addr, aid string, err error) {
	addr, aid, found := cutURL(url)
	a, reason := parse(addr)
	switch {
	case reason != "": // tells more than a missing id
	case !found:
		reason = fmt.Sprintf("it names no agent; want %s/aid", form(a.Scheme))
	case aid == "":
		reason = fmt.Sprintf("the agent id after the last slash is empty; want %s/aid", form(a.Scheme))
	case strings.Contains(aid, "/"):
		reason = fmt.Sprintf("the agent id %.80q contains a slash; want %s/aid", aid, form(a.Scheme))
	default:
		return a, aid, nil
	}
	return Addr{}, "", &AddrError{Addr: url, Reason: reason}
}

// String returns the address in its canonical form, which ParseAddr turns
// into an equal Addr, and "" for the zero Addr.
func (a Addr) String() string {
	switch a.Scheme {
	case "":
		return ""
	case schemeTCP:
		return "tcp://" + net.JoinHostPort(a.Host, strconv.Itoa(int(a.Port)))
	case schemeIPC:
		return "ipc://[" + a.Path + "]"
	default:
		return a.Scheme + "://" + a.Host
	}
}

// URL returns the URL of something at this address: of the agent whose id is
// rest, for example. It does not check rest.
func (a Addr) URL(rest string) string { return a.String() + "/" + rest }

// Everywhere reports whether a is a TCP address that means every network
// interface of the machine: its host is empty, 0.0.0.0 or ::. All three
// listen on IPv4 and on IPv6, where the machine has both.
func (a Addr) Everywhere() bool {
	return a.Scheme == schemeTCP && (a.Host == "" || a.Host == "0.0.0.0" || a.Host == "::")
}

// Local reports whether a is an address in a local network.
func (a Addr) Local() bool { return a.Scheme == schemeLocal }

// cutURL cuts a URL where the address ends. If it finds no such place, addr
// is the whole.
func cutURL(url string) (addr, aid string, found bool) {
	scheme, rest, _ := strings.Cut(url, "://")
	at := strings.Index(rest, "/")
	if scheme == schemeIPC {
		// The path has slashes of its own and may even hold "]/"; an id has
		// no slash, so the last one that follows a bracket separates.
		at = strings.LastIndex(rest, "]/") + 1
		if at == 0 {
			at = -1
		}
	}
	if at < 0 {
		return url, "", false
	}
	at += len(url) - len(rest)
	return url[:at], url[at+1:], true
}

// form returns what an address with this scheme looks like.
func form(scheme string) string {
	switch scheme {
	case schemeTCP:
		return "tcp://host:port"
	case schemeIPC:
		return "ipc://[path]"
	default:
		return "local://id"
	}
}

// parse returns the address, or the reason why s is none.
func parse(s string) (a Addr, reason string) {
	scheme, rest, found := strings.Cut(s, "://")
	if !found {
		return Addr{}, "it has no scheme; want tcp://host:port, ipc://[path] or local://id"
	}
	a.Scheme = scheme
	switch scheme {
	case schemeTCP:
		a.Host, a.Port, reason = parseTCP(rest)
	case schemeIPC:
		a.Path, reason = parseIPC(rest)
	case schemeLocal:
		a.Host, reason = rest, checkLocal(rest)
	default:
		return Addr{}, fmt.Sprintf("unknown scheme %.80q; known are tcp, ipc and local", scheme)
	}
	return a, reason
}

func parseTCP(s string) (host string, port uint16, reason string) {
	if i := strings.IndexByte(s, '/'); i >= 0 {
		return "", 0, fmt.Sprintf("nothing may follow the port, but %.80q does; want tcp://host:port", s[i:])
	}
	i := strings.LastIndexByte(s, ':')
	if i < 0 || strings.HasSuffix(s, "]") {
		return "", 0, "it has no port; want tcp://host:port"
	}
	if port, reason = parsePort(s[i+1:]); reason != "" {
		return "", 0, reason
	}
	host = s[:i]
	inner, opened := strings.CutPrefix(host, "[")
	inner, closed := strings.CutSuffix(inner, "]")
	bracketed := opened && closed
	if bracketed {
		host = inner
	}
	if reason = checkHost(host); reason != "" {
		return "", 0, reason
	}
	if !bracketed && !strings.Contains(host, ":") {
		return host, port, ""
	}
	ip, err := netip.ParseAddr(host)
	if err != nil || !ip.Is6() {
		return "", 0, fmt.Sprintf("%.80q is no IPv6 address; want tcp://[::1]:port or tcp://host:port", host)
	}
	return ip.String(), port, ""
}

func parsePort(s string) (port uint16, reason string) {
	if s == "" {
		return 0, "the port after the last colon is empty; want a number from 0 to 65535"
	}
	n, err := strconv.ParseUint(s, 10, 16)
	switch {
	case err == nil:
		return uint16(n), ""
	case strings.ContainsFunc(s, unicode.IsLetter):
		return 0, fmt.Sprintf("the port %.80q is a name; want its number", s)
	default:
		return 0, fmt.Sprintf("the port %.80q is no number from 0 to 65535", s)
	}
}

// checkHost returns the reason why no host can be written like this, or "".
// Whether it exists is for the resolver to say.
func checkHost(host string) (reason string) {
	i := strings.IndexFunc(host, func(r rune) bool {
		return r == unicode.ReplacementChar || !unicode.IsGraphic(r) || unicode.IsSpace(r) ||
			strings.ContainsRune(`/\[]@?#"`, r)
	})
	if i < 0 {
		return ""
	}
	return fmt.Sprintf("the host %.80q contains a character that no host has, at byte %d", host, i)
}

func parseIPC(s string) (path, reason string) {
	inner, opened := strings.CutPrefix(s, "[")
	inner, closed := strings.CutSuffix(inner, "]")
	switch {
	case opened && closed:
		return inner, checkPath(inner)
	case opened && strings.Contains(s, "]"):
		return "", "nothing may follow the closing bracket; want ipc://[path]"
	default:
		return "", "the path is not in brackets; want ipc://[path], such as ipc://[/run/agents.sock]"
	}
}

// checkPath returns the reason why this is no path of a file, or "".
func checkPath(path string) (reason string) {
	if path == "" {
		return "the path is empty; want ipc://[path]"
	}
	if strings.Contains(path, "\x00") {
		return "the path contains a zero byte, which no file name can have"
	}
	return ""
}

func checkLocal(id string) (reason string) {
	if id == "" {
		return "the id is empty; want local://id"
	}
	if strings.Contains(id, "/") {
		return fmt.Sprintf("the id %.80q contains a slash; want local://id", id)
	}
	return ""
}
