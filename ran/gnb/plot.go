// SPDX-License-Identifier: Apache-2.0

package gnb

import (
	"fmt"
	"math"
	"os"
	"path/filepath"

	"github.com/neuroran/neuroran/internal/svg"
	"github.com/neuroran/neuroran/phy/nr"
)

// Plot writes drawings of a cell to a folder, which it makes: rate.svg, mcs.svg and olla.svg
// over time, resources.svg, who was granted which PRBs in the last frame, and delay.svg,
// the share of packets over their delay.
func (r *Result) Plot(folder string) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	for name, drawing := range map[string][]byte{
		"rate.svg":      r.overTime("rate, Mbit/s", func(p *UEPoint) float64 { return p.Mbps }),
		"mcs.svg":       r.overTime("MCS index of first transmissions", func(p *UEPoint) float64 { return p.MCS }),
		"olla.svg":      r.overTime("offset of the outer loop, dB", func(p *UEPoint) float64 { return p.OLLAdB }),
		"resources.svg": r.resources(),
		"delay.svg":     r.delays(),
	} {
		if err := os.WriteFile(filepath.Join(folder, name), drawing, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// The frame of a drawing, in pixels.
const (
	plotLeft   = 60
	plotTop    = 40
	plotWidth  = 800
	plotHeight = 300
	plotRight  = 80
	plotBottom = 50
)

var ueColours = [...]string{"#4e79a7", "#f28e2b", "#59a14f", "#e15759", "#76b7b2", "#edc948", "#b07aa1", "#9c755f"}

// axes is a drawing with two axes.
type axes struct {
	*svg.Drawing
	x0, x1, y0, y1 float64
}

func newAxes(title, xLabel string, x0, x1, y0, y1 float64) *axes {
	a := &axes{svg.New(plotLeft+plotWidth+plotRight, plotTop+plotHeight+plotBottom), x0, x1, y0, y1}
	if a.x1 <= a.x0 {
		a.x1 = a.x0 + 1
	}
	if a.y1 <= a.y0 {
		a.y1 = a.y0 + 1
	}
	a.Text(plotLeft, 20, "start", title)
	for i := range 6 {
		x, y := a.x0+(a.x1-a.x0)*float64(i)/5, a.y0+(a.y1-a.y0)*float64(i)/5
		px, py := a.at(x, y)
		a.Line(px, plotTop, px, plotTop+plotHeight, `stroke="#eee"`)
		a.Line(plotLeft, py, plotLeft+plotWidth, py, `stroke="#eee"`)
		a.Text(px, plotTop+plotHeight+18, "middle", fmt.Sprintf("%.4g", x))
		a.Text(plotLeft-6, py+4, "end", fmt.Sprintf("%.3g", y))
	}
	a.Text(plotLeft+plotWidth/2, plotTop+plotHeight+36, "middle", xLabel)
	return a
}

// at returns the place of a point.
func (a *axes) at(x, y float64) (px, py float64) {
	return plotLeft + plotWidth*(x-a.x0)/(a.x1-a.x0), plotTop + plotHeight*(1-(y-a.y0)/(a.y1-a.y0))
}

// key names a UE's colour.
func (a *axes) key(i int, rnti uint16) {
	y := plotTop + 16*float64(i)
	a.Rect(plotLeft+plotWidth+10, y, 10, 10, fmt.Sprintf("fill=%q", ueColour(i)), "")
	a.Text(plotLeft+plotWidth+25, y+10, "start", fmt.Sprintf("UE %d", rnti))
}

func ueColour(i int) string { return ueColours[i%len(ueColours)] }

// overTime draws one value of every UE over time. Negative MCSs, where nothing was sent,
// are left out.
func (r *Result) overTime(title string, value func(*UEPoint) float64) []byte {
	low, high, end := 0.0, 0.0, 0.0
	length := r.Trace.loop.length.Seconds()
	for i := range r.Trace.Points {
		p := &r.Trace.Points[i]
		end = float64(p.Slot) * length
		for u := range p.UEs {
			low, high = min(low, value(&p.UEs[u])), max(high, value(&p.UEs[u]))
		}
	}
	a := newAxes(title, "time, s", 0, end, math.Floor(low), math.Ceil(high))
	for u := range r.UEs {
		a.key(u, r.UEs[u].UE)
		var lastX, lastY float64
		for i := range r.Trace.Points {
			p := &r.Trace.Points[i]
			x, y := a.at(float64(p.Slot)*length, value(&p.UEs[u]))
			if i > 0 {
				a.Line(lastX, lastY, x, y, fmt.Sprintf(`stroke=%q stroke-width="1.5"`, ueColour(u)))
			}
			lastX, lastY = x, y
		}
	}
	return a.End()
}

// resources draws slots to the right and PRBs upwards; retransmissions have a border.
func (r *Result) resources() []byte {
	frame, prbs := r.Trace.Frame, float64(r.Trace.loop.cfg.MAC.Carrier.NumPRB)
	first := nr.Slot(math.MaxUint64)
	for i := range frame {
		first = min(first, frame[i].Slot)
	}
	a := newAxes("grants of the last frame; a border marks a retransmission", "slot", float64(first), float64(first)+float64(len(frame)), 0, prbs)
	for i := range r.UEs {
		a.key(i, r.UEs[i].UE)
	}
	for i := range frame {
		for k := range frame[i].Grants {
			g := &frame[i].Grants[k]
			u, ok := r.Trace.loop.index[g.RNTI]
			if !ok {
				continue
			}
			x, y := a.at(float64(frame[i].Slot), float64(g.StartPRB+g.NumPRB))
			x1, y1 := a.at(float64(frame[i].Slot+1), float64(g.StartPRB))
			style := fmt.Sprintf("fill=%q", ueColour(u))
			if !g.NewData {
				style += ` stroke="black" stroke-width="2"`
			}
			a.Rect(x+1, y+1, x1-x-2, y1-y-2, style, fmt.Sprintf("UE %d, MCS %d, HARQ %d, RV %d", g.RNTI, g.MCSIndex, g.HARQProcess, g.RV))
		}
	}
	return a.End()
}

// delays draws the share of packets that are not later than a delay.
func (r *Result) delays() []byte {
	ues, most := r.Trace.loop.ues, 0.0
	for i := range ues {
		most = max(most, 1e-3*micros(ues[i].stats.delays.at(0.999)))
	}
	a := newAxes("share of packets that arrive within a delay", "delay, ms", 0, most, 0, 1)
	for i := range ues {
		a.key(i, ues[i].cfg.RNTI)
		q := &ues[i].stats.delays
		if q.n == 0 {
			continue
		}
		lastX, lastY := a.at(0, 0)
		for share := 0.005; share < 1; share += 0.005 {
			x, y := a.at(1e-3*micros(q.at(share)), share)
			a.Line(lastX, lastY, x, y, fmt.Sprintf(`stroke=%q stroke-width="1.5"`, ueColour(i)))
			lastX, lastY = x, y
		}
	}
	return a.End()
}
