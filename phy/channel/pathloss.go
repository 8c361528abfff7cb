// SPDX-License-Identifier: Apache-2.0

package channel

import "math"

// Environment is how radio waves fade with distance in surroundings of a kind: path loss with
// and without line of sight, how probable that is, and how shadowing varies. It is a plain
// value; the zero value is none.
//
// TR 38.901 §7.4.1 and §7.4.2, table 7.5-6.
type Environment struct {
	Name string // such as "UMa"

	ShadowLOSdB, ShadowNLOSdB float64 // standard deviation of shadowing, dB
	CorrLOS, CorrNLOS         float64 // distance over which it loses 1 − 1/e of its correlation, m
	CorrState                 float64 // and that of having a line of sight, m

	los, losFar, nlos lossFormula
	breakDB           float64 // factor of the break point's term in losFar
	fallM             float64 // how fast the probability of a line of sight falls, m
}

// lossFormula is a + b·log10(d) + c·log10(f) − h·(height − 1.5), in dB, m and GHz.
type lossFormula struct{ a, b, c, h float64 }

func (f lossFormula) at(distance, gigahertz, height float64) float64 {
	return f.a + f.b*math.Log10(distance) + f.c*math.Log10(gigahertz) - f.h*(height-1.5)
}

// UMa returns the urban macro cell: base stations above the roofs.
//
// TR 38.901 tables 7.4.1-1, 7.4.2-1, 7.5-6 and 7.6.3.1-2; UEs below 13 m.
func UMa() Environment {
	return Environment{
		Name: "UMa", ShadowLOSdB: 4, ShadowNLOSdB: 6, CorrLOS: 37, CorrNLOS: 50, CorrState: 50,
		los: lossFormula{28, 22, 20, 0}, losFar: lossFormula{28, 40, 20, 0}, nlos: lossFormula{13.54, 39.08, 20, 0.6},
		breakDB: 9, fallM: 63,
	}
}

// UMi returns the urban micro cell: base stations below the roofs, in a street canyon.
//
// TR 38.901 tables 7.4.1-1, 7.4.2-1, 7.5-6 and 7.6.3.1-2.
func UMi() Environment {
	return Environment{
		Name: "UMi", ShadowLOSdB: 4, ShadowNLOSdB: 7.82, CorrLOS: 10, CorrNLOS: 13, CorrState: 50,
		los: lossFormula{32.4, 21, 20, 0}, losFar: lossFormula{32.4, 40, 20, 0}, nlos: lossFormula{22.4, 35.3, 21.3, 0.3},
		breakDB: 9.5, fallM: 36,
	}
}

const (
	lightSpeed        = 299_792_458 // m/s
	effectiveHeight   = 1           // m, h_E
	minimumDistance   = 10          // m, where the formulas begin
	certainSightUntil = 18          // m
)

// PathLossDB returns the mean path loss, dB, without shadowing. Below 10 m it is that of 10 m.
//
//   - los: whether there is a line of sight
//   - distance: on the ground, m
//   - baseHeight, ueHeight: of the antennas, m
//   - carrierHz: 0.5…100 GHz
//
// It does not allocate.
//
// TR 38.901 table 7.4.1-1.
func (e *Environment) PathLossDB(los bool, distance, baseHeight, ueHeight, carrierHz float64) float64 {
	distance = max(distance, minimumDistance)
	rise := baseHeight - ueHeight
	d, f := math.Hypot(distance, rise), carrierHz/1e9
	breakPoint := 4 * (baseHeight - effectiveHeight) * (ueHeight - effectiveHeight) * carrierHz / lightSpeed
	sight := e.los.at(d, f, ueHeight)
	if distance > breakPoint {
		sight = e.losFar.at(d, f, ueHeight) - e.breakDB*math.Log10(breakPoint*breakPoint+rise*rise)
	}
	if los {
		return sight
	}
	return max(sight, e.nlos.at(d, f, ueHeight))
}

// LOSProbability returns how probable a line of sight is at a distance on the ground, m, for
// UEs below 13 m.
//
// TR 38.901 table 7.4.2-1.
func (e *Environment) LOSProbability(distance float64) float64 {
	if distance <= certainSightUntil {
		return 1
	}
	x := certainSightUntil / distance
	return x + math.Exp(-distance/e.fallM)*(1-x)
}
