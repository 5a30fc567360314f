package local

import (
	"fmt"
	"math"
	"math/rand/v2"
	"time"
)

// Link is what a connection is like in one direction. The zero value delivers
// frames at once.
type Link struct {
	// Delay is how long a frame is on its way, nil for no time. Frames do not
	// overtake each other all the same.
	Delay Delay

	// Bandwidth is how many bytes pass in a second; 0 is any number. Each
	// connection has it to itself.
	Bandwidth float64

	// Loss is the probability of each frame to get lost. Since a connection
	// carries all frames or ends, it breaks.
	Loss float64
}

// Delay tells how long a frame is on its way.
type Delay func(Packet) time.Duration

// Packet is a frame on its way, as a [Delay] sees it.
type Packet struct {
	From, To string // ids of containers
	Size     int    // in bytes, 0 for connecting
	Rand     *rand.Rand
}

// Fixed is a delay that is always the same.
func Fixed(d time.Duration) Delay { return func(Packet) time.Duration { return d } }

// Uniform is a delay from min up to, and not including, max.
func Uniform(min, max time.Duration) Delay {
	return func(p Packet) time.Duration {
		if max <= min {
			return min
		}
		return min + time.Duration(p.Rand.Int64N(int64(max-min)))
	}
}

// Normal is a delay with a normal distribution, cut off at no time.
func Normal(mean, deviation time.Duration) Delay {
	return func(p Packet) time.Duration {
		return time.Duration(math.Max(0, float64(mean)+p.Rand.NormFloat64()*float64(deviation)))
	}
}

// direction is one direction of a connection that is not perfect.
type direction struct {
	model    Link
	from, to string
	rand     *rand.Rand
	busy     time.Duration // until when the bandwidth is taken
	last     time.Duration // when the last frame arrives
}

// direction returns what a new connection is like in one direction, nil if it is
// perfect.
func (n *Network) direction(from, to string) *direction {
	if n.options.Links == nil || from == to {
		return nil
	}
	model := n.options.Links(from, to)
	if model.Delay == nil && model.Bandwidth <= 0 && model.Loss <= 0 {
		return nil
	}
	p := pair{from, to}
	n.mu.Lock()
	n.pairs[p]++
	made := n.pairs[p]
	n.mu.Unlock()
	return &direction{
		model: model, from: from, to: to,
		rand: n.world.Rand(fmt.Sprintf("link %s>%s %d", from, to, made)),
	}
}

// time draws how long a frame is on its way.
func (d *direction) time(size int) time.Duration {
	if d == nil || d.model.Delay == nil {
		return 0
	}
	return max(0, d.model.Delay(Packet{From: d.from, To: d.to, Size: size, Rand: d.rand}))
}

// send returns when a frame arrives that is sent now, unless it gets lost.
func (d *direction) send(now time.Duration, size int) (at time.Duration, lost bool) {
	if size > 0 && d.model.Loss > 0 && d.rand.Float64() < d.model.Loss {
		return 0, true
	}
	at = now
	if d.model.Bandwidth > 0 {
		takes := math.Ceil(float64(size) * float64(time.Second) / d.model.Bandwidth)
		d.busy = later(max(d.busy, now), time.Duration(min(takes, math.MaxInt64/2)))
		at = d.busy
	}
	d.last = max(d.last, later(at, d.time(size)))
	return d.last, false
}

// later returns the time d after t, which are not negative, or the last that
// there is.
func later(t, d time.Duration) time.Duration {
	if d > math.MaxInt64-t {
		return math.MaxInt64
	}
	return t + d
}
