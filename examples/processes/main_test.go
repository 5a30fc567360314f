package main

import (
	"os"
	"strings"
	"testing"
)

func TestMain(m *testing.M) {
	if os.Getenv("GOMAS_PROCESS") != "" {
		main() // as one of the processes that the example starts
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func TestBobBuysInAnotherProcessUntilAdaHasNoMore(t *testing.T) {
	var out strings.Builder
	if err := run(t.Context(), &out); err != nil {
		t.Fatal(err)
	}
	const want = "at 1h0m0s, Bob gets 2 of 2 kW\nat 2h0m0s, Bob gets 2 of 2 kW\nat 3h0m0s, Bob gets 1 of 2 kW\n"
	if out.String() != want {
		t.Errorf("it prints\n%s", out.String())
	}
}
