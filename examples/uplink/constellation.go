// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"sync"

	"github.com/neuroran/neuroran/phy/modem"
	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/ran/block"
	"github.com/neuroran/neuroran/ran/uplink"
	"github.com/neuroran/neuroran/sfaas"
)

const (
	maxPoints = 3000 // of one panel that are drawn
	perSlot   = 400  // of one layer of one transmission that are kept
	panel     = 300  // pixels
	panelSpan = 1.45 // amplitude at the edge of a panel
)

// constellation collects equalized symbols, by UE, modulation and layer. Several
// workers add to it.
type constellation struct {
	mu     sync.Mutex
	clouds map[cloudKey]*cloud
}

type cloudKey struct {
	rnti       uint16
	modulation nr.Modulation
	layer      int // 0…
	layers     int
}

// cloud is the symbols of one panel.
type cloud struct {
	points []point
	all    int // symbols of which these are a sample
}

// point is a symbol of a slot.
type point struct {
	z    complex64
	slot nr.Slot
}

func newConstellation() *constellation {
	return &constellation{clouds: map[cloudKey]*cloud{}}
}

// add keeps some of the symbols of a transmission.
func (c *constellation) add(_ sfaas.Header, s *block.Symbols) {
	c.mu.Lock()
	defer c.mu.Unlock()
	layers := s.Z.Dim(1)
	for layer := range layers {
		key := cloudKey{s.RNTI, s.Code.Modulation, layer, layers}
		if c.clouds[key] == nil {
			c.clouds[key] = &cloud{}
		}
		n := s.Z.Dim(0)
		c.clouds[key].all += n
		for i := 0; i < n; i += n/perSlot | 1 {
			c.clouds[key].points = append(c.clouds[key].points, point{s.Z.Row(i)[layer], s.Slot})
		}
	}
}

// draw returns a panel for each UE, modulation and layer.
func (c *constellation) draw(r *uplink.Report) []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	keys := make([]cloudKey, 0, len(c.clouds))
	for k := range c.clouds {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b cloudKey) int {
		return cmp.Or(cmp.Compare(a.rnti, b.rnti), cmp.Compare(a.modulation, b.modulation), cmp.Compare(a.layers, b.layers), cmp.Compare(a.layer, b.layer))
	})
	columns := min(max(len(keys), 1), 4)
	rows := max(1, (len(keys)+columns-1)/columns)
	const head, across, down = 40, panel + 50, panel + 75
	s := newDrawing(columns*across+20, head+rows*down)
	s.Text(20, 20, "start", "Equalized symbols: black crosses are the points of the modulation; symbols of transmissions with a wrong CRC are red.")
	passed := map[[2]uint64]bool{}
	for i := range r.Transmissions {
		t := &r.Transmissions[i]
		passed[[2]uint64{uint64(t.Slot), uint64(t.Grant.RNTI)}] = t.Outcome == nr.OutcomePassed
	}
	for i, k := range keys {
		s.panel(float64(45+i%columns*across), float64(head+38+i/columns*down), k, c.clouds[k], passed)
	}
	return s.End()
}

// panel draws the symbols of one UE, modulation and layer.
func (s drawing) panel(x, y float64, k cloudKey, c *cloud, passed map[[2]uint64]bool) {
	const half = panel / 2
	title := fmt.Sprintf("RNTI %d, %v", k.rnti, k.modulation)
	if k.layers > 1 {
		title += fmt.Sprintf(", layer %d of %d", k.layer+1, k.layers)
	}
	good, bad := c.split(k, passed)
	s.Text(x+half, y-22, "middle", title)
	s.Text(x+half, y-7, "middle", c.caption(k, len(good)+len(bad)))
	s.Rect(x, y, panel, panel, `fill="#fafafc" stroke="#999"`, "")
	s.axes(x, y)
	at := func(z complex64) (float64, float64, bool) {
		px, py := float64(real(z))/panelSpan*half, -float64(imag(z))/panelSpan*half
		return x + half + px, y + half + py, max(px, -px) <= half && max(py, -py) <= half
	}
	for _, set := range []struct {
		points []complex64
		style  string
	}{{good, `fill="#1f5fa8" fill-opacity="0.45"`}, {bad, `fill="#c8102e" fill-opacity="0.7"`}} {
		fmt.Fprintf(s, "<g %s>\n", set.style)
		for _, z := range set.points {
			if px, py, inside := at(z); inside {
				fmt.Fprintf(s, `<circle cx="%.1f" cy="%.1f" r="0.9"/>`+"\n", px, py)
			}
		}
		s.WriteString("</g>\n")
	}
	s.WriteString(`<g stroke="black" stroke-width="0.7">` + "\n")
	for _, z := range modem.Constellation(k.modulation) {
		if px, py, inside := at(z); inside {
			s.Line(px-2, py, px+2, py, "")
			s.Line(px, py-2, px, py+2, "")
		}
	}
	s.WriteString("</g>\n")
}

// axes draws ticks at −1, 0 and 1 with the names of the parts.
func (s drawing) axes(x, y float64) {
	const half = panel / 2
	for _, v := range []float64{-1, 0, 1} {
		at := v / panelSpan * half
		s.Line(x+half+at, y, x+half+at, y+panel, `stroke="#ddd"`)
		s.Line(x, y+half-at, x+panel, y+half-at, `stroke="#ddd"`)
		s.Text(x+half+at, y+panel+14, "middle", fmt.Sprint(v))
		s.Text(x-4, y+half-at+4, "end", fmt.Sprint(v))
	}
	const between = 0.5 / panelSpan * half // of two ticks
	s.Text(x+half+between, y+panel+14, "middle", "in phase")
	fmt.Fprintf(s, `<text transform="translate(%.1f %.1f) rotate(-90)" text-anchor="middle">quadrature</text>`+"\n", x-8, y+half-between)
}

// split returns the symbols that are drawn: those of transmissions that passed, and of
// others. Every transmission has its share.
func (c *cloud) split(k cloudKey, passed map[[2]uint64]bool) (good, bad []complex64) {
	step := max(1, (len(c.points)+maxPoints-1)/maxPoints)
	for i := 0; i < len(c.points); i += step {
		if p := c.points[i]; passed[[2]uint64{uint64(p.slot), uint64(k.rnti)}] {
			good = append(good, p.z)
		} else {
			bad = append(bad, p.z)
		}
	}
	return good, bad
}

// caption says how far symbols lie from the points, and which they are.
func (c *cloud) caption(k cloudKey, drawn int) string {
	first, last := c.points[0].slot, c.points[0].slot
	points := modem.Constellation(k.modulation)
	sum := 0.0
	for _, p := range c.points {
		first, last = min(first, p.slot), max(last, p.slot)
		least := math.Inf(1)
		for _, q := range points {
			d := p.z - q
			least = min(least, float64(real(d)*real(d)+imag(d)*imag(d)))
		}
		sum += least
	}
	evm := 100 * math.Sqrt(sum/float64(len(c.points))) // points have unit mean power
	return fmt.Sprintf("EVM %.1f %%, slots %d…%d, %d of %d symbols", evm, first, last, drawn, c.all)
}
