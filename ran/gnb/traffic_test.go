// SPDX-License-Identifier: Apache-2.0

package gnb

import (
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/neuroran/neuroran/phy/nr"
)

// TestTrafficRates compares the bytes of many packets with the rate that was asked for.
func TestTrafficRates(t *testing.T) {
	for _, c := range []struct {
		text string
		want float64 // Mbit/s
	}{{"periodic:2", 2}, {"poisson:3", 3}, {"ftp3:8", 8}, {"onoff:4", 2}} {
		t.Run(c.text, func(t *testing.T) {
			traffic, err := ParseTraffic(c.text)
			if err != nil {
				t.Fatal(err)
			}
			s, err := NewSource(traffic, 7)
			if err != nil {
				t.Fatal(err)
			}
			const packets = 40000
			bytes, last := 0, time.Duration(0)
			for range packets {
				p, ok := s.Next()
				if !ok || p.At < last || p.Bytes <= 0 {
					t.Fatalf("got %v after %v", p, last)
				}
				bytes, last = bytes+p.Bytes, p.At
			}
			if got := float64(bytes) * 8 / last.Seconds() / 1e6; math.Abs(got/c.want-1) > 0.05 {
				t.Errorf("%g Mbit/s, want %g (seed 7)", got, c.want)
			}
		})
	}
}

// TestTrafficRefuses lists what is no traffic.
func TestTrafficRefuses(t *testing.T) {
	for _, text := range []string{"", "fast", "poisson", "poisson:", "poisson:x", "poisson:-1", "poisson:NaN", "periodic:0", "full:3", "recorded"} {
		if _, err := ParseTraffic(text); err == nil {
			t.Errorf("%q: accepted", text)
		}
	}
	if _, err := ParseTraffic(filepath.Join(t.TempDir(), "none.csv")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}

// TestReadPackets reads a recording and plays it twice.
func TestReadPackets(t *testing.T) {
	packets, err := ReadPackets(strings.NewReader("# camera\ntime_s,bytes\n10.5,100\n10.5,200\n\n10.7, 300\n"))
	if err != nil {
		t.Fatal(err)
	}
	want := []Packet{{0, 100}, {0, 200}, {200 * time.Millisecond, 300}}
	if diff := cmp.Diff(want, packets, cmp.Comparer(func(a, b time.Duration) bool { return (a - b).Abs() < time.Microsecond })); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	s, err := NewSource(Traffic{Pattern: Recorded, Packets: packets}, 0)
	if err != nil {
		t.Fatal(err)
	}
	last := time.Duration(-1)
	for i := range 6 {
		p, _ := s.Next()
		if p.Bytes != want[i%3].Bytes || p.At < last {
			t.Errorf("packet %d: got %v after %v", i, p, last)
		}
		last = p.At
	}
}

// TestReadPacketsRefuses lists files that are refused with the line that is wrong.
func TestReadPacketsRefuses(t *testing.T) {
	for text, line := range map[string]string{
		"":                               "line 0",
		"time_s,bytes\n":                 "line 1",
		"1,2\n":                          "line 1: header",
		"time_s,bytes\n1\n":              "line 2: columns",
		"time_s,bytes\nx,1\n":            "line 2: time_s",
		"time_s,bytes\nNaN,1\n":          "line 2: time_s",
		"time_s,bytes\n1e9,1\n":          "line 2: time_s",
		"time_s,bytes\n1,0\n":            "line 2: bytes",
		"time_s,bytes\n1,1.5\n":          "line 2: bytes",
		"time_s,bytes\n1,1,1\n":          "line 2: bytes",
		"time_s,bytes\n2,1\n1,1\n":       "line 3: time_s",
		"time_s,bytes\n1,999999999999\n": "line 2: bytes",
	} {
		_, err := ReadPackets(strings.NewReader(text))
		var field *nr.FieldError
		if !errors.As(err, &field) || !strings.Contains(field.Field, line) {
			t.Errorf("%q: got %v, want %s", text, err, line)
		}
	}
}

// FuzzReadPackets reads anything; what is accepted is in order and can be played.
func FuzzReadPackets(f *testing.F) {
	f.Add("time_s,bytes\n1,2\n3,4\n")
	f.Add("# x\n\ntime_s,bytes\n-1e6,268435456\n1e6,1\n")
	f.Add("time_s,bytes\n0x1p-3,1\n")
	f.Fuzz(func(t *testing.T, text string) {
		packets, err := ReadPackets(strings.NewReader(text))
		if err != nil {
			return
		}
		s, err := NewSource(Traffic{Pattern: Recorded, Packets: packets}, 1)
		if err != nil {
			t.Fatal(err)
		}
		last := time.Duration(0)
		for range min(2*len(packets)+1, 1000) {
			p, ok := s.Next()
			if !ok || p.At < last || p.Bytes < 1 || p.Bytes > maxPacketBytes {
				t.Fatalf("got %v after %v", p, last)
			}
			last = p.At
		}
	})
}

// TestQueue sends packets in blocks that arrive out of order, and loses one.
func TestQueue(t *testing.T) {
	var q queue
	for i := range 3 {
		q.push(Packet{time.Duration(i), 100})
	}
	a, b := q.take(150)
	c, d := q.take(1000)
	if a != 0 || b != 150 || c != 150 || d != 300 || q.waiting() != 0 {
		t.Fatalf("ranges %d to %d, %d to %d; %d wait", a, b, c, d, q.waiting())
	}
	var told []bool
	tell := func(p *pending) { told = append(told, p.lost) }
	q.settle(c, d, true, tell)
	if diff := cmp.Diff([]bool{true}, told); diff != "" { // the last one; the second misses a half
		t.Error(diff)
	}
	q.settle(a, b, false, tell)
	if diff := cmp.Diff([]bool{true, false, true}, told); diff != "" {
		t.Error(diff)
	}
	if len(q.packets) != 0 {
		t.Errorf("%d packets are left", len(q.packets))
	}
}
