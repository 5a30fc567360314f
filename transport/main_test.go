package transport

import (
	"context"
	"fmt"
	"io"
	"os"
	"runtime"
	"testing"

	"go.uber.org/goleak"
)

// listenAs, set in the environment, makes the test binary a server on that
// address instead: see startServer.
const listenAs = "GOMAS_TEST_LISTEN"

func TestMain(m *testing.M) {
	if addr, ok := os.LookupEnv(listenAs); ok {
		serveUntilStdinCloses(addr)
		return
	}
	goleak.VerifyTestMain(m)
}

// serveUntilStdinCloses listens and says on standard output how that went. It
// leaves without cleaning up.
func serveUntilStdinCloses(addr string) {
	a, err := ParseAddr(addr)
	if err != nil {
		fmt.Println(err)
		return
	}
	ln, shown, err := listenSocket(context.Background(), a)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("listening on", shown)
	if _, err := io.Copy(io.Discard, os.Stdin); err != nil {
		fmt.Println(err)
	}
	runtime.KeepAlive(ln)
}
