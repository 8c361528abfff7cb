// SPDX-License-Identifier: Apache-2.0

package main

import (
	"math"
	"math/rand/v2"
	"time"

	"github.com/neuroran/neuroran/mac"
	"github.com/neuroran/neuroran/mac/coord"
	"github.com/neuroran/neuroran/phy/channel"
	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/ran/gnb"
)

// The world.
const (
	half      = 200.0 // of the square's side, m
	numUEs    = 8
	siteSeed  = 1
	trainSeed = 1000 // of the ways on which the map is learned
	testSeed  = 2000 // and of those on which it is used

	positionSlots = 200 // a UE tells where it is ten times a second
	trainWays     = 12
	trainSpeed    = 10      // m/s
	trainSlots    = 120_000 // a minute
)

// carrier is that of examples/gnb.
var carrier = nr.Carrier{CellID: 1, SubcarrierSpacingKHz: 30, NumPRB: 24, FFTSize: 512}

// newSite returns the base station.
func newSite() (*gnb.Site, error) {
	t, err := channel.NewTerrain(channel.TerrainConfig{Environment: channel.UMa(), Seed: siteSeed})
	return &gnb.Site{
		Terrain: t, AntennaGaindB: 8, NoiseFiguredB: 5, Power: mac.PowerControl{P0dBm: -90, Alpha: 0.8, PCMAX: 23},
	}, err
}

// ways returns the routes of UEs.
func ways(seed uint64, n int, speed float64, slots int) []gnb.Route {
	routes := make([]gnb.Route, n)
	for i := range routes {
		routes[i] = gnb.RandomRoute(seed+uint64(i), speed, half, slotTime(nr.Slot(slots)))
	}
	return routes
}

func slotTime(n nr.Slot) time.Duration { return time.Duration(n) * carrier.Numerology().SlotDuration() }

// config returns a cell with a UE on each route.
func config(site *gnb.Site, routes []gnb.Route) gnb.Config {
	d := nr.DMRS{ConfigType: 1, Length: 1, TypeAPosition: 2, AdditionalPosition: 1, NumCDMGroupsWithoutData: 2}
	d.NID = [2]int{1, 1}
	cfg := gnb.Config{MAC: mac.Config{Carrier: carrier, K2: 2, FeedbackSlots: 4}, Seed: 1}
	for i, r := range routes {
		cfg.UEs = append(cfg.UEs, gnb.UE{
			RNTI: uint16(i + 1), Trajectory: site.Trajectory(r, &carrier), Profile: channel.TDLB100(),
			MAC: mac.UEConfig{StartSINRdB: 10, Grant: nr.Grant{
				NID: 1, NumLayers: 1, NumAntennaPorts: 1, Mapping: nr.MappingA, NumSymbols: 14, MCSTable: nr.MCSTable64QAM, DMRS: d,
			}},
		})
	}
	return cfg
}

// learn learns the map from what soundings say on the ways of other UEs.
func learn() ([]byte, error) {
	site, err := newSite()
	if err != nil {
		return nil, err
	}
	routes := ways(trainSeed, trainWays, trainSpeed, trainSlots)
	cfg := config(site, routes)
	air, err := gnb.NewAbstract(gnb.AirConfig{Carrier: carrier, RBGs: []gnb.RBG{{StartPRB: 0, NumPRB: 8}, {StartPRB: 8, NumPRB: 8}, {StartPRB: 16, NumPRB: 8}}, NumRx: 2, UEs: cfg.UEs, Seed: trainSeed})
	if err != nil {
		return nil, err
	}
	var samples []coord.Sample
	heard := make([]float32, 3)
	for slot := nr.Slot(0); slot < trainSlots; slot += 20 {
		for i, r := range routes {
			air.Sound(heard, i, slot)
			x, y := r.At(slotTime(slot))
			samples = append(samples, coord.Sample{X: x, Y: y, SINRdB: (heard[0] + heard[1] + heard[2]) / 3})
		}
	}
	m, err := coord.Train(coord.Config{West: -half, South: -half, Width: 2 * half, Height: 2 * half}, samples)
	if err != nil {
		return nil, err
	}
	return m.MarshalBinary()
}

// source is what the scheduler knows of channels.
type source struct {
	name     string
	m        *coord.Map // nil for reports
	offM     float64    // by how much coordinates are wrong, m
	every    int        // slots from one sounding of a UE to its next; negative for none
	overhead float64    // share of the resource elements that soundings take
}

// sources returns what is compared.
func sources(m *coord.Map) []source {
	all := []source{{name: "reports every slot, for nothing", every: 1}}
	for _, every := range []int{4, 20, 80, 320} {
		// One symbol of the slot in which UEs are sounded, for all eight: comb 4, two cyclic shifts.
		all = append(all, source{name: "reports", every: every, overhead: 1 / float64(nr.SymbolsPerSlot*every)})
	}
	all = append(all, source{name: "what the receiver measures of its blocks", every: -1})
	for _, off := range []float64{0, 1, 5, 20} {
		all = append(all, source{name: "coordinates", m: m, offM: off, every: positionSlots})
	}
	return all
}

// result is one line of the table.
type result struct {
	Source   string  `json:"source"`
	Speed    float64 `json:"speed_mps"`
	Every    int     `json:"every_slots"`
	OffM     float64 `json:"off_m"`
	ErrorDB  float64 `json:"error_db"` // of the map, root mean square, its mean taken out; 0 of reports
	Overhead float64 `json:"overhead"`
	Mbps     float64 `json:"mbps"`     // received
	NetMbps  float64 `json:"net_mbps"` // less the overhead
	Jain     float64 `json:"jain"`
	BLER1    float64 `json:"bler1"`
	Residual float64 `json:"residual"`
	MCS      float64 `json:"mcs"`
}

// measure runs one cell.
func measure(s source, speed float64, slots int) (*result, error) {
	site, err := newSite()
	if err != nil {
		return nil, err
	}
	routes := ways(testSeed, numUEs, speed, slots)
	cfg := config(site, routes)
	cfg.SoundingSlots = s.every
	guess := &guesser{source: s, routes: routes, rng: rand.New(rand.NewPCG(testSeed, 1)), site: site}
	if s.m != nil {
		cfg.Quality = guess.quality
	}
	l, err := gnb.New(cfg)
	if err != nil {
		return nil, err
	}
	defer l.Close()
	if err := l.Run(slots); err != nil {
		return nil, err
	}
	ues, sum := l.Report()
	r := &result{
		Source: s.name, Speed: speed, Every: s.every, OffM: s.offM, ErrorDB: guess.rms(),
		Overhead: s.overhead, Mbps: sum.Mbps, NetMbps: sum.Mbps * (1 - s.overhead), Jain: sum.Jain,
	}
	first, failed := 0.0, 0.0
	for _, u := range ues {
		first, failed = first+float64(u.First), failed+u.BLER1*float64(u.First)
		r.Residual, r.MCS = r.Residual+u.Residual/numUEs, r.MCS+u.MCSMean*float64(u.First)
	}
	r.BLER1, r.MCS = failed/first, r.MCS/first
	return r, nil
}

// guesser tells what the map says of where UEs seem to be.
type guesser struct {
	source
	routes []gnb.Route
	site   *gnb.Site
	rng    *rand.Rand

	n, sum, squares float64 // of what is told less what is
}

// quality writes what the map says of a UE, whose coordinates are wrong by a Gaussian error in
// each direction, of offM together (root mean square).
func (g *guesser) quality(dst []float32, ue int, slot nr.Slot) {
	x, y := g.routes[ue].At(slotTime(slot))
	snr := g.site.SNRdB(x, y, &carrier)
	off := g.offM / math.Sqrt2
	g.m.Quality(dst, x+off*g.rng.NormFloat64(), y+off*g.rng.NormFloat64())
	d := float64(dst[0]) - snr
	g.n, g.sum, g.squares = g.n+1, g.sum+d, g.squares+d*d
}

// rms returns by how much the map is wrong.
func (g *guesser) rms() float64 {
	if g.n == 0 {
		return 0
	}
	mean := g.sum / g.n
	return math.Sqrt(max(g.squares/g.n-mean*mean, 0))
}
