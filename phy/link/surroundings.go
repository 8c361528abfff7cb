// SPDX-License-Identifier: Apache-2.0

package link

import (
	"fmt"
	"math"

	"github.com/neuroran/neuroran/phy/channel"
	"github.com/neuroran/neuroran/phy/nr"
)

// Antenna is one receive antenna of a base station whose antennas are not alike.
//
// Unequal antennas occur in no requirement of TS 38.104 §8.2; they do in the field.
type Antenna struct {
	GainDB  float64 // of all that it hears, its noise included
	NoiseDB float64 // its noise, before the gain, over that of the signal to noise ratio; at least 0
}

// Interferer is a transmitter of which the receiver knows nothing: in all symbols of
// the slot it sends Gaussian values on the resource elements of some PRBs.
//
// White interference occurs as noise in TS 38.104 §8.2; this one has a direction.
type Interferer struct {
	Channel  channel.Config // its channel; antennas and seed are set by the simulation
	INRdB    float64        // its mean power at an antenna over the variance of the noise
	StartPRB int            // first PRB of the carrier that it disturbs
	NumPRB   int            // PRBs that it disturbs; 0 means all from the first one on
}

// surroundings are the antennas and the interferers of a simulation: what is between
// the sum of all channels plus white noise, and what the receiver gets. Its random
// numbers are its own.
type surroundings struct {
	carrier     nr.Carrier
	antennas    []Antenna
	interferers []Interferer
	paths       []*channel.TDL
	noise       *channel.Noise
	sent        nr.Grid       // of one interferer
	variance    float64       // of the noise of the last slot
	heard       [][]complex64 // response of interferer i at antenna r in entry i·rx+r, see listen
}

// newSurroundings checks the antennas and the interferers of a configuration.
func newSurroundings(cfg *PUSCHConfig) (*surroundings, error) {
	s := &surroundings{carrier: cfg.Carrier, antennas: cfg.Antennas, interferers: cfg.Interferers, noise: channel.NewNoise(0)}
	if n := len(s.antennas); n != 0 && n != cfg.NumRx {
		return nil, &nr.FieldError{Field: "link.antennas", Got: n, Want: fmt.Sprintf("none, or %d: one for each receive antenna", cfg.NumRx)}
	}
	for r, a := range s.antennas {
		if !(a.NoiseDB >= 0) {
			return nil, &nr.FieldError{Field: fmt.Sprintf("link.antennas[%d].noise_db", r), Got: a.NoiseDB, Want: "at least 0"}
		}
	}
	s.sent.RE.Resize(1, nr.SymbolsPerSlot, cfg.Carrier.NumSubcarriers())
	for i, x := range s.interferers {
		if x.StartPRB < 0 || x.NumPRB < 0 || x.StartPRB+x.NumPRB > cfg.Carrier.NumPRB {
			return nil, &nr.FieldError{
				Field: fmt.Sprintf("link.interferers[%d] PRBs", i),
				Got:   fmt.Sprintf("%d from %d", x.NumPRB, x.StartPRB), Want: fmt.Sprintf("PRBs of the carrier's %d", cfg.Carrier.NumPRB),
			}
		}
		x.Channel.NumTx, x.Channel.NumRx = 1, cfg.NumRx
		path, err := channel.New(x.Channel)
		if err != nil {
			return nil, err
		}
		s.paths = append(s.paths, path)
	}
	return s, nil
}

// reset starts the random numbers of a trial.
func (s *surroundings) reset(seed uint64) {
	if len(s.antennas) == 0 && len(s.interferers) == 0 {
		return
	}
	s.noise.Reset(mix(seed, 0))
	for _, path := range s.paths {
		path.Reset(s.noise.Rand().Uint64())
	}
}

// subcarriers returns the first subcarrier that interferer i disturbs, and the one
// behind the last.
func (s *surroundings) subcarriers(i int) (first, last int) {
	x := &s.interferers[i]
	first, last = nr.SubcarriersPerPRB*x.StartPRB, nr.SubcarriersPerPRB*(x.StartPRB+x.NumPRB)
	if x.NumPRB == 0 {
		last = s.carrier.NumSubcarriers()
	}
	return first, last
}

// add makes of a grid with white noise of the given variance what the antennas hear.
func (s *surroundings) add(grid *nr.Grid, variance float64) error {
	s.variance = variance
	for i, path := range s.paths {
		s.sent.RE.Clear()
		first, last := s.subcarriers(i)
		for l := range nr.SymbolsPerSlot {
			s.noise.Add(s.sent.RE.Row(0, l)[first:last], variance*fromDB(s.interferers[i].INRdB))
		}
		if err := path.AddGrid(&grid.RE, &s.sent.RE, &s.carrier, grid.Slot); err != nil {
			return err
		}
	}
	for r := range s.antennas {
		row := grid.RE.Row(r)
		if more := fromDB(s.antennas[r].NoiseDB) - 1; more > 0 {
			s.noise.Add(row, variance*more)
		}
		if gain := complex(s.gain(r), 0); gain != 1 {
			for k, x := range row {
				row[k] = gain * x
			}
		}
	}
	return nil
}

// gain returns the amplitude gain of antenna r.
func (s *surroundings) gain(r int) float32 {
	if len(s.antennas) == 0 {
		return 1
	}
	return float32(math.Pow(10, s.antennas[r].GainDB/20))
}

// listen evaluates the channels of all interferers in one symbol of a group's slot,
// for addCovariance.
func (s *surroundings) listen(p *PUSCH, g *nr.Group, symbol int) {
	rx, at := p.cfg.NumRx, p.middle(g, symbol)
	for len(s.heard) < len(s.paths)*rx {
		s.heard = append(s.heard, make([]complex64, s.carrier.NumSubcarriers()))
	}
	for i, path := range s.paths {
		first, last := s.subcarriers(i)
		offset := g.StartPRB * nr.SubcarriersPerPRB
		a := complex(float32(math.Sqrt(s.variance*fromDB(s.interferers[i].INRdB))), 0)
		for r := range rx {
			h := s.heard[i*rx+r][:g.NumSubcarriers()]
			p.evaluate(h, path, g, r, 0, at)
			for k := range h {
				if k+offset < first || k+offset >= last {
					h[k] = 0
				}
				h[k] *= a * complex(s.gain(r), 0)
			}
		}
	}
}

// addCovariance adds to dst, [rx, rx], the covariance of noise and interference on
// subcarrier k of the group that listen was called for.
func (s *surroundings) addCovariance(dst []complex128, rx, k int) {
	for r := range rx {
		variance := s.variance
		if len(s.antennas) > 0 {
			variance *= fromDB(s.antennas[r].NoiseDB)
		}
		gain := float64(s.gain(r))
		dst[r*rx+r] += complex(gain*gain*variance, 0)
	}
	for i := range s.paths {
		addOuter(dst, rx, func(r int) complex64 { return s.heard[i*rx+r][k] })
	}
}

// addOuter adds h·hᴴ to a matrix of n rows.
func addOuter(dst []complex128, n int, h func(int) complex64) {
	for r := range n {
		for c := range n {
			x, y := complex128(h(r)), complex128(h(c))
			dst[r*n+c] += x * complex(real(y), -imag(y))
		}
	}
}

func fromDB(x float64) float64 { return math.Pow(10, x/10) }
