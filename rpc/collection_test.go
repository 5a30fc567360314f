package rpc_test

import (
	"errors"
	"iter"
	"maps"
	"testing"

	"github.com/gomas/gomas/rpc"
)

// shelf is a collection that nobody changes.
type shelf map[string]*rpc.Service

var errLent = errors.New("it is lent")

func (s shelf) Find(name []byte) (*rpc.Service, error) {
	if string(name) == "lent" {
		return nil, errLent
	}
	return s[string(name)], nil
}

func (s shelf) All() (n int, names iter.Seq[string]) { return len(s), maps.Keys(s) }

func TestTheServicesOfACollectionAreReachedAsMountedOnes(t *testing.T) {
	inner := rpc.NewService()
	inner.Mount("deep", calculator())
	books := shelf{"book": calculator(), "box": inner}
	svc := calculator()
	svc.Collect(books)
	svc.Handle("lent", func() string { return "a function of that name" })
	for name, sub := range books {
		if err := svc.Reserve(name, sub); err != nil {
			t.Fatal(err)
		}
	}
	root := rpc.NewService()
	root.Mount("shelf", svc)
	for name, r := range map[string]rpc.Remote{"within": root.Remote(), "over a connection": remote(t, root)} {
		t.Run(name, func(t *testing.T) {
			mustAdd(t, r.Sub("shelf"))
			mustAdd(t, r.Sub("shelf/book"))
			mustAdd(t, r.Sub("shelf/box/deep"))
			_, err := add.Call(t.Context(), r.Sub("shelf/lent"), 3, 4)
			wantFailure(t, err, "LookupError", `Name "add" not found in "shelf/lent"`)
			_, err = add.Call(t.Context(), r.Sub("shelf/none"), 3, 4)
			wantFailure(t, err, "LookupError", `Name "none" not found in "shelf"`)
			d, err := rpc.Describe(t.Context(), r.Sub("shelf"))
			if err != nil || len(d.Functions) != 2 || len(d.Services) != 2 || d.Services[0] != "box" || d.More != 0 {
				t.Errorf("%+v, %v", d, err)
			}
		})
	}
	if own := root.Remote().Sub("shelf/book").Service(); own != books["book"] {
		t.Error("the path leads elsewhere")
	}
	if err := svc.TryMount("more", rpc.NewService()); err == nil {
		t.Error("a service was mounted beside the collection")
	}
}

func TestACollectionSaysWhyAServiceIsMissing(t *testing.T) {
	svc := rpc.NewService()
	svc.Collect(shelf{})
	_, err := add.Call(t.Context(), remote(t, svc).Sub("lent"), 3, 4)
	wantFailure(t, err, "Error", "it is lent")
}
