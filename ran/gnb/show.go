// SPDX-License-Identifier: Apache-2.0

package gnb

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
)

// WriteTable writes the results of cells as a table for people.
func WriteTable(w io.Writer, results []Result) error {
	var b strings.Builder
	for i := range results {
		r := &results[i]
		if len(results) > 1 {
			fmt.Fprintf(&b, "cell %d\n", r.Cell)
		}
		fmt.Fprintln(&b, "  UE  SNR dB  Mbit/s  BLER 1st    first  residual   MCS  PRBs %  delay ms p50   p99  OLLA dB")
		for _, u := range r.UEs {
			delay := "            -     -"
			if u.DelayMsP50 > 0 {
				delay = fmt.Sprintf("%13.1f %5.1f", u.DelayMsP50, u.DelayMsP99)
			}
			fmt.Fprintf(&b, "%4d %7.1f %7.2f %9.3f %8d %9.5f %5.1f %7.1f %s %8.2f\n",
				u.UE, u.SNRdB, u.Mbps, u.BLER1, u.First, u.Residual, u.MCSMean, 100*u.PRBShare, delay, u.OLLAdB)
		}
		s := &r.Summary
		fmt.Fprintf(&b, "%d slots, %.2f Mbit/s, Jain %.3f, %.1f %% of the PRBs, scheduler %.1f µs a slot (p99 %.1f)",
			s.Slots, s.Mbps, s.Jain, 100*s.PRBUse, s.SchedUs50, s.SchedUs99)
		if s.RxMicros50 > 0 {
			fmt.Fprintf(&b, ", receiver %.0f µs (p99 %.0f)", s.RxMicros50, s.RxMicros99)
		}
		fmt.Fprintf(&b, ", %d late\n", s.Late)
		r.writeTimes(&b)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// writeTimes writes what is known of a cell by the clock, and of recorded samples.
func (r *Result) writeTimes(b *strings.Builder) {
	if d := r.Decoded; d != nil {
		fmt.Fprintf(b, "receiver, of recorded samples: %d passed, %d failed, %d absent, %d lost\n", d.Passed, d.Failed, d.Absent, d.Lost)
	}
	if len(r.Times) == 0 {
		return
	}
	fmt.Fprintln(b, "                                   µs: a slot     p50      p99")
	for _, t := range r.Times {
		perSlot := fmt.Sprintf("%10.1f", t.Micros)
		if t.Delay {
			perSlot = "         -"
		}
		fmt.Fprintf(b, "  %-34s %s %7.1f %8.1f\n", t.Stage, perSlot, t.P50, t.P99)
	}
}

// WriteJSON writes one object for each UE and then the summary, for each cell, one per
// line. With several cells every object has the number of its cell. By the clock, and with
// recorded samples, the summary has "times" and "decoded" too.
func WriteJSON(w io.Writer, results []Result) error {
	out := json.NewEncoder(w)
	for i := range results {
		r := &results[i]
		cell := 0
		if len(results) > 1 {
			cell = r.Cell
		}
		for _, u := range r.UEs {
			if err := out.Encode(struct {
				Cell int `json:"cell,omitempty"`
				UEReport
			}{cell, u}); err != nil {
				return err
			}
		}
		if err := out.Encode(struct {
			Cell int `json:"cell,omitempty"`
			Summary
			Times   []StageTime `json:"times,omitempty"`
			Decoded *Decoded    `json:"decoded,omitempty"`
		}{cell, r.Summary, r.Times, r.Decoded}); err != nil {
			return err
		}
	}
	return nil
}
