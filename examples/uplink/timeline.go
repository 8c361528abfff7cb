// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/phy/sigmf"
	"github.com/neuroran/neuroran/ran/block"
	"github.com/neuroran/neuroran/ran/uplink"
)

const (
	rowHeight = 16
	labels    = 110 // pixels left of the bars
	barWidth  = 900 // pixels of the time axis
	remarks   = 150 // pixels right of the bars
)

// colours of the stages: neighbours in the chain differ in lightness as in hue.
var colours = [block.NumStages]string{
	"#4e79a7", "#a0cbe8", "#f28e2b", "#ffbe7d", "#59a14f", "#8cd17d", "#b6992d", "#e15759", "#79706e", "#d37295",
}

// timeline draws a row for each transmission: when each function began, from
// the moment at which the slot's samples were handed over, and when the CRC was
// known. The dashed line is the end of the slot's budget. What became of it and when
// stands at the right; bars that would leave the drawing end at its edge.
func timeline(rec *sigmf.Recording, r *uplink.Report) []byte {
	slot := rec.Carrier.Numerology().SlotDuration()
	span := axis(slot, r.Transmissions)
	at := func(d time.Duration) float64 { return labels + min(float64(d)/float64(span), 1)*barWidth }
	const top = 6 * rowHeight
	bottom := float64(top + len(r.Transmissions)*rowHeight)
	s := newDrawing(labels+barWidth+remarks, int(bottom)+40)
	s.Text(labels, 16, "start", "Where the time of each transmission goes: a bar lasts from the start of a function to the start of the next, waiting included")
	s.legend(r.Transmissions)
	s.Text(labels-6, top-4, "end", "slot · RNTI")
	s.Text(labels+barWidth+8, top-4, "start", "CRC, latency")
	s.ticks(span, at, top, bottom)
	for i := range r.Transmissions {
		t := &r.Transmissions[i]
		y := float64(top + i*rowHeight)
		s.Text(labels-6, y+12, "end", fmt.Sprintf("%d · %d", t.Slot, t.Grant.RNTI))
		if t.Received() {
			s.bars(t, y, at)
		}
		s.remark(t, y)
	}
	s.Line(at(slot), top, at(slot), bottom, `stroke="black" stroke-dasharray="4 3"`)
	s.Text(at(slot), top-4, "middle", fmt.Sprintf("slot %v", slot))
	return s.End()
}

// legend names the colours of the stages that ran.
func (s drawing) legend(transmissions []uplink.Transmission) {
	shown := 0
	for st := range block.NumStages {
		if !began(transmissions, st) {
			continue
		}
		x, y := float64(labels+shown%5*180), float64(26+shown/5*rowHeight)
		shown++
		s.Rect(x, y, 10, 10, fmt.Sprintf("fill=%q", colours[st]), "")
		s.Text(x+15, y+10, "start", st.String())
	}
}

// ticks draws the time axis, with five to ten ticks.
func (s drawing) ticks(span time.Duration, at func(time.Duration) float64, top, bottom float64) {
	step := math.Pow(10, math.Floor(math.Log10(span.Seconds()*1e6/5)))
	for _, f := range []float64{5, 2} {
		if span.Seconds()*1e6/(f*step) >= 5 {
			step *= f
			break
		}
	}
	for us := 0.0; us <= span.Seconds()*1e6; us += step {
		x := at(time.Duration(us * 1e3))
		s.Line(x, top, x, bottom+4, `stroke="#ddd"`)
		s.Text(x, bottom+18, "middle", fmt.Sprintf("%.0f", us))
	}
	s.Text(labels+barWidth/2, bottom+34, "middle", "µs after the slot's samples were handed over")
}

// remark says at the right what became of a transmission.
func (s drawing) remark(t *uplink.Transmission, y float64) {
	text, colour := t.Outcome.String(), "#c8102e"
	if t.Received() {
		text = fmt.Sprintf("%s, %d µs", verdict(t.Outcome), t.Latency.Microseconds())
		if t.Late {
			text += ", late"
		} else if t.Outcome == nr.OutcomePassed {
			colour = "#2e7d32"
		}
	}
	fmt.Fprintf(s, `<text x="%d" y="%.1f" fill="%s">%s</text>`+"\n", labels+barWidth+8, y+12, colour, text)
}

// began reports whether a stage ran in any transmission.
func began(transmissions []uplink.Transmission, st block.Stage) bool {
	return st == 0 || slices.ContainsFunc(transmissions, func(t uplink.Transmission) bool { return t.Began[st] != 0 })
}

// axis returns the length of the time axis: all latencies and the slot, but not
// what takes more than three times as long as most do.
func axis(slot time.Duration, transmissions []uplink.Transmission) time.Duration {
	var latencies []time.Duration
	for i := range transmissions {
		if t := &transmissions[i]; t.Received() {
			latencies = append(latencies, t.Latency)
		}
	}
	if len(latencies) == 0 {
		return slot
	}
	slices.Sort(latencies)
	return max(slot, min(latencies[len(latencies)-1], 3*latencies[len(latencies)/2]))
}

// bars draws the stages of one transmission, each until the next one began.
func (s drawing) bars(t *uplink.Transmission, y float64, at func(time.Duration) float64) {
	for st := range block.NumStages {
		if st > 0 && t.Began[st] == 0 {
			continue // replaced by a function that keeps no trace
		}
		end := t.Latency
		for next := st + 1; next < block.NumStages; next++ {
			if t.Began[next] != 0 {
				end = t.Began[next]
				break
			}
		}
		from, to := at(t.Began[st]), at(end)
		s.Rect(from, y+1, max(to-from, 0), rowHeight-3, fmt.Sprintf("fill=%q", colours[st]),
			fmt.Sprintf("%v %v", st, end-t.Began[st]))
	}
}
