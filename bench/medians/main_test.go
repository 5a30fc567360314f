package main

import (
	"strings"
	"testing"
)

func TestEachBenchmarkIsALineOfMedians(t *testing.T) {
	const runs = `
goos: linux
BenchmarkA/one-2   	 1000	 30 ns/op	 12.5 MB/s	 3 allocs/op
BenchmarkB-2       	 1000	 7.5 ns/op	 100 bytes	 0 allocs/op
PASS
BenchmarkA/one-2   	 1000	 10 ns/op	 37.5 MB/s	 3 allocs/op
BenchmarkA/one-2   	 1000	 90 ns/op	 4.5 MB/s	 4 allocs/op
`
	const want = `| benchmark | ns | fastest | MB/s | bytes | % | allocations |
|---|--:|--:|--:|--:|--:|--:|
| A/one-2 | 30 | 10 | 12.5 |  |  | 3 |
| B-2 | 7.5 | 7.5 |  | 100 |  | 0 |
`
	var got strings.Builder
	if err := run(strings.NewReader(runs), &got); err != nil || got.String() != want {
		t.Errorf("got %v\n%s", err, &got)
	}
	if err := run(strings.NewReader("BenchmarkA 1 x ns/op"), &got); err == nil {
		t.Error("a time that is no number is accepted")
	}
}
