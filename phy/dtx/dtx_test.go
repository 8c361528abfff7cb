// SPDX-License-Identifier: Apache-2.0

package dtx

import (
	"errors"
	"fmt"
	"math"
	"math/cmplx"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/neuroran/neuroran/internal/testvec"
	"github.com/neuroran/neuroran/phy/dmrs"
	"github.com/neuroran/neuroran/phy/dmrs/dmrstest"
	"github.com/neuroran/neuroran/phy/nr"
)

func newDetector(t testing.TB) *Detector {
	t.Helper()
	ref, err := dmrs.NewReference(nr.DefaultGroupLimits())
	if err != nil {
		t.Fatal(err)
	}
	return New(ref)
}

func detect(t testing.TB, d *Detector, p *nr.Pilots) [nr.MaxUEs]bool {
	t.Helper()
	var present [nr.MaxUEs]bool
	if err := d.Configure(&p.Group); err != nil {
		t.Fatal(err)
	}
	if err := d.Detect(&present, p); err != nil {
		t.Fatal(err)
	}
	return present
}

// shape is a kind of group.
type shape struct {
	prb, rx    int
	mask       uint16
	configType int
	length     int
	ports      []uint8
}

func (s *shape) group() nr.Group {
	g := dmrstest.Group(s.prb, s.ports...)
	g.DMRSMask, g.ConfigType, g.Length = s.mask, s.configType, s.length
	return g
}

func (s *shape) String() string {
	return fmt.Sprintf("prb=%d rx=%d symbols=%x type=%d length=%d ports=%v", s.prb, s.rx, s.mask, s.configType, s.length, s.ports)
}

var shapes = []shape{
	{1, 1, 1 << 2, 1, 1, []uint8{0}}, {1, 1, 1<<2 | 1<<11, 1, 1, []uint8{0}}, {1, 4, 1<<2 | 1<<11, 1, 1, []uint8{1}},
	{2, 2, 1<<2 | 1<<7 | 1<<11, 1, 1, []uint8{2}}, {4, 4, 1<<2 | 1<<11, 1, 1, []uint8{3}}, {7, 8, 1<<2 | 1<<5 | 1<<8 | 1<<11, 1, 1, []uint8{0}},
	{24, 2, 1<<2 | 1<<11, 1, 1, []uint8{0}}, {106, 4, 1<<2 | 1<<11, 1, 1, []uint8{0}},
	{1, 2, 1<<2 | 1<<11, 2, 1, []uint8{0}}, {6, 2, 1<<2 | 1<<3, 2, 2, []uint8{1}}, {3, 2, 1<<2 | 1<<3 | 1<<10 | 1<<11, 1, 2, []uint8{5}},
	{4, 2, 1<<2 | 1<<11, 1, 1, []uint8{0, 1}}, {4, 2, 1<<2 | 1<<3, 1, 2, []uint8{0, 1, 4, 5}}, {12, 4, 1<<2 | 1<<11, 2, 1, []uint8{0, 1, 2, 3}},
}

// narrow are shapes in which UEs share so few pilots that one alone hardly stands out.
var narrow = []shape{
	{1, 1, 1<<2 | 1<<7 | 1<<11, 1, 1, []uint8{0, 1}}, {1, 2, 1 << 2, 1, 1, []uint8{0, 1}}, {1, 4, 1<<2 | 1<<11, 1, 1, []uint8{2, 3}},
	{1, 2, 1<<2 | 1<<11, 2, 1, []uint8{0, 1}}, {1, 4, 1 << 2, 2, 1, []uint8{2, 3}}, {2, 2, 1 << 2, 2, 1, []uint8{0, 1}},
	{1, 2, 1<<2 | 1<<3, 1, 2, []uint8{0, 1, 4, 5}}, {2, 4, 1<<2 | 1<<3, 2, 2, []uint8{0, 1}},
}

// TestFoundInFewPilots: where UEs share few pilots and all of them transmit, all are
// found.
func TestFoundInFewPilots(t *testing.T) {
	for i := range narrow {
		s := &narrow[i]
		d, rng := newDetector(t), rand.New(rand.NewPCG(4, uint64(i)))
		missed, tries := 0, 0
		for slot := range nr.Slot(200) {
			g := s.group()
			g.Slot = slot
			var h [nr.MaxGroupLayers][nr.MaxRx]complex128
			for l := range h {
				for r := range h[l] {
					h[l][r] = complex(rng.NormFloat64(), rng.NormFloat64())
				}
			}
			p := dmrstest.Pilots(&g, s.rx, func(layer, rx, _, _ int) complex128 { return h[layer][rx] })
			dmrstest.AddNoise(&p, rng, 0.02)
			got := detect(t, d, &p)
			for u := range g.NumUEs {
				tries++
				if !got[u] {
					missed++
				}
			}
		}
		if missed > tries/8 {
			t.Errorf("%v: missed in %d of %d", s, missed, tries)
		}
	}
}

// TestFalseAlarm receives noise: a UE is found at most once in a hundred times, in
// every shape of group, where antennas have unequal noise, where an interferer without
// order fills a PRB, of each antenna another or of all the same, where it sends a pulse, and where all antennas hear a UE of another
// cell.
func TestFalseAlarm(t *testing.T) {
	slots := 2500
	if testing.Short() {
		slots = 500
	}
	for i := range len(shapes) + len(narrow) {
		s := &slices.Concat(shapes, narrow)[i]
		d, rng := newDetector(t), rand.New(rand.NewPCG(1, uint64(i)))
		for _, kind := range []string{"noise", "unequal antennas", "one loud PRB", "narrow interferer", "pulse", "other cell"} {
			found, tries := 0, 0
			for slot := range nr.Slot(slots * 4 / (4 + s.prb)) {
				g := s.group()
				g.Slot = slot
				p := nr.Pilots{Group: g}
				p.RE.Resize(s.rx, g.NumDMRSSymbols(), g.NumSubcarriers())
				if kind == "other cell" {
					o := s.group()
					o.Slot = slot
					for u := range o.NumUEs {
						o.UEs[u].NID = 1 + rng.IntN(65535)
					}
					p = dmrstest.Pilots(&o, s.rx, func(layer, rx, _, _ int) complex128 { return cmplx.Rect(10, float64(rx*rx+layer)) })
					p.Group = g
				}
				dmrstest.AddNoise(&p, rng, 1)
				for k := range p.RE.Row(0) {
					if kind == "narrow interferer" && k%g.NumSubcarriers() < 12 {
						x := complex(100*rng.NormFloat64(), 100*rng.NormFloat64())
						for r := range s.rx {
							p.RE.Row(r)[k] += complex64(x * cmplx.Rect(1, float64(r*r)))
						}
					}
				}
				for r := range s.rx {
					for k := range p.RE.Row(r) {
						switch {
						case kind == "unequal antennas" && r%2 == 1:
							p.RE.Row(r)[k] *= 100
						case kind == "one loud PRB" && k%g.NumSubcarriers() < 12:
							p.RE.Row(r)[k] *= 30
						case kind == "pulse" && k < g.NumSubcarriers():
							p.RE.Row(r)[k] *= 100
						}
					}
				}
				got := detect(t, d, &p)
				for u := range g.NumUEs {
					tries++
					if got[u] {
						found++
					}
				}
			}
			most := 0.01*float64(tries) + 3*math.Sqrt(0.01*float64(tries))
			t.Logf("%v, %s: %d of %d (%.2f %%)", s, kind, found, tries, 100*float64(found)/float64(tries))
			if float64(found) > most {
				t.Errorf("%v, %s: found in %d of %d, want at most %.0f", s, kind, found, tries, most)
			}
		}
	}
}

// TestFound sends what every shape must find: each UE alone beside silent ones, and
// beside partners of 20 dB more, with delays and a carrier offset.
func TestFound(t *testing.T) {
	for i := range shapes {
		s := &shapes[i]
		d, rng := newDetector(t), rand.New(rand.NewPCG(2, uint64(i)))
		for _, partner := range []float64{0, 10} {
			missed, ghosts, tries := 0, 0, 0
			for slot := range nr.Slot(60) {
				for u := range s.ports {
					g := s.group()
					g.Slot = slot
					delay := (rng.Float64() - 0.3) * g.CyclicPrefix() / 2
					ray := dmrstest.Ray(&g, delay, 700*rng.Float64()-350)
					p := dmrstest.Pilots(&g, s.rx, func(layer, rx, symbol, k int) complex128 {
						if layer != u {
							return complex(partner, 0) * ray(layer, rx, symbol, k)
						}
						return ray(layer, rx, symbol, k)
					})
					dmrstest.AddNoise(&p, rng, 0.02)
					got := detect(t, d, &p)
					tries++
					if !got[u] {
						missed++
					}
					for v := range s.ports {
						if v != u && got[v] != (partner > 0) {
							ghosts++
						}
					}
				}
			}
			if missed > tries/50 || ghosts > tries/10 {
				t.Errorf("%v, partners of amplitude %v: missed in %d of %d, %d wrong partners", s, partner, missed, tries, ghosts)
			}
		}
	}
}

// TestFoundAnywhere sends from UEs that have no timing advance yet, at all delays that
// pairs of pilots tell apart.
func TestFoundAnywhere(t *testing.T) {
	for i := range shapes {
		s := &shapes[i]
		d, rng := newDetector(t), rand.New(rand.NewPCG(5, uint64(i)))
		for delay := -1.6; delay < 1.7; delay += 0.2 {
			if s.configType == 2 && math.Abs(delay) > 1.1 {
				continue
			}
			missed := 0
			const slots = 20
			for slot := range nr.Slot(slots) {
				g := s.group()
				g.Slot = slot
				p := dmrstest.Pilots(&g, s.rx, dmrstest.Ray(&g, delay*g.CyclicPrefix(), 0))
				dmrstest.AddNoise(&p, rng, 0.02)
				if got := detect(t, d, &p); !got[0] {
					missed++
				}
			}
			if missed > slots/10 {
				t.Errorf("%v, delay of %.1f cyclic prefixes: missed in %d of %d", s, delay, missed, slots)
			}
		}
	}
}

// TestFoundBeside looks for a UE of 15 dB beside what is far stronger: an interferer
// that all antennas hear, and the noise of one antenna.
func TestFoundBeside(t *testing.T) {
	const slots = 60
	for _, s := range []shape{
		{1, 2, 1<<2 | 1<<11, 1, 1, []uint8{0}}, {3, 4, 1<<2 | 1<<11, 1, 1, []uint8{0}}, {24, 4, 1<<2 | 1<<11, 1, 1, []uint8{0}}, {24, 2, 1<<2 | 1<<11, 2, 1, []uint8{0, 1}},
	} {
		for kind, strangeDB := range map[string]float64{"interferer": 40, "noisy antenna": 60} {
			d, rng := newDetector(t), rand.New(rand.NewPCG(6, 6))
			normal := func() complex128 { return complex(rng.NormFloat64(), rng.NormFloat64()) / math.Sqrt2 }
			missed := 0
			for slot := range nr.Slot(slots) {
				g := s.group()
				g.Slot = slot
				var own, strange [nr.MaxRx]complex128
				for r := range own {
					own[r], strange[r] = cmplx.Rect(5.6, 7*rng.Float64()), cmplx.Rect(1, 7*rng.Float64())
				}
				p := dmrstest.Pilots(&g, s.rx, func(layer, rx, _, _ int) complex128 { return own[rx] * complex(1-float64(layer), 0) })
				dmrstest.AddNoise(&p, rng, 1)
				for k := range p.RE.Row(0) {
					x := normal() * complex(math.Pow(10, strangeDB/20), 0)
					for r := range s.rx {
						if kind == "interferer" || r == 0 {
							p.RE.Row(r)[k] += complex64(x * strange[r])
						}
					}
				}
				if got := detect(t, d, &p); !got[0] {
					missed++
				}
			}
			if missed > slots/6 {
				t.Errorf("%v, %s: missed in %d of %d", &s, kind, missed, slots)
			}
		}
	}
}

// TestAnyUnit scales the samples over thirty decades: what is found stays the same,
// and what is no number finds nobody.
func TestAnyUnit(t *testing.T) {
	d, g := newDetector(t), dmrstest.Group(4, 0)
	for _, unit := range []float64{1e-15, 1e-8, 1, 1e8, 1e15} {
		p := dmrstest.Pilots(&g, 2, dmrstest.Ray(&g, 0, 0))
		dmrstest.AddNoise(&p, rand.New(rand.NewPCG(3, 3)), 0.1)
		dmrstest.Scale(&p, unit)
		if !detect(t, d, &p)[0] {
			t.Errorf("unit %g: not found", unit)
		}
	}
	p := dmrstest.Pilots(&g, 2, dmrstest.Ray(&g, 0, 0))
	for r := range 2 {
		clear(p.RE.Row(r, 1))
	}
	if !detect(t, d, &p)[0] {
		t.Error("without the samples of one DM-RS symbol: not found")
	}
	for _, x := range []complex64{0, complex(float32(math.Inf(1)), 0), complex(float32(math.NaN()), 0)} {
		p := dmrstest.Pilots(&g, 2, dmrstest.Ray(&g, 0, 0))
		for i := range p.RE.Data() {
			p.RE.Data()[i] = x
		}
		if detect(t, d, &p)[0] {
			t.Errorf("samples of %v: found", x)
		}
	}
}

func TestRefuses(t *testing.T) {
	d, g := newDetector(t), dmrstest.Group(4, 0)
	p := dmrstest.Pilots(&g, 2, dmrstest.Ray(&g, 0, 0))
	var present [nr.MaxUEs]bool
	if err := d.Detect(&present, &p); !errors.Is(err, nr.ErrNotConfigured) {
		t.Errorf("before Configure: got %v, want nr.ErrNotConfigured", err)
	}
	if err := d.Configure(&g); err != nil {
		t.Fatal(err)
	}
	p.RE.Resize(2, 1, 48)
	if err := d.Detect(&present, &p); err == nil {
		t.Error("a symbol less: no error")
	}
	g.NumPRB = nr.MaxPRB + 1
	if err := d.Configure(&g); err == nil {
		t.Error("too many PRBs: no error")
	}
}

func TestNoAllocs(t *testing.T) {
	d, g := newDetector(t), dmrstest.Group(24, 0, 1)
	p := dmrstest.Pilots(&g, 4, dmrstest.Ray(&g, 0, 0))
	detect(t, d, &p)
	if n := testing.AllocsPerRun(20, func() { detect(t, d, &p) }); n != 0 && !testvec.Race {
		t.Errorf("%v allocations a slot, want 0", n)
	}
}

// FuzzDetect takes groups of all kinds and pilots of all units: an error, or an
// answer.
func FuzzDetect(f *testing.F) {
	f.Add(uint64(1), uint16(1<<2|1<<11), uint8(4), uint8(1), uint8(1), uint8(2), uint8(2), uint8(0))
	f.Add(uint64(37), uint16(3<<2), uint8(9), uint8(2), uint8(2), uint8(3), uint8(4), uint8(5))
	d := newDetector(f)
	f.Fuzz(func(t *testing.T, seed uint64, mask uint16, prb, configType, length, cdm, ues, port uint8) {
		g := dmrstest.RandomGroup(seed, mask, prb, configType, length, cdm, ues, port)
		if d.Configure(&g) != nil {
			return
		}
		p := dmrstest.RandomPilots(&g, 1+int(seed%8), seed)
		var present [nr.MaxUEs]bool
		if err := d.Detect(&present, &p); err != nil {
			t.Error(err)
		}
	})
}

func BenchmarkDetect(b *testing.B) {
	for _, prb := range []int{1, 24, 273} {
		for _, ports := range [][]uint8{{0}, {0, 1}} {
			b.Run(fmt.Sprintf("prb=%d/rx=4/ues=%d", prb, len(ports)), func(b *testing.B) {
				d, g := newDetector(b), dmrstest.Group(prb, ports...)
				p := dmrstest.Pilots(&g, 4, dmrstest.Ray(&g, 0, 0))
				detect(b, d, &p)
				b.ReportAllocs()
				for b.Loop() {
					detect(b, d, &p)
				}
			})
		}
	}
}
