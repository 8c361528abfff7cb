// SPDX-License-Identifier: Apache-2.0

package resource

import (
	"fmt"
	"time"
)

// Basis says where joules come from. Of a sum it is the weaker one.
type Basis uint8

// Bases of an [Energy], from the stronger to the weaker.
const (
	NoBasis  Basis = iota // no joules yet
	Measured              // read from a counter of the hardware
	Modelled              // a [PowerModel] times the time in use
)

// String returns "measured", "modelled" or "none".
func (b Basis) String() string {
	switch b {
	case Measured:
		return "measured"
	case Modelled:
		return "modelled"
	}
	return "none"
}

// Energy is joules and where they come from.
type Energy struct {
	Joules float64 // how much
	Basis  Basis   // where that comes from
}

// Add returns the sum. It is measured only if both are.
func (e Energy) Add(f Energy) Energy { return Energy{e.Joules + f.Joules, max(e.Basis, f.Basis)} }

// String returns a form such as "12.5 J modelled".
func (e Energy) String() string { return fmt.Sprintf("%.4g J %v", e.Joules, e.Basis) }

// PowerModel is the power of a node without its accelerators, or of one accelerator, as
// a line from idle to busy: what is drawn depends on the share of time in use (Fan,
// Weber, Barroso: Power provisioning for a warehouse-sized computer, ISCA 2007). All
// that it computes is [Modelled].
type PowerModel struct {
	SleepWatts float64       // asleep, able to be woken
	IdleWatts  float64       // awake, with nothing to do
	BusyWatts  float64       // with all of it in use
	WakeJoules float64       // what one wake takes beyond idling
	WakeTime   time.Duration // from sleep until units can run
}

// Watts returns the power at a share of use from 0 to 1. Shares outside are taken for
// the nearer end.
func (m PowerModel) Watts(busy float64) float64 {
	return m.IdleWatts + (m.BusyWatts-m.IdleWatts)*min(max(busy, 0), 1)
}

// Energy returns what is drawn in d at a share of use.
func (m PowerModel) Energy(busy float64, d time.Duration) Energy {
	return Energy{m.Watts(busy) * d.Seconds(), Modelled}
}

// Work returns what use itself costs, beyond idling: that of one core for d, of so many
// cores as a node has. It is how joules are charged to units.
func (m PowerModel) Work(d time.Duration, cores int) Energy {
	return Energy{(m.BusyWatts - m.IdleWatts) / float64(max(cores, 1)) * d.Seconds(), Modelled}
}

// Validate returns a [*FieldError] for power that falls with use, or is below 0.
func (m PowerModel) Validate() error {
	for _, line := range [...]struct {
		name       string
		got, least float64
	}{
		{"sleep", m.SleepWatts, 0}, {"idle", m.IdleWatts, m.SleepWatts}, {"busy", m.BusyWatts, m.IdleWatts},
		{"wake", m.WakeJoules, 0},
	} {
		if !(line.got >= line.least && line.got < 1e9) { // refuses NaN too
			return &FieldError{Of: "resource", Field: "power." + line.name, Got: fmt.Sprint(line.got), Want: fmt.Sprintf("%v or more", line.least)}
		}
	}
	return nil
}

// GuessPower is the model of a server with so many cores about which nothing is known:
// a line through an edge server of 16 cores (45 W idle, 110 W busy) and one of two
// sockets and 48 cores (112 W, 385 W). Whoever knows better declares it, see [Declared].
func GuessPower(cores int) PowerModel {
	n := float64(cores)
	return PowerModel{SleepWatts: 5, IdleWatts: 11.5 + 2.1*n, BusyWatts: 12 + 7.8*n, WakeJoules: 500, WakeTime: 10 * time.Second}
}
