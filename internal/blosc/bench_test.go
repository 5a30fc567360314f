package blosc

import (
	"fmt"
	"testing"
)

func BenchmarkDecode(b *testing.B) {
	for _, r := range readRecorded(b, "chunks.jsonl") {
		if len(r.Raw) >= 500 {
			b.Run("from C/"+r.Name, func(b *testing.B) { benchmarkDecode(b, r.Chunk, len(r.Raw)) })
		}
	}
	eachMessage(b, func(b *testing.B, src []byte) {
		chunk, err := Append(nil, src)
		if err != nil {
			b.Fatal(err)
		}
		benchmarkDecode(b, chunk, len(src))
	})
}

func benchmarkDecode(b *testing.B, chunk []byte, size int) {
	dst := make([]byte, 0, size)
	b.SetBytes(int64(size))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Decode(dst, chunk, size); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAppend(b *testing.B) {
	eachMessage(b, func(b *testing.B, src []byte) {
		dst := make([]byte, 0, headerSize+len(src))
		b.SetBytes(int64(len(src)))
		b.ReportAllocs()
		for b.Loop() {
			if _, err := Append(dst, src); err != nil {
				b.Fatal(err)
			}
		}
		chunk, err := Append(dst, src)
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(100*float64(len(chunk))/float64(len(src)), "%size")
	})
}

func eachMessage(b *testing.B, run func(b *testing.B, src []byte)) {
	for _, name := range []string{"records", "floats", "measurements", "array in a bin", "text", "random"} {
		for _, size := range []int{100, 1000, 10_000, 100_000} {
			b.Run(fmt.Sprintf("%s/%d", name, size), func(b *testing.B) { run(b, kinds[name](size)) })
		}
	}
}
