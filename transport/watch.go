package transport

import "time"

// A deadline for each read and write would cost more than many a frame does.
// So there are counters instead, of which most are moved under locks that are
// taken anyway, and a timer that looks now and then whether they move.

// watch is what a stream needs to hold its time limits. The fields are
// guarded by the stream's mutex.
type watch struct {
	every time.Duration // between two looks
	timer *time.Timer   // nil before the first
	armed bool          // the timer runs

	frame, write, silence standstill
}

// standstill is how long a counter has not moved.
type standstill struct {
	at    uint64
	since time.Time // zero if there was nothing to wait for
}

// over reports whether the counter has not moved for as long as the limit,
// although there was something to wait for each time.
func (s *standstill) over(waiting bool, counter uint64, now time.Time, limit time.Duration) bool {
	switch {
	case !waiting || limit <= 0:
		s.since = time.Time{}
	case s.since.IsZero() || s.at != counter:
		s.at, s.since = counter, now
	default:
		return now.Sub(s.since) >= limit
	}
	return false
}

// looks returns how often to look: often enough to be late by at most half of
// the shortest limit.
func (l *Limits) looks() time.Duration {
	var shortest time.Duration
	for _, d := range []time.Duration{l.FrameTime, l.WriteTime, l.Idle} {
		if d > 0 && (shortest == 0 || d < shortest) {
			shortest = d
		}
	}
	return max(shortest/4, time.Millisecond)
}

// arm starts the timer, under the mutex, because there is something to wait
// for that has this limit.
func (s *stream) arm(limit time.Duration) {
	if limit <= 0 || s.watch.armed || s.finished {
		return
	}
	s.watch.armed = true
	if s.watch.timer == nil {
		s.watch.timer = time.AfterFunc(s.watch.every, s.look)
	} else {
		s.watch.timer.Reset(s.watch.every)
	}
}

// look ends the link if a limit is exceeded.
func (s *stream) look() {
	s.mu.Lock()
	defer s.mu.Unlock()
	w := &s.watch
	w.armed = false
	if s.closing || s.finished || s.failed != nil {
		return
	}
	now := time.Now()
	var late *TimeError
	switch {
	case w.frame.over(s.begun != 0, s.begun, now, s.limits.FrameTime):
		late = &TimeError{"frame not complete", s.limits.FrameTime}
	case w.write.over(s.writing, s.written, now, s.limits.WriteTime):
		late = &TimeError{"output not taken", s.limits.WriteTime}
	case w.silence.over(true, s.reads.Load(), now, s.limits.Idle):
		late = &TimeError{"nothing received", s.limits.Idle}
	}
	if late != nil {
		s.failed = late
		_ = s.nc.SetDeadline(longAgo) // ends both reading and writing
		return
	}
	if s.begun != 0 {
		s.arm(s.limits.FrameTime)
	}
	if s.writing {
		s.arm(s.limits.WriteTime)
	}
	s.arm(s.limits.Idle)
}
