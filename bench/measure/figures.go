package measure

// Figures are what was measured. Those that a work does not have are 0.
type Figures struct {
	P50    float64 `json:"p50,omitempty"`    // ns from a call to its answer, of half of the calls
	P99    float64 `json:"p99,omitempty"`    // ns, of 99 of 100 calls
	Rate   float64 `json:"rate,omitempty"`   // calls a second of all callers together
	Allocs float64 `json:"allocs,omitempty"` // for each call, of both ends together
	Bytes  float64 `json:"bytes,omitempty"`  // that these take
	CPU    float64 `json:"cpu,omitempty"`    // ns of both ends together, of all cores, for each call
	Idle   float64 `json:"idle,omitempty"`   // bytes of memory of an idle connection, both ends, or of an idle actor
	Made   float64 `json:"made,omitempty"`   // actors made a second
}
