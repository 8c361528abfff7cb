// SPDX-License-Identifier: Apache-2.0

//go:build linux

package isolate_test

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/neuroran/neuroran/placement/resource"
)

// TestNeighboursForMinutes plays a minute of slots alone, and one beside each neighbour,
// unprotected and protected, all by turns of five seconds, and prints a table. It takes
// nine minutes and wants a machine that has nothing else to do. What a sandbox may not do,
// how near to its lease it is ended, and what the host lacks is told by others:
//
//	NEURORAN_LONG=1 go test -run 'TestNeighboursForMinutes|TestMemory|TestAttempts|TestLacks' -v -timeout 15m .
//
// Unprotected, neighbours must make five times as many slots late, or it shows nothing;
// protected, two points more at most. A host on which a fifth of the unprotected slots are late
// without neighbours cannot show the first, and one whose processors others take neither.
func TestNeighboursForMinutes(t *testing.T) {
	if os.Getenv("NEURORAN_LONG") == "" {
		t.Skip("NEURORAN_LONG is not set")
	}
	lacks(t, resource.RealTime, resource.IdleClass)
	const turns, slots = 12, 5000
	x := minutes{all: append([]neighbour{nobody}, neighbours...)}
	x.late, x.peak = make([][2]float64, len(x.all)), make([]uint64, len(x.all))
	steps, taken := calibrate(), stolen(t)
	for turn := range turns {
		for i, n := range x.all {
			for k, p := range []protection{bare, held} {
				share, peak := play(t, p, n, steps, slots)
				x.late[i][k] += share
				if p.idle {
					x.peak[i] = max(x.peak[i], peak)
				}
			}
		}
		t.Logf("turn %d of %d: late so far, unprotected and protected, in %%: %.2f", turn+1, turns, x.percent(turn+1))
	}
	gone := taken()
	t.Logf("%d slots of %v each, in turns of %d; late in %%; %.2f %% of processor time was taken from the host", turns*slots, slotPeriod, slots, gone)
	t.Log("neighbour    unprotected  protected  memory, in % of the lease")
	late := x.percent(turns)
	for i, n := range x.all {
		t.Logf("%-12s %11.2f %10.2f %10.1f", n.name, late[i][0], late[i][1], 100*float64(x.peak[i])/neighbourMemory)
	}
	wrong, unshown := verdicts(x.all, late, 100.0/(turns*slots))
	say := t.Error
	if gone > 1 {
		say = func(what ...any) { t.Log("of a host whose processors others take: ", what) }
	}
	for _, x := range wrong {
		say(x)
	}
	for _, x := range unshown {
		t.Log("this host cannot show it: ", x)
	}
}

// minutes are what all turns show, by neighbour: the share of late slots, added up over turns,
// unprotected and protected, and the most memory that a protected neighbour has had.
type minutes struct {
	all  []neighbour
	late [][2]float64
	peak []uint64
}

// percent returns the shares over some turns.
func (x *minutes) percent(turns int) [][2]float64 {
	out := slices.Clone(x.late)
	for i := range out {
		for k := range out[i] {
			out[i][k] *= 100 / float64(turns)
		}
	}
	return out
}

// verdicts compares what is late beside each neighbour with what is late without, the first
// one, in per cent of which one slot is so much.
func verdicts(all []neighbour, late [][2]float64, one float64) (wrong, unshown []string) {
	alone := late[0]
	for i, n := range all[1:] {
		got := late[i+1]
		switch least := 5 * max(alone[0], one); {
		case least > 100:
			unshown = append(unshown, fmt.Sprintf("%s, unprotected: %.2f %% are late, and %.2f %% without", n.name, got[0], alone[0]))
		case got[0] < least:
			wrong = append(wrong, fmt.Sprintf("%s, unprotected: %.2f %% are late, want %.2f %% or it shows nothing", n.name, got[0], least))
		}
		if got[1] > alone[1]+2 {
			wrong = append(wrong, fmt.Sprintf("%s, protected: %.2f %% are late, want %.2f %% at most", n.name, got[1], alone[1]+2))
		}
	}
	return wrong, unshown
}

// TestVerdicts says no where neighbours show nothing, and where they are not held off.
func TestVerdicts(t *testing.T) {
	for _, c := range []struct {
		alone, beside  [2]float64
		wrong, unshown int
	}{
		{[2]float64{1, 0.1}, [2]float64{60, 1}, 0, 0}, {[2]float64{1, 0.1}, [2]float64{4, 1}, 1, 0},
		{[2]float64{1, 0.1}, [2]float64{60, 3}, 1, 0}, {[2]float64{0, 0}, [2]float64{0.001, 5}, 2, 0},
		{[2]float64{30, 0.1}, [2]float64{60, 1}, 0, 1}, {[2]float64{30, 0.1}, [2]float64{60, 3}, 1, 1},
	} {
		wrong, unshown := verdicts([]neighbour{nobody, neighbours[0]}, [][2]float64{c.alone, c.beside}, 0.001)
		if len(wrong) != c.wrong || len(unshown) != c.unshown {
			t.Errorf("%v beside %v: got %q and %q, want %d and %d of them", c.beside, c.alone, wrong, unshown, c.wrong, c.unshown)
		}
	}
}

// stolen returns a function that says which share of the processor time since then others on
// the same machine have taken from this host, in per cent: "cpu user nice system idle iowait
// irq softirq steal", in proc_stat(5).
func stolen(t *testing.T) func() float64 {
	t.Helper()
	read := func() (sum, taken float64) {
		text, err := os.ReadFile("/proc/stat")
		if err != nil {
			t.Fatal(err)
		}
		line, _, _ := strings.Cut(string(text), "\n")
		for i, word := range strings.Fields(line)[1:] {
			x, err := strconv.ParseFloat(word, 64)
			if err != nil {
				t.Fatal(err)
			}
			if i == 7 {
				taken = x
			}
			if i < 8 { // time of guests is in that of users
				sum += x
			}
		}
		return sum, taken
	}
	sum, taken := read()
	return func() float64 {
		now, gone := read()
		return 100 * (gone - taken) / max(now-sum, 1)
	}
}
