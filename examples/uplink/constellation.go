// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"fmt"
	"slices"
	"sync"

	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/ran/block"
	"github.com/neuroran/neuroran/sfaas"
)

const (
	maxPoints = 1500 // of one panel
	perSlot   = 150  // of one transmission
	panel     = 240  // pixels
	panelSpan = 1.6  // amplitude at the edge of a panel
)

// constellation collects equalised symbols, by UE and modulation. Several
// workers add to it.
type constellation struct {
	mu     sync.Mutex
	points map[cloudKey][]complex64
}

type cloudKey struct {
	rnti       uint16
	modulation nr.Modulation
}

func newConstellation() *constellation {
	return &constellation{points: map[cloudKey][]complex64{}}
}

// add copies some of the symbols of a transmission.
func (c *constellation) add(_ sfaas.Header, s *block.Symbols) {
	c.mu.Lock()
	defer c.mu.Unlock()
	key := cloudKey{s.RNTI, s.Code.Modulation}
	z := s.Z.Data()
	for i := 0; i < len(z) && len(c.points[key]) < maxPoints; i += max(1, len(z)/perSlot) {
		c.points[key] = append(c.points[key], z[i])
	}
}

// draw returns a panel for each UE and modulation.
func (c *constellation) draw() []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	keys := make([]cloudKey, 0, len(c.points))
	for k := range c.points {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b cloudKey) int {
		return cmp.Or(cmp.Compare(a.rnti, b.rnti), cmp.Compare(a.modulation, b.modulation))
	})
	columns := min(max(len(keys), 1), 4)
	rows := max(1, (len(keys)+columns-1)/columns)
	s := newSVG(columns*(panel+20)+20, rows*(panel+40)+20)
	for i, k := range keys {
		s.panel(float64(20+i%columns*(panel+20)), float64(30+i/columns*(panel+40)), k, c.points[k])
	}
	return s.end()
}

// panel draws the points of one UE and modulation.
func (s *svg) panel(x, y float64, k cloudKey, points []complex64) {
	const half = panel / 2
	s.text(x+half, y-6, "middle", fmt.Sprintf("RNTI %d, %v", k.rnti, k.modulation))
	s.rect(x, y, panel, panel, `fill="#f7f7f9" stroke="#999"`, "")
	s.line(x+half, y, x+half, y+panel, `stroke="#ccc"`)
	s.line(x, y+half, x+panel, y+half, `stroke="#ccc"`)
	s.WriteString(`<g fill="#1f5fa8" fill-opacity="0.5">` + "\n")
	for _, p := range points {
		px, py := float64(real(p))/panelSpan*half, -float64(imag(p))/panelSpan*half
		if max(px, -px) > half || max(py, -py) > half {
			continue
		}
		fmt.Fprintf(s, `<circle cx="%.1f" cy="%.1f" r="1.2"/>`+"\n", x+half+px, y+half+py)
	}
	s.WriteString("</g>\n")
}
