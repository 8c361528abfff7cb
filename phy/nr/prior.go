// SPDX-License-Identifier: Apache-2.0

package nr

const (
	// NumDopplers is the number of Doppler frequencies that are told apart: entry
	// i stands for [DopplerAt] of it.
	NumDopplers = 24
	// NumDelays is the number of delays of a power delay profile, from half a
	// cyclic prefix before the delay of the UE to 1.1 prefixes after it.
	NumDelays = 64
	// ProfileBefore is where a profile starts, in cyclic prefixes before the delay.
	ProfileBefore = 0.5
	// ProfileAfter is where it ends, in cyclic prefixes after the delay.
	ProfileAfter = 1.1
	// MaxDoppler is the largest Doppler frequency, of the subcarrier spacing.
	MaxDoppler = 0.04
)

// DopplerAt returns Doppler frequency i of 0…[NumDopplers] − 1, of the subcarrier
// spacing. Low frequencies are closer to each other.
func DopplerAt(i int) float64 {
	x := (float64(i) + 0.5) / NumDopplers
	return MaxDoppler * x * x
}

// Prior is what is known of a UE before its pilots are seen, from earlier slots;
// package phy/track makes it. The zero value knows nothing.
//
// Delays and Doppler frequencies are those of the models of TS 38.104 annex G.2.
type Prior struct {
	DelaySeconds  float64              // expected delay, s
	DelayStd      float64              // standard deviation of its error, s; 0 where nothing is known
	CFOHz         float64              // expected carrier offset, Hz
	CFOStd        float64              // standard deviation of its error, Hz; 0 where nothing is known
	Doppler       [NumDopplers]float32 // logarithm of the likelihood of each Doppler frequency
	Profile       [NumDelays]float32   // power delay profile around the expected delay, of sum 1
	ProfileWeight float32              // slots of equal weight behind Profile; 0 where there is none
}
