package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf16"

	"github.com/gomas/gomas/channel"
	"github.com/gomas/gomas/rpc"
	"github.com/gomas/gomas/transport"
)

// The exit codes; description tells them to the user.
const (
	codeOK          = 0
	codeFailed      = 1
	codeUsage       = 2
	codeUnreachable = 3
	codeForeign     = 4
	codeTimeout     = 5
	codeInterrupted = 130
)

// failure is an error with the exit code that it leads to.
type failure struct {
	code int
	err  error
	hint string // what the user may do, "" if there is nothing to say
}

func (f *failure) Error() string { return f.err.Error() }

func (f *failure) Unwrap() error { return f.err }

// errInterrupted is why a command ended that the user did not let end.
var errInterrupted = errors.New("interrupted")

// usageError is a failure because of what was typed.
func usageError(hint, format string, args ...any) error {
	return &failure{codeUsage, fmt.Errorf(format, args...), hint}
}

// report prints an error, if there is one, and returns the exit code.
func report(env *environment, err error) int {
	if err == nil {
		return codeOK
	}
	f := failureOf(err)
	text := strings.TrimPrefix(f.Error(), "gomas: ") // errors of the library begin with it
	_, _ = fmt.Fprintf(env.stderr, "gomas: %s\n", printable(text))
	if f.hint != "" {
		_, _ = fmt.Fprintf(env.stderr, "  %s\n", printable(f.hint))
	}
	return f.code
}

// failureOf finds out which exit code an error of a call or a connection
// leads to, unless that is known.
func failureOf(err error) *failure {
	var (
		known    *failure
		remote   *rpc.RemoteError
		address  *transport.AddrError
		timeout  *channel.TimeoutError
		lost     *channel.LostError
		protocol *channel.ProtocolError
		record   tls.RecordHeaderError
		alert    tls.AlertError
		host     x509.HostnameError
		verify   *tls.CertificateVerificationError
	)
	switch {
	case errors.As(err, &known):
		return known
	case errors.Is(err, errInterrupted), errors.Is(err, context.Canceled):
		return &failure{codeInterrupted, errInterrupted, ""}
	case errors.As(err, &remote):
		return &failure{codeFailed, err, hintFor(remote)}
	case errors.As(err, &address):
		return &failure{codeUsage, err, ""}
	case errors.As(err, &timeout):
		return &failure{codeTimeout, err, "--timeout sets how long to wait; the call may have been executed"}
	case errors.As(err, &record):
		return &failure{codeForeign, err, hintPlain}
	case errors.As(err, &host):
		return &failure{codeForeign, err, "dial the peer by a name that its certificate is for, or make it one with gomas certs make"}
	case errors.As(err, &verify):
		return &failure{codeForeign, err, "--ca must hold the authority that signed the peer's certificate; gomas certs check tells more"}
	case errors.As(err, &alert), strings.Contains(err.Error(), "remote error: tls: "):
		return &failure{codeForeign, err, "the peer refused our certificate; gomas certs check looks at it"}
	case errors.As(err, &protocol):
		return &failure{codeForeign, err, "is that the address of an aiomas or gomas peer, and --codec the peer's?"}
	case errors.As(err, &lost):
		return &failure{codeUnreachable, err, "the peer, or the network, has cut the connection: the peer's log may say why"}
	}
	return &failure{codeFailed, err, ""}
}

const hintPlain = "the peer does not use TLS: leave out --ca, --cert and --key"

func hintFor(remote *rpc.RemoteError) string {
	if remote.Type == "LookupError" {
		return "gomas ls " + remote.Origin + " lists what there is"
	}
	return ""
}

// printable returns a text with what could confuse a terminal escaped as in
// JSON: peers may send anything.
func printable(text string) string {
	var b strings.Builder
	for _, r := range text {
		switch {
		case r == '\n' || r == '\t' || unicode.IsPrint(r):
			b.WriteRune(r)
		default:
			for _, unit := range utf16.Encode([]rune{r}) {
				fmt.Fprintf(&b, `\u%04x`, unit)
			}
		}
	}
	return b.String()
}

// inLine is printable for what must not begin a line of its own.
func inLine(text string) string {
	return strings.NewReplacer("\n", `\n`, "\t", `\t`).Replace(printable(text))
}
