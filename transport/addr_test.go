package transport

import (
	"errors"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestParseAddr(t *testing.T) {
	for _, tt := range []struct {
		name, in string
		want     Addr
		text     string // of want, if it is not in
	}{
		{"a host name is kept as it is", "tcp://localhost:5555", Addr{Scheme: "tcp", Host: "localhost", Port: 5555}, ""},
		{"an IPv4 address is a host", "tcp://127.0.0.1:5555", Addr{Scheme: "tcp", Host: "127.0.0.1", Port: 5555}, ""},
		{"an empty host is allowed", "tcp://:5555", Addr{Scheme: "tcp", Port: 5555}, ""},
		{"port 0 is allowed", "tcp://localhost:0", Addr{Scheme: "tcp", Host: "localhost"}, ""},
		{"port 65535 is the last", "tcp://h:65535", Addr{Scheme: "tcp", Host: "h", Port: 65535}, ""},
		{"leading zeros of a port are dropped", "tcp://h:0080", Addr{Scheme: "tcp", Host: "h", Port: 80}, "tcp://h:80"},
		{"IPv6 stands in brackets", "tcp://[::1]:5555", Addr{Scheme: "tcp", Host: "::1", Port: 5555}, ""},
		{"IPv6 without brackets ends at the last colon", "tcp://::1:5555", Addr{Scheme: "tcp", Host: "::1", Port: 5555}, "tcp://[::1]:5555"},
		{"the IPv6 wildcard needs no brackets either", "tcp://:::5555", Addr{Scheme: "tcp", Host: "::", Port: 5555}, "tcp://[::]:5555"},
		{"IPv6 takes its shortest form", "tcp://[2001:DB8:0:0:0:0:0:1]:1", Addr{Scheme: "tcp", Host: "2001:db8::1", Port: 1}, "tcp://[2001:db8::1]:1"},
		{"IPv6 keeps its zone", "tcp://[fe80::1%eth0]:1", Addr{Scheme: "tcp", Host: "fe80::1%eth0", Port: 1}, ""},
		{"a socket path may be absolute", "ipc://[/run/a.sock]", Addr{Scheme: "ipc", Path: "/run/a.sock"}, ""},
		{"a socket path may be relative", "ipc://[a.sock]", Addr{Scheme: "ipc", Path: "a.sock"}, ""},
		{"a socket path may hold brackets", "ipc://[/a[1]/b]", Addr{Scheme: "ipc", Path: "/a[1]/b"}, ""},
		{"a local network has an id", "local://net-1", Addr{Scheme: "local", Host: "net-1"}, ""},
		{"a local id may hold anything but a slash", "local://a:b c", Addr{Scheme: "local", Host: "a:b c"}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := ParseAddr(tt.in)
			if err != nil {
				t.Fatal(err)
			}
			if got != tt.want {
				t.Errorf("ParseAddr(%q) = %#v, want %#v", tt.in, got, tt.want)
			}
			text := tt.text
			if text == "" {
				text = tt.in
			}
			if got.String() != text {
				t.Errorf("String() = %q, want %q", got.String(), text)
			}
		})
	}
}

func TestParseAddrSaysWhatIsWrong(t *testing.T) {
	for _, tt := range []struct{ name, in, reason string }{
		{"nothing", "", "it has no scheme; want tcp://host:port, ipc://[path] or local://id"},
		{"no scheme", "localhost:5555", "it has no scheme; want tcp://host:port, ipc://[path] or local://id"},
		{"one slash too few", "tcp:/x", "it has no scheme; want tcp://host:port, ipc://[path] or local://id"},
		{"an unknown scheme", "http://h:1", `unknown scheme "http"; known are tcp, ipc and local`},
		{"a scheme in capitals", "TCP://h:1", `unknown scheme "TCP"; known are tcp, ipc and local`},
		{"no port", "tcp://localhost", "it has no port; want tcp://host:port"},
		{"no port after brackets", "tcp://[::1]", "it has no port; want tcp://host:port"},
		{"an empty port", "tcp://localhost:", "the port after the last colon is empty; want a number from 0 to 65535"},
		{"the name of a service", "tcp://localhost:http", `the port "http" is a name; want its number`},
		{"a port too large", "tcp://localhost:65536", `the port "65536" is no number from 0 to 65535`},
		{"a negative port", "tcp://localhost:-1", `the port "-1" is no number from 0 to 65535`},
		{"a signed port", "tcp://localhost:+1", `the port "+1" is no number from 0 to 65535`},
		{"a URL", "tcp://localhost:5555/0", `nothing may follow the port, but "/0" does; want tcp://host:port`},
		{"IPv6 without brackets and port", "tcp://fe80::1", `"fe80:" is no IPv6 address; want tcp://[::1]:port or tcp://host:port`},
		{"a name in brackets", "tcp://[localhost]:1", `"localhost" is no IPv6 address; want tcp://[::1]:port or tcp://host:port`},
		{"IPv4 in brackets", "tcp://[127.0.0.1]:1", `"127.0.0.1" is no IPv6 address; want tcp://[::1]:port or tcp://host:port`},
		{"a lone bracket", "tcp://[::1:1", `the host "[::1" contains a character that no host has, at byte 0`},
		{"a blank in the host", "tcp://a b:1", `the host "a b" contains a character that no host has, at byte 1`},
		{"a user in the host", "tcp://me@h:1", `the host "me@h" contains a character that no host has, at byte 2`},
		{"bad UTF-8 in the host", "tcp://\xff:1", `the host "\xff" contains a character that no host has, at byte 0`},
		{"a path without brackets", "ipc:///run/a.sock", "the path is not in brackets; want ipc://[path], such as ipc://[/run/agents.sock]"},
		{"an open bracket", "ipc://[/run/a.sock", "the path is not in brackets; want ipc://[path], such as ipc://[/run/agents.sock]"},
		{"text after the bracket", "ipc://[/run/a.sock]/0", "nothing may follow the closing bracket; want ipc://[path]"},
		{"an empty path", "ipc://[]", "the path is empty; want ipc://[path]"},
		{"a zero byte in a path", "ipc://[a\x00b]", "the path contains a zero byte, which no file name can have"},
		{"an empty id", "local://", "the id is empty; want local://id"},
		{"a slash in an id", "local://a/b", `the id "a/b" contains a slash; want local://id`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := ParseAddr(tt.in)
			checkAddrError(t, err, tt.in, tt.reason)
			if got != (Addr{}) {
				t.Errorf("an error comes with the address %#v", got)
			}
		})
	}
}

func TestSplitURL(t *testing.T) {
	for _, tt := range []struct{ name, url, addr, aid string }{
		{"tcp", "tcp://localhost:5555/0", "tcp://localhost:5555", "0"},
		{"IPv6 as Python prints it", "tcp://::1:5555/0", "tcp://[::1]:5555", "0"},
		{"a socket", "ipc://[/run/a.sock]/12", "ipc://[/run/a.sock]", "12"},
		{"a socket in a folder that ends in a bracket", "ipc://[/x]/a.sock]/0", "ipc://[/x]/a.sock]", "0"},
		{"an id that ends in a bracket", "ipc://[/x]/a]", "ipc://[/x]", "a]"},
		{"a local network", "local://net/a0", "local://net", "a0"},
		{"an id with a scheme in it", "local://net/tcp:", "local://net", "tcp:"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a, aid, err := SplitURL(tt.url)
			if err != nil {
				t.Fatal(err)
			}
			if a.String() != tt.addr || aid != tt.aid {
				t.Errorf("SplitURL(%q) = %q, %q; want %q, %q", tt.url, a, aid, tt.addr, tt.aid)
			}
		})
	}
}

func TestSplitURLSaysWhatIsWrong(t *testing.T) {
	for _, tt := range []struct{ name, in, reason string }{
		{"nothing", "", "it has no scheme; want tcp://host:port, ipc://[path] or local://id"},
		{"an address alone", "tcp://localhost:5555", "it names no agent; want tcp://host:port/aid"},
		{"a socket alone", "ipc://[/run/a.sock]", "it names no agent; want ipc://[path]/aid"},
		{"a local network alone", "local://net", "it names no agent; want local://id/aid"},
		{"an empty id", "tcp://localhost:5555/", "the agent id after the last slash is empty; want tcp://host:port/aid"},
		{"an id with a slash", "local://net/a/b", `the agent id "a/b" contains a slash; want local://id/aid`},
		{"a slash after the id", "ipc://[/x]/a/", `the agent id "a/" contains a slash; want ipc://[path]/aid`},
		{"a bad address", "tcp://localhost/0", "it has no port; want tcp://host:port"},
		{"a socket without brackets", "ipc:///run/a.sock/0", "the path is not in brackets; want ipc://[path], such as ipc://[/run/agents.sock]"},
		{"an empty local id", "local:///0", "the id is empty; want local://id"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a, aid, err := SplitURL(tt.in)
			checkAddrError(t, err, tt.in, tt.reason)
			if a != (Addr{}) || aid != "" {
				t.Errorf("an error comes with %#v and %q", a, aid)
			}
		})
	}
}

func checkAddrError(t *testing.T, err error, addr, reason string) {
	t.Helper()
	var ae *AddrError
	if !errors.As(err, &ae) {
		t.Fatalf("error %v is no *AddrError", err)
	}
	if want := (AddrError{Addr: addr, Reason: reason}); *ae != want {
		t.Errorf("got  %+v\nwant %+v", *ae, want)
	}
}

func TestAddrErrorReadsAsOneSentence(t *testing.T) {
	_, err := ParseAddr("tcp://h:http")
	const want = `invalid address "tcp://h:http": the port "http" is a name; want its number`
	if err.Error() != want {
		t.Errorf("got  %s\nwant %s", err, want)
	}
}

func TestAddrErrorStaysShortWhateverTheAddress(t *testing.T) {
	for _, in := range []string{"", "x://", "tcp://h:", "tcp://h:1/", "tcp://[", "ipc://", "local:///"} {
		_, err := ParseAddr(in + strings.Repeat("\x00/", 1<<16))
		if err == nil {
			t.Fatalf("%q and a lot of rubbish is taken for an address", in)
		}
		if n := len(err.Error()); n > 2000 {
			t.Errorf("%q and a lot of rubbish: an error of %d bytes", in, n)
		}
	}
}

func TestEverywhere(t *testing.T) {
	for addr, want := range map[string]bool{
		"tcp://:1":                 true,
		"tcp://0.0.0.0:1":          true,
		"tcp://[::]:1":             true,
		"tcp://[0:0:0:0::0]:1":     true,
		"tcp://localhost:1":        false,
		"tcp://[::1]:1":            false,
		"ipc://[0.0.0.0]":          false,
		"local://0.0.0.0":          false,
		"tcp://host.example.org:1": false,
	} {
		a, err := ParseAddr(addr)
		if err != nil {
			t.Fatal(err)
		}
		if got := a.Everywhere(); got != want {
			t.Errorf("%s: Everywhere() = %v, want %v", addr, got, want)
		}
	}
}

func TestTheZeroAddrIsNoAddress(t *testing.T) {
	var zero Addr
	if s := zero.String(); s != "" {
		t.Errorf("String() = %q, want nothing", s)
	}
	if zero.Everywhere() {
		t.Error("it listens everywhere")
	}
}

// addrs draws addresses that can be written.
func addrs() *rapid.Generator[Addr] {
	return rapid.Custom(func(t *rapid.T) Addr {
		switch scheme := rapid.SampledFrom([]string{schemeTCP, schemeIPC, schemeLocal}).Draw(t, "scheme"); scheme {
		case schemeTCP:
			host := rapid.OneOf(
				rapid.StringMatching(`([a-zA-Z0-9_-]+(\.[a-z0-9]+)*)?`),
				rapid.StringMatching(`[0-9]{1,3}(\.[0-9]{1,3}){3}`),
				rapid.SampledFrom([]string{"::", "::1", "fe80::1%eth0", "2001:db8::7", "::ffff:1.2.3.4"}),
			).Draw(t, "host")
			return Addr{Scheme: scheme, Host: host, Port: rapid.Uint16().Draw(t, "port")}
		case schemeIPC:
			return Addr{Scheme: scheme, Path: rapid.StringMatching(`[^\x00]+|[a/\]\[:]+`).Draw(t, "path")}
		default:
			return Addr{Scheme: scheme, Host: rapid.StringMatching(`[^/]+`).Draw(t, "id")}
		}
	})
}

func TestStringIsTheInverseOfParseAddr(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := addrs().Draw(t, "addr")
		got, err := ParseAddr(a.String())
		if err != nil {
			t.Fatal(err)
		}
		if got != a {
			t.Fatalf("%#v is written %q and read as %#v", a, a, got)
		}
	})
}

func TestURLIsTheInverseOfSplitURL(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := addrs().Draw(t, "addr")
		aid := rapid.StringMatching(`[^/]+`).Draw(t, "aid")
		gotAddr, gotAid, err := SplitURL(a.URL(aid))
		if err != nil {
			t.Fatal(err)
		}
		if gotAddr != a || gotAid != aid {
			t.Fatalf("%q is read as %#v and %q", a.URL(aid), gotAddr, gotAid)
		}
	})
}

var addrSeeds = []string{
	"", "tcp://", "tcp://localhost:5555", "tcp://[::1]:5555", "tcp://::1:5555", "tcp://:::0", "tcp://:0",
	"tcp://[fe80::1%a:b]:1", "tcp://::ffff:1.2.3.4%z:9", "tcp://[]:1", "tcp://]:1", "tcp://h:http", "tcp://h:65536",
	"ipc://[/run/a.sock]", "ipc://[]", "ipc://[a]/b]/0", "ipc:///a", "local://net", "local://net/a0", "://x",
}

func FuzzParseAddr(f *testing.F) {
	for _, s := range addrSeeds {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		a, err := ParseAddr(s)
		if err != nil {
			var ae *AddrError
			if !errors.As(err, &ae) || ae.Addr != s || ae.Reason == "" {
				t.Fatalf("ParseAddr(%q) fails with %#v", s, err)
			}
			return
		}
		again, err := ParseAddr(a.String())
		if err != nil {
			t.Fatalf("%q is read as %#v, which is written %q: %v", s, a, a, err)
		}
		if again != a {
			t.Fatalf("%q is read as %#v, which is written %q and read as %#v", s, a, a, again)
		}
	})
}

func FuzzSplitURL(f *testing.F) {
	for _, s := range addrSeeds {
		f.Add(s)
		f.Add(s + "/0")
	}
	f.Fuzz(func(t *testing.T, s string) {
		a, aid, err := SplitURL(s)
		if err != nil {
			var ae *AddrError
			if !errors.As(err, &ae) || ae.Addr != s || ae.Reason == "" {
				t.Fatalf("SplitURL(%q) fails with %#v", s, err)
			}
			return
		}
		if aid == "" || strings.Contains(aid, "/") {
			t.Fatalf("SplitURL(%q) finds the id %q", s, aid)
		}
		if again, aid2, err := SplitURL(a.URL(aid)); err != nil || again != a || aid2 != aid {
			t.Fatalf("%q is read as %#v and %q, then as %#v and %q: %v", s, a, aid, again, aid2, err)
		}
	})
}
