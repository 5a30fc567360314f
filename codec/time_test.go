package codec_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/gomas/gomas/codec"
)

func TestDatesAreWrittenAsPythonWritesThem(t *testing.T) {
	for want, date := range map[string]time.Time{
		"2010-03-27T00:00:00+01:00":           time.Date(2010, 3, 27, 0, 0, 0, 0, time.FixedZone("CET", 3600)),
		"2010-03-27T12:34:56.000789+00:00":    time.Date(2010, 3, 27, 12, 34, 56, 789_000, time.UTC),
		"2010-03-27T12:34:56.500000+00:00":    time.Date(2010, 3, 27, 12, 34, 56, 5e8, time.UTC),
		"2010-03-27T12:34:56.000000789+00:00": time.Date(2010, 3, 27, 12, 34, 56, 789, time.UTC),
		"0001-01-01T00:00:00+00:00":           {},
		"9999-12-31T23:59:59-03:30":           time.Date(9999, 12, 31, 23, 59, 59, 0, time.FixedZone("", -12600)),
		"1880-01-01T00:00:00+00:53:28":        time.Date(1880, 1, 1, 0, 0, 0, 0, time.FixedZone("LMT", 3208)),
	} {
		got, err := codec.AppendTime([]byte("x"), date)
		if err != nil || string(got) != "x"+want {
			t.Errorf("%v is %s, %v, want %s", date, got, err, want)
		}
	}
	for _, year := range []int{0, -1, 10000} {
		if got, err := codec.AppendTime(nil, time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC)); err == nil {
			t.Errorf("year %d is %s", year, got)
		}
	}
}

func TestDatesAreReadInEveryFormThatPythonAccepts(t *testing.T) {
	cet := time.FixedZone("", 3600)
	for text, want := range map[string]time.Time{
		"2010-03-27T01:02:03+01:00":       time.Date(2010, 3, 27, 1, 2, 3, 0, cet),
		"2010-03-27T01:02:03+0100":        time.Date(2010, 3, 27, 1, 2, 3, 0, cet),
		"2010-03-27T01:02:03+01":          time.Date(2010, 3, 27, 1, 2, 3, 0, cet),
		"2010-03-27 01:02:03+01:00":       time.Date(2010, 3, 27, 1, 2, 3, 0, cet),
		"2010-03-27T01:02:03Z":            time.Date(2010, 3, 27, 1, 2, 3, 0, time.UTC),
		"2010-03-27T01:02:03":             time.Date(2010, 3, 27, 1, 2, 3, 0, time.UTC),
		"2010-03-27T01:02":                time.Date(2010, 3, 27, 1, 2, 0, 0, time.UTC),
		"2010-03-27T01":                   time.Date(2010, 3, 27, 1, 0, 0, 0, time.UTC),
		"2010-03-27":                      time.Date(2010, 3, 27, 0, 0, 0, 0, time.UTC),
		"20100327":                        time.Date(2010, 3, 27, 0, 0, 0, 0, time.UTC),
		"20100327T010203Z":                time.Date(2010, 3, 27, 1, 2, 3, 0, time.UTC),
		"20100327T0102+0100":              time.Date(2010, 3, 27, 1, 2, 0, 0, cet),
		"2010-03-27T01:02:03.5Z":          time.Date(2010, 3, 27, 1, 2, 3, 5e8, time.UTC),
		"2010-03-27T01:02:03,000789Z":     time.Date(2010, 3, 27, 1, 2, 3, 789_000, time.UTC),
		"2010-03-27T01:02:03.0000007899Z": time.Date(2010, 3, 27, 1, 2, 3, 789, time.UTC),
		"2010-03-27T01:02:03-03:30":       time.Date(2010, 3, 27, 1, 2, 3, 0, time.FixedZone("", -12600)),
		"1880-01-01T00:00:00+00:53:28":    time.Date(1880, 1, 1, 0, 0, 0, 0, time.FixedZone("", 3208)),
		"2012-02-29T23:59:59-00:00":       time.Date(2012, 2, 29, 23, 59, 59, 0, time.UTC),
	} {
		got, err := codec.ParseTime(text)
		_, gotOffset := got.Zone()
		_, wantOffset := want.Zone()
		if err != nil || !got.Equal(want) || gotOffset != wantOffset {
			t.Errorf("%s is %v, %v, want %v", text, got, err, want)
		}
	}
}

func TestTextThatIsNoDateIsRefused(t *testing.T) {
	for _, text := range []string{
		"", "today", "2010", "2010-03", "2010-3-27", "2010-0327", "201003-27", "0000-01-01", "2010-02-29", "2010-13-01", "2010-00-01", "2010-01-00", "2010-06-31",
		"2010-03-27T", "2010-03-27T1", "2010-03-27T24:00", "2010-03-27T01:60", "2010-03-27T01:02:60", "2010-03-27T01:02:03.", "2010-03-27T01:02:03.Z",
		"2010-03-27T01:02:03+", "2010-03-27T01:02:03+1", "2010-03-27T01:02:03+25:00", "2010-03-27T01:02:03+01:60", "2010-03-27T01:02:03ZZ", "2010-03-27T01:02:03 Z",
		"2010-03-27x", "2010-03-27Z", "2010-03-27T01:0203", "2010-03-27T0102:03", " 2010-03-27", "2010-03-27 ", "２010-03-27", "-010-03-27", "+2010-03-27",
	} {
		if got, err := codec.ParseTime(text); err == nil {
			t.Errorf("%q is %v", text, got)
		}
	}
}

func TestDatesComeBackAsTheyWere(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		zone := time.FixedZone("", rapid.IntRange(-23*3600, 23*3600).Draw(t, "offset"))
		date := time.Unix(rapid.Int64Range(-62135510400, 253402214400).Draw(t, "seconds"), rapid.Int64Range(0, 999_999_999).Draw(t, "nanoseconds")).In(zone)
		text, err := codec.AppendTime(nil, date)
		if err != nil {
			return // the offset led out of the years 1 to 9999
		}
		back, err := codec.ParseTime(string(text))
		if err != nil {
			t.Fatal(err)
		}
		again, err := codec.AppendTime(nil, back)
		if !back.Equal(date) || err != nil || string(again) != string(text) {
			t.Fatalf("%s comes back as %v, %s, %v", text, back, again, err)
		}
	})
}
