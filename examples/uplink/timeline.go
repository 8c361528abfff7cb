// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"slices"
	"time"

	"github.com/neuroran/neuroran/phy/sigmf"
	"github.com/neuroran/neuroran/ran/block"
	"github.com/neuroran/neuroran/ran/uplink"
)

const (
	rowHeight = 16
	labels    = 110 // pixels left of the bars
	barWidth  = 900 // pixels of the time axis
)

// colours of the stages.
var colours = [block.NumStages]string{
	"#8dd3c7", "#b3de69", "#d9d9d9", "#bebada", "#fb8072", "#80b1d3", "#fdb462", "#ffed6f", "#bc80bd", "#ccebc5",
}

// timeline draws a row for each transmission: when each function began, from
// the moment at which the slot's samples were handed over, and when the CRC was
// known. The dashed line is the end of the slot's budget. Bars that would leave the
// drawing end at its edge, with their latency.
func timeline(rec *sigmf.Recording, r *uplink.Report) []byte {
	slot := rec.Carrier.Numerology().SlotDuration()
	span := axis(slot, r.Transmissions)
	s := newSVG(labels+barWidth+40, (len(r.Transmissions)+5)*rowHeight+30)
	shown := 0
	for st := range block.NumStages {
		if !began(r.Transmissions, st) {
			continue
		}
		x := float64(labels + shown%5*180)
		y := float64(8 + shown/5*rowHeight)
		shown++
		s.rect(x, y, 10, 10, fmt.Sprintf("fill=%q", colours[st]), "")
		s.text(x+15, y+10, "start", st.String())
	}
	at := func(d time.Duration) float64 { return labels + min(float64(d)/float64(span), 1)*barWidth }
	top := float64(3 * rowHeight)
	for i := range r.Transmissions {
		t := &r.Transmissions[i]
		y := top + float64(i*rowHeight)
		s.text(labels-6, y+12, "end", fmt.Sprintf("%d · %d", t.Slot, t.Grant.RNTI))
		if !t.Received() {
			s.text(labels, y+12, "start", t.Outcome.String())
			continue
		}
		s.bars(t, y, at)
		if t.Latency > span {
			s.text(labels+barWidth, y+12, "end", fmt.Sprintf("… %v", t.Latency.Round(10*time.Microsecond)))
		}
	}
	bottom := top + float64(len(r.Transmissions)*rowHeight)
	s.line(at(slot), top, at(slot), bottom, `stroke="black" stroke-dasharray="4 3"`)
	s.text(at(slot), bottom+14, "middle", fmt.Sprintf("slot %v", slot))
	s.text(labels, bottom+14, "middle", "0")
	s.text(labels-6, top-4, "end", "slot · RNTI")
	return s.end()
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
func (s *svg) bars(t *uplink.Transmission, y float64, at func(time.Duration) float64) {
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
		s.rect(from, y+1, max(to-from, 0), rowHeight-3, fmt.Sprintf("fill=%q", colours[st]),
			fmt.Sprintf("%v %v", st, end-t.Began[st]))
	}
}
