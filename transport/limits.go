package transport

import (
	"fmt"
	"time"
)

// Limits bound what a link takes on, and how long it waits for the other end.
//
// The times are looked after a few times within the shortest of them, which
// costs next to nothing. So a link ends with a *[TimeError] not before its
// time, and at the latest half as much later again. 0 is no limit.
type Limits struct {
	Frame  int // bytes that the payload of an arriving frame may have
	Output int // bytes queued for writing above which the link is full

	// FrameTime is how long a frame may take to arrive once it has begun. A
	// large one may take that long for each MiB of it.
	FrameTime time.Duration

	// WriteTime is how long the other end may take nothing of what is
	// written. It must take 256 KiB within that time, or all there is.
	WriteTime time.Duration

	// Idle is how long nothing at all may be received.
	Idle time.Duration
}

// TimeError reports that the other end took too long.
type TimeError struct {
	What  string        // what did not happen: "frame not complete"
	After time.Duration // the limit
}

func (e *TimeError) Error() string { return fmt.Sprintf("%s after %v", e.What, e.After) }

// Timeout returns true, as the errors of package net do for a deadline.
func (e *TimeError) Timeout() bool { return true }

// FrameError reports bytes that are no frame.
type FrameError struct {
	Size  uint32 // the length that was announced
	Limit int
}

func (e *FrameError) Error() string {
	if e.Size == 0 {
		return "frame of length 0"
	}
	text := fmt.Sprintf("frame of %d bytes, limit %d", e.Size, e.Limit)
	if spoken := protocol(e.Size); spoken == "TLS" || spoken == "HTTP" {
		text += "; the other end seems to speak " + spoken
	}
	return text
}
