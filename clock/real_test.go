package clock_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/gomas/gomas/clock"
)

func TestRealTimeNeverGoesBackAndIsOneForAll(t *testing.T) {
	last := clock.Real{}.Now()
	for range 1000 {
		now := clock.Real{}.Now()
		if now < last {
			t.Fatalf("%v after %v", now, last)
		}
		last = now
	}
}

func TestTheRealDateIsUTCAndWhatTheWallSays(t *testing.T) {
	before := time.Now().Round(0)
	date := clock.Real{}.Date()
	if date.Location() != time.UTC || date != date.Round(0) {
		t.Errorf("%v", date)
	}
	if date.Before(before) || date.After(time.Now().Round(0)) {
		t.Errorf("%v is not between %v and now", date, before)
	}
}

func TestRealTimersAreCalledWhenTheTimeHasCome(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var c clock.Real
		now, date := c.Now(), c.Date()
		at := make(chan time.Duration, 3)
		call := func() { at <- c.Now() - now }
		if _, err := c.At(now+2*time.Hour, call); err != nil {
			t.Error(err)
		}
		if _, err := c.In(time.Hour, call); err != nil {
			t.Error(err)
		}
		if _, err := clock.AtDate(c, date.Add(3*time.Hour), call); err != nil {
			t.Error(err)
		}
		for i := range time.Duration(3) {
			if got := <-at; got != (i+1)*time.Hour {
				t.Errorf("timer %d after %v", i, got)
			}
		}
		if got := c.Date().Sub(date); got != 3*time.Hour {
			t.Errorf("the date moved by %v", got)
		}
		if got := c.TimeOf(date); got != now {
			t.Errorf("the date at first was at %v, not %v", got, now)
		}
	})
}

func TestARealTimerThatIsStoppedIsNotCalled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var c clock.Real
		timer, err := c.In(time.Second, func() { t.Error("was called") })
		if err != nil || !timer.Stop() || timer.Stop() {
			t.Errorf("Stop counts once: %v", err)
		}
		if err := clock.Sleep(t.Context(), c, time.Minute); err != nil {
			t.Error(err)
		}
	})
}

func TestRealTimersInThePastAreErrors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var c clock.Real
		never := func() { t.Error("was called") }
		now := c.Now()
		_, err := c.At(now, never)
		wantPast(t, "At", err, now, now)
		_, err = c.In(0, never)
		wantPast(t, "In", err, now, now)
		_, err = c.In(-1, never)
		wantPast(t, "In", err, now-1, now)
		_, err = clock.AtDate(c, c.Date().Add(-time.Hour), never)
		wantPast(t, "AtDate", err, now-time.Hour, now)
		synctest.Wait()
	})
}
