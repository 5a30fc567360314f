package transport

import (
	"bufio"
	_ "embed"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/gomas/gomas/internal/pypeer"
	"github.com/gomas/gomas/internal/testcert"
)

//go:embed testdata/tls.py
var tlsPeer string

// python starts the peer in testdata/tls.py and returns what it prints, line
// by line.
func python(t *testing.T, args ...string) <-chan string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), pypeer.Interpreter(t), append([]string{"-c", tlsPeer}, args...)...)
	cmd.Stderr = os.Stderr
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := make(chan string, 10)
	go func() {
		for s := bufio.NewScanner(stdout); s.Scan(); {
			lines <- s.Text()
		}
		if err := cmd.Wait(); err != nil {
			t.Error(err)
		}
		close(lines)
	}()
	return lines
}

// TestPythonOverTLS lets Python's ssl, set up as aiomas does it, talk to us in
// both roles.
func TestPythonOverTLS(t *testing.T) {
	ca := testcert.NewAuthority(t, "CA")
	ours, theirs := secured(ca.Issue(t, "127.0.0.1")), ca.Issue(t, "127.0.0.1")
	t.Run("as client", func(t *testing.T) {
		g := openGate(t, mustParse(t, "tcp://127.0.0.1:0"), *ours)
		said := python(t, "client", strconv.Itoa(int(g.Addr().Port)), theirs.CA, theirs.Cert, theirs.Key)
		l := next(t, "link", g.links)
		r := newRecorder(t, func(p []byte) {
			l.Send(newFrame([]byte(strings.ToUpper(string(p)))...), Leave)
			l.Close(patience)
		})
		l.Start(r, roomy)
		if got := next(t, "reply", said); got != "TLSv1.2 b'PING' b''" {
			t.Errorf("it says %s", got)
		}
		if err := r.end(); err != nil {
			t.Error(err)
		}
		<-said // its end
	})
	t.Run("as server", func(t *testing.T) {
		said := python(t, "server", "0", theirs.CA, theirs.Cert, theirs.Key)
		a := mustParse(t, "tcp://127.0.0.1:"+next(t, "port", said))
		l, err := Dial(t.Context(), a, ours)
		if err != nil {
			t.Fatal(err)
		}
		got := make(chan string, 1)
		r := newRecorder(t, func(p []byte) { got <- string(p) })
		l.Start(r, roomy)
		l.Send(newFrame([]byte("ping")...), Write)
		if p := next(t, "reply", got); p != "PING" {
			t.Errorf("it replies %q", p)
		}
		l.Close(patience)
		if err := r.end(); err != nil {
			t.Error(err)
		}
		if got := next(t, "end", said); got != "TLSv1.2 b''" {
			t.Errorf("it says %s", got)
		}
		<-said
	})
}
