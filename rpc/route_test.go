package rpc_test

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/gomas/gomas/rpc"
)

var errShut = errors.New("shut")

// offering returns a service with a function that tells its number.
func offering(n int) *rpc.Service {
	svc := rpc.NewService()
	number.Handle(svc, func(context.Context) (int, error) { return n, nil })
	return svc
}

const number rpc.Func0[int] = "number()"

// tree returns a root that remembers what is called, and a service two below it.
func tree() (root, middle, leaf *rpc.Service) {
	root, middle, leaf = rpc.NewService(), rpc.NewService(), offering(1)
	root.Inside(&rpc.Options{})
	root.Mount("middle", middle)
	middle.Mount("leaf", leaf)
	return root, middle, leaf
}

func callLeaf(t *testing.T, root *rpc.Service) (int, error) {
	t.Helper()
	return rpc.Call[int](t.Context(), root.Remote(), "middle/leaf/number")
}

func TestAFunctionThatHasBeenCalledCannotBeCalledWhenItsServiceIsGone(t *testing.T) {
	for name, test := range map[string]struct {
		end  func(root, middle, leaf *rpc.Service)
		want string // type of the failure
	}{
		"unmounted":                     {func(_, middle, _ *rpc.Service) { middle.Unmount("leaf") }, "LookupError"},
		"what it is in was unmounted":   {func(root, _, _ *rpc.Service) { root.Unmount("middle") }, "LookupError"},
		"closed":                        {func(_, _, leaf *rpc.Service) { leaf.Close(errShut) }, "Error"},
		"what it is in was closed":      {func(_, middle, _ *rpc.Service) { middle.Close(errShut) }, "Error"},
		"all was closed":                {func(root, _, _ *rpc.Service) { root.Close(errShut) }, "Error"},
		"closed after it was unmounted": {func(_, middle, leaf *rpc.Service) { middle.Unmount("leaf"); leaf.Close(errShut) }, "LookupError"},
	} {
		t.Run(name, func(t *testing.T) {
			root, middle, leaf := tree()
			for range 3 {
				if n, err := callLeaf(t, root); n != 1 || err != nil {
					t.Fatalf("got %d, %v", n, err)
				}
			}
			test.end(root, middle, leaf)
			_, err := callLeaf(t, root)
			if failure, ok := errors.AsType[*rpc.RemoteError](err); !ok || failure.Type != test.want {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestAServiceThatTakesThePlaceOfAnotherIsCalledInItsStead(t *testing.T) {
	root, middle, _ := tree()
	for n := 1; n < 5; n++ {
		if got, err := callLeaf(t, root); got != n || err != nil {
			t.Fatalf("got %d, %v, want %d", got, err, n)
		}
		middle.Unmount("leaf")
		middle.Mount("leaf", offering(n+1))
	}
}

func TestNoCallThatBeginsAfterItsServiceIsGoneFindsIt(t *testing.T) {
	root, middle, _ := tree()
	var wg sync.WaitGroup
	stop := make(chan struct{})
	for range 2 { // who call all the time
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
					_, _ = callLeaf(t, root)
				}
			}
		})
	}
	for n := range 2000 {
		middle.Unmount("leaf")
		if got, err := callLeaf(t, root); err == nil {
			t.Errorf("round %d: still there: %d", n, got)
			break
		}
		middle.Mount("leaf", offering(n))
		if got, err := callLeaf(t, root); got != n || err != nil {
			t.Errorf("round %d: got %d, %v", n, got, err)
			break
		}
	}
	close(stop)
	wg.Wait()
}

// hall is a collection that counts how often it is asked.
type hall struct {
	shelf
	asked *int
}

func (h hall) Find(name []byte) (*rpc.Service, error) {
	*h.asked++
	return h.shelf.Find(name)
}

// archive is one whose services last.
type archive struct{ hall }

func (archive) Lasts() {}

func TestOnlyACollectionWhoseServicesLastIsNotAskedAgain(t *testing.T) {
	for name, test := range map[string]struct {
		make func(hall) rpc.Collection
		want int
	}{
		"changing": {func(h hall) rpc.Collection { return h }, 3},
		"lasting":  {func(h hall) rpc.Collection { return archive{h} }, 1},
	} {
		t.Run(name, func(t *testing.T) {
			root, middle, asked, book := rpc.NewService(), rpc.NewService(), 0, offering(1)
			books := shelf{"leaf": book}
			root.Inside(&rpc.Options{})
			root.Mount("middle", middle)
			middle.Collect(test.make(hall{books, &asked}))
			if err := middle.Reserve("leaf", book); err != nil {
				t.Fatal(err)
			}
			for range 3 {
				if n, err := callLeaf(t, root); n != 1 || err != nil {
					t.Fatalf("got %d, %v", n, err)
				}
			}
			if asked != test.want {
				t.Errorf("asked %d times, want %d", asked, test.want)
			}
			delete(books, "leaf")
			book.Close(errShut)
			_, err := callLeaf(t, root)
			wantFailure(t, err, "LookupError", `Name "leaf" not found in "middle"`)
		})
	}
}

func TestInterceptorsStandAroundEachCallOfAFunctionThatIsRemembered(t *testing.T) {
	root, middle, leaf := tree()
	var notes []string
	for _, svc := range []*rpc.Service{root, middle, leaf} {
		svc.Intercept(noting(&notes, "around"))
	}
	for i := range 3 {
		if n, err := callLeaf(t, root); n != 1 || err != nil || len(notes) != 6*(i+1) || notes[0] != "around middle/leaf/number" {
			t.Errorf("got %d, %v, %q", n, err, notes)
		}
	}
}

func TestAServiceThatIsARootAgainHasForgottenWhatItHadBefore(t *testing.T) {
	for name, gone := range map[string]func(root, leaf *rpc.Service){
		"unmounted": func(root, _ *rpc.Service) { root.Unmount("leaf") },
		"closed":    func(_, leaf *rpc.Service) { leaf.Close(errShut) },
		"replaced": func(root, _ *rpc.Service) {
			root.Unmount("leaf")
			root.Mount("leaf", offering(2))
		},
	} {
		t.Run(name, func(t *testing.T) {
			above, root, leaf := rpc.NewService(), rpc.NewService(), offering(1)
			root.Inside(&rpc.Options{})
			root.Mount("leaf", leaf)
			call := func() (int, error) { return rpc.Call[int](t.Context(), root.Remote(), "leaf/number") }
			if n, err := call(); n != 1 || err != nil {
				t.Fatal(n, err)
			}
			above.Mount("root", root)
			gone(root, leaf)
			want, failure := call()
			above.Unmount("root")
			if got, err := call(); got != want || (err == nil) != (failure == nil) {
				t.Errorf("got %d, error %v, want %d, error %v", got, err, want, failure)
			}
		})
	}
}
