package channel

import (
	"cmp"
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// requestsModel does what requests does, in the simplest way.
type requestsModel struct {
	requests
	there []*Request
	gone  []*Request
}

func TestRequestsAreFoundByTheIdsThatThePeerGaveThem(t *testing.T) {
	// Few different ids, so that some are the same.
	ids := rapid.Custom(func(t *rapid.T) uint64 {
		return rapid.Uint64Range(0, 40).Draw(t, "id") << rapid.SampledFrom([]int{0, 0, 31, 58}).Draw(t, "shift")
	})
	rapid.Check(t, func(t *rapid.T) {
		m := new(requestsModel)
		t.Repeat(map[string]func(*rapid.T){
			"one comes": func(t *rapid.T) {
				r := &Request{id: ids.Draw(t, "id"), size: rapid.IntRange(0, 1000).Draw(t, "size")}
				m.add(r)
				m.there = append(m.there, r)
			},
			"many come": func(t *rapid.T) {
				first := ids.Draw(t, "first")
				for i := range rapid.IntRange(1, 100).Draw(t, "n") {
					r := &Request{id: first + uint64(i), size: 1}
					m.add(r)
					m.there = append(m.there, r)
				}
			},
			"one is answered": func(t *rapid.T) {
				if len(m.there) == 0 {
					t.Skip("none is there")
				}
				i := rapid.IntRange(0, len(m.there)-1).Draw(t, "i")
				r := m.there[i]
				m.there = slices.Delete(m.there, i, i+1)
				m.gone = append(m.gone, r)
				if !m.remove(r) {
					t.Fatalf("request %d was not there", r.id)
				}
			},
			"one is answered once more": func(t *rapid.T) {
				if len(m.gone) == 0 {
					t.Skip("none is gone")
				}
				if r := rapid.SampledFrom(m.gone).Draw(t, "request"); m.remove(r) {
					t.Fatalf("request %d was there twice", r.id)
				}
			},
			"one is looked for": func(t *rapid.T) {
				id := ids.Draw(t, "id")
				same := slices.ContainsFunc(m.there, func(r *Request) bool { return r.id == id })
				got := m.find(id)
				if (got != nil) != same || got != nil && (got.id != id || !slices.Contains(m.there, got)) {
					t.Fatalf("request %d: found %+v, is there: %v", id, got, same)
				}
			},
			"": func(t *rapid.T) {
				bytes := 0
				for _, r := range m.there {
					bytes += r.size
				}
				if m.n != len(m.there) || m.bytes != bytes {
					t.Fatalf("%d requests of %d bytes, want %d of %d", m.n, m.bytes, len(m.there), bytes)
				}
				all := m.all()
				if !slices.IsSortedFunc(all, func(a, b *Request) int { return cmp.Compare(a.id, b.id) }) {
					t.Fatal("not in the order of ids")
				}
				seen := make(map[*Request]bool)
				for _, r := range all {
					seen[r] = true
				}
				for _, r := range m.there {
					if !seen[r] {
						t.Fatalf("request %d is not among all", r.id)
					}
				}
				if len(all) != len(m.there) {
					t.Fatalf("%d requests, want %d", len(all), len(m.there))
				}
			},
		})
	})
}

// TestAPeerCannotChooseIdsThatAreSlowToFind tries ids that differ in some bits
// only.
func TestAPeerCannotChooseIdsThatAreSlowToFind(t *testing.T) {
	const n = 1 << 12
	for shift := range 64 - 12 + 1 {
		t.Run(fmt.Sprintf("multiples of 1<<%d", shift), func(t *testing.T) {
			var table requests
			for i := range uint64(n) {
				table.add(&Request{id: i << shift})
			}
			// Each is expected to share its chain with at most two others.
			compared := 0
			for _, r := range table.chains {
				for length := 1; r != nil; r = r.next {
					compared += length
					length++
				}
			}
			if compared > 20*n {
				t.Errorf("finding all of %d takes %d steps", n, compared)
			}
		})
	}
}

func BenchmarkRequests(b *testing.B) {
	var table requests
	window := make([]Request, 1000)
	for i := range window {
		window[i].id = uint64(i)
		table.add(&window[i])
	}
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		r := &window[i%len(window)]
		table.remove(r)
		r.id = uint64(i + len(window))
		table.add(r)
		if table.find(r.id) != r {
			b.Fatal("not found")
		}
		i++
	}
}
