// SPDX-License-Identifier: Apache-2.0

package gnb

import (
	"math"
	"math/rand/v2"
	"sort"
	"time"

	"github.com/neuroran/neuroran/mac"
	"github.com/neuroran/neuroran/phy/channel"
	"github.com/neuroran/neuroran/phy/nr"
)

// Site is a base station on a terrain with UEs that control their power: it says what signal
// to noise ratio a UE has by where it is. It is passed by value.
type Site struct {
	Terrain       *channel.Terrain
	Power         mac.PowerControl // of every UE; the zero value stands for P₀ −80 dBm, α 0.8, at most 23 dBm
	AntennaGaindB float64          // of the base station, over an isotropic antenna
	NoiseFiguredB float64          // of the receiver
}

// boltzmannDBm is the thermal noise in 1 Hz at 290 K, dBm.
const boltzmannDBm = -174

// SNRdB returns the mean power of a resource element at one receive antenna over the noise, of
// a UE at a place, metres from the base station, that shares out its power over all PRBs of the
// carrier. It does not allocate.
//
// TS 38.213 §7.1.1; TR 38.901 §7.4.
func (s *Site) SNRdB(x, y float64, c *nr.Carrier) float64 {
	loss := s.Terrain.LossDB(x, y) - s.AntennaGaindB
	power := s.Power
	if power == (mac.PowerControl{}) {
		power = mac.PowerControl{P0dBm: -80, Alpha: 0.8, PCMAX: 23}
	}
	sent, _ := power.Transmit(loss, c.Numerology(), c.NumPRB, 0)
	noise := boltzmannDBm + 10*math.Log10(float64(c.SubcarrierSpacingKHz)*1e3) + s.NoiseFiguredB
	return sent - 10*math.Log10(float64(c.NumSubcarriers())) - loss - noise
}

// Place is where a UE is at an instant.
type Place struct {
	At   time.Duration // from the start
	X, Y float64       // metres from the base station
}

// Route is the way of a UE: straight lines between places in the order of time.
type Route []Place

// At returns where a UE is at an instant: before the route begins at its first place, after
// its end at the last one. It does not allocate.
func (r Route) At(at time.Duration) (x, y float64) {
	if len(r) == 0 {
		return 0, 0
	}
	i := max(sort.Search(len(r), func(i int) bool { return r[i].At > at })-1, 0) // the last place that is not after the instant
	if i+1 == len(r) || at <= r[i].At {
		return r[i].X, r[i].Y
	}
	share := float64(at-r[i].At) / float64(r[i+1].At-r[i].At)
	return r[i].X + share*(r[i+1].X-r[i].X), r[i].Y + share*(r[i+1].Y-r[i].Y)
}

// RandomRoute returns the way of a UE that goes at a constant speed from one random place of a
// square to the next (random waypoints), for a while.
//
//   - speed: m/s, up to 10 000; of others, and of 0, it stands still
//   - half: half of the square's side, m
func RandomRoute(seed uint64, speed, half float64, long time.Duration) Route {
	rng := rand.New(rand.NewPCG(seed, 0x726f757465)) // "route"
	place := func() (x, y float64) { return half * (2*rng.Float64() - 1), half * (2*rng.Float64() - 1) }
	x, y := place()
	r := Route{{0, x, y}}
	if !(speed > 0 && speed <= 1e4) {
		return r
	}
	for at := time.Duration(0); at < long; {
		x2, y2 := place()
		at += max(time.Duration(min(math.Hypot(x2-x, y2-y)/speed*1e9, 1<<61)), 1)
		r = append(r, Place{at, x2, y2})
		x, y = x2, y2
	}
	return r
}

// stepMetres is how far the places of a trajectory lie apart at most.
const stepMetres = 2

// Trajectory returns what a UE's channel is on a route: the signal to noise ratio of each
// place, and the Doppler frequency of the speed there; none of no route.
func (s *Site) Trajectory(r Route, c *nr.Carrier) Trajectory {
	if len(r) == 0 {
		return nil
	}
	var t Trajectory
	hz := 0.0
	for i := range r[:len(r)-1] {
		a, b := r[i], r[i+1]
		distance, long := math.Hypot(b.X-a.X, b.Y-a.Y), b.At-a.At
		hz = distance / long.Seconds() * s.Terrain.Config().CarrierHz / lightSpeed
		steps := max(int(math.Ceil(distance/stepMetres)), 1)
		for k := range steps {
			at := a.At + time.Duration(float64(long)*float64(k)/float64(steps))
			x, y := r.At(at)
			t = append(t, Waypoint{at, s.SNRdB(x, y, c), hz})
		}
	}
	end := r[len(r)-1]
	return append(t, Waypoint{end.At, s.SNRdB(end.X, end.Y, c), hz})
}

const lightSpeed = 299_792_458 // m/s
