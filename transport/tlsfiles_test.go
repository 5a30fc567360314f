package transport

import (
	"bytes"
	"crypto/tls"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/gomas/gomas/internal/testcert"
)

// log is what was logged.
type log struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *log) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(b)
}

func (l *log) lines() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Split(strings.TrimSuffix(l.b.String(), "\n"), "\n")
}

func TestFilesThatWereReplacedAreUsed(t *testing.T) {
	old, young := testcert.NewAuthority(t, "old CA"), testcert.NewAuthority(t, "new CA")
	files := old.Issue(t, "127.0.0.1")
	stranger := secured(old.Issue(t, "127.0.0.1"))
	opts := secured(files)
	g := openGate(t, mustParse(t, "tcp://127.0.0.1:0"), *opts)
	g.talk(opts)
	g.talk(stranger)

	x, err := Dial(t.Context(), g.Addr(), opts)
	if err != nil {
		t.Fatal(err)
	}
	y := next(t, "link", g.links)

	files.Replace(t, young.Issue(t, "127.0.0.1"))
	again, err := Dial(t.Context(), g.Addr(), opts)
	if err != nil {
		t.Fatal(err)
	}
	if name := peerName(t, again); name != "one of new CA" {
		t.Errorf("the server is %s", name)
	}
	accepted := next(t, "link", g.links)
	if name := peerName(t, accepted); name != "one of new CA" {
		t.Errorf("the client is %s", name)
	}
	g.exchange(again, accepted)
	g.exchange(x, y) // still good
	if _, err := Dial(t.Context(), g.Addr(), stranger); err == nil {
		t.Error("the old authority is still good")
	}
}

func TestFilesThatCannotBeUsedDoNotReplaceGoodOnes(t *testing.T) {
	ca := testcert.NewAuthority(t, "CA")
	files, other := ca.Issue(t, "127.0.0.1"), ca.Issue(t, "127.0.0.1")
	var logged log
	opts := secured(files)
	opts.Logger = slog.New(slog.NewTextHandler(&logged, nil))
	g := openGate(t, mustParse(t, "tcp://127.0.0.1:0"), *opts)
	good := map[string][]byte{}
	for _, name := range []string{files.CA, files.Cert, files.Key, other.Key} {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		good[name] = b
	}
	write := func(name string, b []byte) {
		t.Helper()
		if err := os.WriteFile(name, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{files.CA, files.Cert, files.Key} {
		for _, bad := range [][]byte{nil, good[name][:len(good[name])/2]} {
			write(name, bad)
			g.talk(opts)
			g.talk(opts)
		}
		write(name, good[name])
		g.talk(opts)
	}
	write(files.Key, good[other.Key])
	g.talk(opts)
	if err := os.Remove(files.Key); err != nil {
		t.Fatal(err)
	}
	g.talk(opts)
	lines := logged.lines()
	// An empty key and half of one are the same fault.
	if len(lines) != 7 {
		t.Errorf("%d lines, want one for each of 7 faults:\n%s", len(lines), strings.Join(lines, "\n"))
	}
	for _, line := range lines {
		if !strings.Contains(line, "level=WARN") || !strings.Contains(line, ".pem") {
			t.Errorf("it says %s", line)
		}
	}
}

func TestMistakesInTheSettingsOfTLSAreNamed(t *testing.T) {
	ca := testcert.NewAuthority(t, "CA")
	good, other := ca.Issue(t), ca.Issue(t)
	dir := t.TempDir()
	file := func(name, content string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	missing, empty := filepath.Join(dir, "missing.pem"), file("empty.pem", "")
	bad := file("bad.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
	config := &tls.Config{}
	for _, tt := range []struct {
		name  string
		tls   *TLS
		wants []string
	}{
		{"nothing is set", &TLS{}, []string{"CA is not set"}},
		{"the key is not set", &TLS{CA: good.CA, Cert: good.Cert}, []string{"Key is not set"}},
		{"files and configurations", &TLS{CA: good.CA, Client: config, Server: config}, []string{"both files and configurations"}},
		{"no file of authorities", &TLS{CA: missing, Cert: good.Cert, Key: good.Key}, []string{missing}},
		{"no authority in the file", &TLS{CA: empty, Cert: good.Cert, Key: good.Key}, []string{"CA: " + empty, "no certificate"}},
		{"the key in place of the authority", &TLS{CA: good.Key, Cert: good.Cert, Key: good.Key}, []string{"CA: " + good.Key, "no certificate"}},
		{"an authority that is none", &TLS{CA: bad, Cert: good.Cert, Key: good.Key}, []string{"CA: " + bad, "certificate 1"}},
		{"no certificate", &TLS{CA: good.CA, Cert: empty, Key: good.Key}, []string{"Cert: " + empty, "no certificate"}},
		{"no key", &TLS{CA: good.CA, Cert: good.Cert, Key: empty}, []string{"Key: " + empty}},
		{"the key of another certificate", &TLS{CA: good.CA, Cert: good.Cert, Key: other.Key}, []string{"Key: " + other.Key, good.Cert, "does not match"}},
		{"the other role only", &TLS{Client: config}, []string{"Server is not set"}},
		{"a server without a certificate", &TLS{Server: config}, []string{"no certificate"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			opts := &Options{TLS: tt.tls}
			_, err := Listen(t.Context(), mustParse(t, "tcp://127.0.0.1:0"), opts)
			for _, want := range tt.wants {
				if err == nil || !strings.HasPrefix(err.Error(), "listen tcp://127.0.0.1:0: TLS: ") || !strings.Contains(err.Error(), want) {
					t.Errorf("listen: %v; want %s", err, want)
				}
			}
			if tt.tls.Client == nil || tt.tls.CA != "" {
				if _, err := Dial(t.Context(), mustParse(t, "tcp://127.0.0.1:1"), opts); err == nil || !strings.HasPrefix(err.Error(), "dial tcp://127.0.0.1:1: TLS: ") {
					t.Errorf("dial: %v", err)
				}
			}
		})
	}
	_, err := Listen(t.Context(), mustParse(t, "tcp://127.0.0.1:0"), &Options{TLS: &TLS{CA: missing, Cert: good.Cert, Key: good.Key}})
	if !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%v does not wrap fs.ErrNotExist", err)
	}
}

func TestTheUsersOwnConfigurationsAreUsed(t *testing.T) {
	files := testcert.NewAuthority(t, "CA").Issue(t, "box.example.org")
	pair, err := tls.LoadX509KeyPair(files.Cert, files.Key)
	if err != nil {
		t.Fatal(err)
	}
	config, err := secured(files).TLS.client("box.example.org", nil)
	if err != nil {
		t.Fatal(err)
	}
	opts := &Options{TLS: &TLS{
		Client: &tls.Config{RootCAs: config.RootCAs, ServerName: "box.example.org"},
		Server: &tls.Config{Certificates: []tls.Certificate{pair}}, // asks clients for nothing
	}}
	g := openGate(t, mustParse(t, "tcp://127.0.0.1:0"), *opts)
	g.talk(opts)
	nameless := &Options{TLS: &TLS{Client: &tls.Config{RootCAs: config.RootCAs}}}
	if _, err := Dial(t.Context(), g.Addr(), nameless); err == nil || !strings.Contains(err.Error(), "127.0.0.1") {
		t.Errorf("without a name, the host dialled is not checked: %v", err)
	}
	if nameless.TLS.Client.ServerName != "" {
		t.Error("the user's configuration has been changed")
	}
}
