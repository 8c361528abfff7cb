// SPDX-License-Identifier: Apache-2.0

package gnb

import (
	"fmt"
	"math"
	"sort"
	"time"

	"github.com/neuroran/neuroran/phy/nr"
)

// Waypoint is how a UE's channel stands at an instant.
type Waypoint struct {
	At        time.Duration // from the start
	SNRdB     float64       // mean power of a data element at one receive antenna over the noise, at full power density
	DopplerHz float64       // maximum Doppler frequency
}

// Trajectory is how the channel of a UE changes on the large scale: straight lines in dB
// between waypoints of ascending time, and what the last one says after it. The Doppler
// frequency changes in steps, at the waypoints.
type Trajectory []Waypoint

// Fixed returns the trajectory of a UE that stays where it is.
func Fixed(snrDB, dopplerHz float64) Trajectory {
	return Trajectory{{SNRdB: snrDB, DopplerHz: dopplerHz}}
}

// Validate reports the first waypoint out of range, as a [*nr.FieldError].
func (t Trajectory) Validate() error {
	if len(t) == 0 {
		return &nr.FieldError{Field: "trajectory", Got: 0, Want: "at least one waypoint"}
	}
	for i, w := range t {
		field := fmt.Sprintf("trajectory[%d]", i)
		switch {
		case w.At < 0 || i > 0 && w.At < t[i-1].At:
			return &nr.FieldError{Field: field + ".at", Got: w.At, Want: "ascending times from 0 on"}
		case !(math.Abs(w.SNRdB) <= 100):
			return &nr.FieldError{Field: field + ".snr_db", Got: w.SNRdB, Want: "±100 dB"}
		case !(w.DopplerHz >= 0 && w.DopplerHz <= 1e4):
			return &nr.FieldError{Field: field + ".doppler_hz", Got: w.DopplerHz, Want: "0…10000"}
		}
	}
	return nil
}

// At returns signal to noise ratio and Doppler frequency at an instant. It does not
// allocate.
func (t Trajectory) At(at time.Duration) (snrDB, dopplerHz float64) {
	if len(t) == 1 { // of most UEs
		return t[0].SNRdB, t[0].DopplerHz
	}
	i := max(sort.Search(len(t), func(i int) bool { return t[i].At > at })-1, 0) // the last waypoint that is not after the instant
	if i+1 == len(t) || at < t[i].At {
		return t[i].SNRdB, t[i].DopplerHz
	}
	a, b := t[i], t[i+1]
	x := float64(at-a.At) / float64(b.At-a.At)
	return a.SNRdB + x*(b.SNRdB-a.SNRdB), a.DopplerHz
}
