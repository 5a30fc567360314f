package gomas_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/gomas/gomas"
	"github.com/gomas/gomas/clock"
	"github.com/gomas/gomas/rpc"
	"github.com/gomas/gomas/transport/local"
)

// A container forgets peers that are gone once it knows more of them than this,
// and more than twice as many as are there.
const fewPeers = 64

// inLocal runs fn in a local network, with a container.
func inLocal(t *testing.T, fn func(ctx context.Context, c *gomas.Container) error) {
	t.Helper()
	if err := local.Run(t.Context(), nil, func(ctx context.Context) error {
		c, err := gomas.NewContainer(ctx, "local://host", nil)
		if err != nil {
			return err
		}
		return fn(ctx, c)
	}); err != nil {
		t.Fatal(err)
	}
}

// visitor starts a container with a counter, to which c connects.
func visitor(ctx context.Context, c *gomas.Container, addr string) (*gomas.Container, rpc.Remote, error) {
	there, err := gomas.NewContainer(ctx, addr, nil)
	if err != nil {
		return nil, rpc.Remote{}, err
	}
	a, err := gomas.Spawn(ctx, there, newCounter)
	if err != nil {
		return nil, rpc.Remote{}, err
	}
	r, err := c.Connect(ctx, a.URL())
	return there, r, err
}

func TestPeersThatComeAndGoAreForgottenAndThoseThatStayAreNot(t *testing.T) {
	inLocal(t, func(ctx context.Context, c *gomas.Container) error {
		_, staying, err := visitor(ctx, c, "local://staying")
		if err != nil {
			return err
		}
		var going rpc.Remote
		for i := range 10 * fewPeers {
			there, r, err := visitor(ctx, c, fmt.Sprintf("local://going%d", i))
			if err != nil {
				return err
			}
			if _, err := add.Call(ctx, r, 1); err != nil {
				return err
			}
			if err := there.Shutdown(ctx); err != nil {
				return err
			}
			if i == 0 {
				going = r
			}
		}
		if lines, _ := c.Kept(); lines > fewPeers {
			t.Errorf("%d clients are kept", lines)
		}
		if n, err := add.Call(ctx, staying, 5); n != 5 || err != nil {
			t.Errorf("the one that has stayed says %v, %v", n, err)
		}
		if _, _, err := visitor(ctx, c, "local://going0"); err != nil {
			return err
		}
		if n, err := add.Call(ctx, going, 3); n != 3 || err != nil {
			t.Errorf("the first that has gone is back, and says %v, %v", n, err)
		}
		return nil
	})
}

func TestPeersThatWereNeverThereAreForgottenWhenTheyHaveHadTime(t *testing.T) {
	inLocal(t, func(ctx context.Context, c *gomas.Container) error {
		for i := range 10 * fewPeers {
			if _, err := c.Connect(ctx, fmt.Sprintf("local://nobody%d/0", i)); err == nil {
				t.Errorf("somebody is number %d", i)
			}
		}
		if lines, _ := c.Kept(); lines != 10*fewPeers {
			t.Errorf("%d clients are kept of those who might be asked again at once, want %d", lines, 10*fewPeers)
		}
		late := func() (n int, err error) {
			for i := range 10 * fewPeers {
				if _, _, err := visitor(ctx, c, fmt.Sprintf("local://late%d", i)); err != nil {
					return 0, err
				}
			}
			n, _ = c.Kept()
			return n, nil
		}
		if err := clock.Sleep(ctx, c.Clock(), time.Minute); err != nil {
			return err
		}
		n, err := late()
		if n != 10*fewPeers {
			t.Errorf("%d clients are kept, want those of the %d peers that are there", n, 10*fewPeers)
		}
		return err
	})
}

func TestNamesOfTypesAreKeptForTheLastAgentsOnly(t *testing.T) {
	const many = 4096
	inLocal(t, func(ctx context.Context, c *gomas.Container) error {
		there, first, err := visitor(ctx, c, "local://there")
		if err != nil {
			return err
		}
		last := first
		for range many {
			a, err := gomas.Spawn(ctx, there, newCounter)
			if err != nil {
				return err
			}
			if last, err = c.Connect(ctx, a.URL()); err != nil {
				return err
			}
			if _, err = c.Connect(ctx, a.URL()); err != nil { // counts once
				return err
			}
		}
		if _, names := c.Kept(); names != many {
			t.Errorf("%d names are kept, want %d", names, many)
		}
		if got := fmt.Sprint(first, last); got != "Proxy('local://there/0') counterProxy('"+last.URL()+"')" {
			t.Errorf("the first and the last are %s", got)
		}
		return nil
	})
}

func TestANameThatIsTooLongIsNotKept(t *testing.T) {
	c := container(t)
	other := rpc.NewService()
	other.Handle("validate_aid(aid)", func(string) string { return strings.Repeat("x", 1<<20) })
	srv, err := rpc.Listen(t.Context(), "tcp://127.0.0.1:0", other, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = srv.Close() }()
	r, err := c.Connect(soon(t), srv.Addr()+"/0")
	if err != nil {
		t.Fatal(err)
	}
	if got, want := r.String(), fmt.Sprintf("Proxy('%s/0')", srv.Addr()); got != want {
		t.Errorf("it prints as %.60s…, want %s", got, want)
	}
}

func TestACallThatComesWhileItsPeerIsForgottenConnectsAgain(t *testing.T) {
	c := container(t)
	a, err := gomas.Spawn(soon(t), container(t), newCounter)
	if err != nil {
		t.Fatal(err)
	}
	r, err := c.Connect(soon(t), a.URL())
	if err != nil {
		t.Fatal(err)
	}
	over, forgetting := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(forgetting)
		for {
			select {
			case <-over:
				return
			default:
				c.LetGo(t.Context())
			}
		}
	}()
	defer func() {
		close(over)
		<-forgetting
	}()
	for i := range 1000 {
		if n, err := add.Call(soon(t), r, 1); n != i+1 || err != nil {
			t.Fatalf("call %d: %d, %v", i+1, n, err)
		}
		conn, err := r.Peer().Connect(soon(t))
		if err != nil {
			t.Fatal(err)
		}
		_ = conn.Close()
	}
}
