// SPDX-License-Identifier: Apache-2.0

package channel

import (
	"math"
	"strings"

	"github.com/neuroran/neuroran/phy/nr"
)

// Tap is one path of a delay profile.
//
// TS 38.104 annex G.2.1 lists those of each profile.
type Tap struct {
	DelaySeconds float64 // excess delay
	PowerDB      float64 // mean power before normalization, dB
}

// Profile is a power delay profile. Profiles that this package returns must not
// be changed.
//
// TS 38.104 annex G.2.1.
type Profile struct {
	Name string // such as "TDLB100"
	Taps []Tap  // ascending delay
}

// Flat returns a single path without delay: frequency-flat fading, or plain
// AWGN with [Config].Static.
func Flat() Profile { return Profile{Name: "flat", Taps: []Tap{{}}} }

// TDLA30 returns the profile of 30 ns delay spread of TS 38.104 table G.2.1.1-2.
func TDLA30() Profile { return Profile{Name: "TDLA30", Taps: tdla30} }

// TDLB100 returns the profile of 100 ns delay spread of TS 38.104 table
// G.2.1.1-3.
func TDLB100() Profile { return Profile{Name: "TDLB100", Taps: tdlb100} }

// TDLC300 returns the profile of 300 ns delay spread of TS 38.104 table
// G.2.1.1-4.
func TDLC300() Profile { return Profile{Name: "TDLC300", Taps: tdlc300} }

// ProfileByName returns the profile of a name, whatever its case: "flat",
// "TDLA30", "TDLB100" or "TDLC300". It returns a [*nr.FieldError] for another one.
func ProfileByName(name string) (Profile, error) {
	for _, p := range [...]Profile{Flat(), TDLA30(), TDLB100(), TDLC300()} {
		if strings.EqualFold(p.Name, name) {
			return p, nil
		}
	}
	return Profile{}, &nr.FieldError{Field: "channel.profile", Got: name, Want: "flat, TDLA30, TDLB100 or TDLC300"}
}

// amplitudes returns the amplitude of each tap, of unit total power.
func (p *Profile) amplitudes() []float64 {
	out := make([]float64, len(p.Taps))
	total := 0.0
	for i, t := range p.Taps {
		out[i] = math.Pow(10, t.PowerDB/10)
		total += out[i]
	}
	for i := range out {
		out[i] = math.Sqrt(out[i] / total)
	}
	return out
}

// RMSDelaySpread returns the root mean square delay spread in seconds.
func (p *Profile) RMSDelaySpread() float64 {
	var mean, square float64
	for i, a := range p.amplitudes() {
		d := p.Taps[i].DelaySeconds
		mean += a * a * d
		square += a * a * d * d
	}
	return math.Sqrt(max(0, square-mean*mean))
}

// MeanDelay returns the centre of gravity of the profile in seconds.
func (p *Profile) MeanDelay() float64 {
	mean := 0.0
	for i, a := range p.amplitudes() {
		mean += a * a * p.Taps[i].DelaySeconds
	}
	return mean
}

const ns = 1e-9

// TS 38.104 table G.2.1.1-2.
var tdla30 = []Tap{
	{0, -15.5}, {10 * ns, 0}, {15 * ns, -5.1}, {20 * ns, -5.1}, {25 * ns, -9.6}, {50 * ns, -8.2},
	{65 * ns, -13.1}, {75 * ns, -11.5}, {105 * ns, -11.0}, {135 * ns, -16.2}, {150 * ns, -16.6}, {290 * ns, -26.2},
}

// TS 38.104 table G.2.1.1-3.
var tdlb100 = []Tap{
	{0, 0}, {10 * ns, -2.2}, {20 * ns, -0.6}, {30 * ns, -0.6}, {35 * ns, -0.3}, {45 * ns, -1.2},
	{55 * ns, -5.9}, {120 * ns, -2.2}, {170 * ns, -0.8}, {245 * ns, -6.3}, {330 * ns, -7.5}, {480 * ns, -7.1},
}

// TS 38.104 table G.2.1.1-4.
var tdlc300 = []Tap{
	{0, -6.9}, {65 * ns, 0}, {70 * ns, -7.7}, {190 * ns, -2.5}, {195 * ns, -2.4}, {200 * ns, -9.9},
	{240 * ns, -8.0}, {325 * ns, -6.6}, {520 * ns, -7.1}, {1045 * ns, -13.0}, {1510 * ns, -14.2}, {2595 * ns, -16.0},
}
