// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/neuroran/neuroran/phy/diagnose"
	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/phy/sigmf"
	"github.com/neuroran/neuroran/ran/uplink"
)

// printTables prints the report for people; w keeps the first error.
func printTables(w *bufio.Writer, o *options, in *input, res *result) {
	r := res.Report
	c := &in.Carrier
	receiver := o.receiver
	if on := o.ranOn(); on != "" {
		receiver += " on " + on
	}
	fmt.Fprintf(w, "%s\n%d PRB at %d kHz, %d antennas, receiver %s\n",
		in.Description, c.NumPRB, c.SubcarrierSpacingKHz, in.NumChannels, receiver)
	if in.found != nil {
		fmt.Fprintf(w, "schedule found by its DM-RS %d samples (%.3f ms) later than stated\n",
			in.found.Shift, float64(in.found.Shift)/c.SampleRate()*1e3)
	}
	fmt.Fprintln(w)
	printTransmissions(w, in.Recording, r)
	printUnsupported(w, r)
	printFindings(w, o, res.findings)
	printFunctions(w, r)
	slots := time.Duration(r.Slots) * c.Numerology().SlotDuration()
	fmt.Fprintf(w, "%d slots (%v), %d transmissions, %d passed, %d absent, %d late, %d dropped, %d not supported; throughput %.2f Mbit/s on the air, decoded at %.2f Mbit/s\n",
		r.Slots, slots, len(r.Transmissions), r.Passed(), r.Count(nr.OutcomeAbsent), late(r), r.Count(nr.OutcomeDropped), r.Unsupported(), r.ThroughputMbps(), r.DecodeMbps())
}

func late(r *uplink.Report) int {
	n := 0
	for i := range r.Transmissions {
		if r.Transmissions[i].Late || r.Transmissions[i].Outcome == nr.OutcomeLate {
			n++
		}
	}
	return n
}

func newTable(w io.Writer) *tabwriter.Writer {
	return tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
}

// printTransmissions prints one row per transmission.
func printTransmissions(w *bufio.Writer, rec *sigmf.Recording, r *uplink.Report) {
	t := newTable(w)
	fmt.Fprintln(t, "slot\tRNTI\tHARQ\trv\tPRBs\tlayers\tMCS\tmodulation\tbits\tCRC\tSINR dB\tSNR dB\tdelay samples\tCFO Hz\titerations\tlatency µs\tin budget\t")
	for i := range r.Transmissions {
		x := &r.Transmissions[i]
		g := &x.Grant
		fmt.Fprintf(t, "%d\t%d\t%d\t%d\t%d+%d\t%d\t%d:%d\t%v\t%d\t", x.Slot, g.RNTI, g.HARQProcess, g.RV,
			g.StartPRB, g.NumPRB, g.NumLayers, g.MCSTable, g.MCSIndex, g.MCS().Modulation, x.NumBits)
		if !x.Received() {
			fmt.Fprintf(t, "%v\t\t\t\t\t\t\t%s\t\n", x.Outcome, word(x.Skipped(), "no", ""))
			continue
		}
		fmt.Fprintf(t, "%s\t%.1f\t%.1f\t%.2f\t%s\t%d\t%.0f\t%s\t\n", verdict(x.Outcome), x.SINRdB(), x.SNRdB(),
			x.DelaySamples(&rec.Carrier), offset(x), x.Iterations, x.Latency.Seconds()*1e6, word(!x.Late, "yes", "no"))
	}
	fmt.Fprintln(t)
	t.Flush()
}

// verdict returns what the table calls the outcome of a received transmission.
func verdict(o nr.Outcome) string {
	switch o {
	case nr.OutcomePassed:
		return "ok"
	case nr.OutcomeFailed:
		return "FAIL"
	}
	return o.String()
}

// printUnsupported names the transmissions of which nothing was received, and why.
func printUnsupported(w *bufio.Writer, r *uplink.Report) {
	first := true
	for i := range r.Transmissions {
		x := &r.Transmissions[i]
		if x.Err == nil {
			continue
		}
		if first {
			fmt.Fprintln(w, "left out:")
			first = false
		}
		fmt.Fprintf(w, "  slot %d, RNTI %d: %v\n", x.Slot, x.Grant.RNTI, x.Err)
	}
	if !first {
		fmt.Fprintln(w)
	}
}

// printFindings says why transmissions did not pass.
func printFindings(w *bufio.Writer, o *options, findings []diagnose.Finding) {
	if len(findings) == 0 {
		return
	}
	fmt.Fprintln(w, "why:")
	tried := o.diagnose
	for i := range findings {
		fmt.Fprintf(w, "  %v\n", &findings[i])
		tried = tried || len(findings[i].Fields) == 0
	}
	if !tried {
		fmt.Fprintln(w, "  -diagnose tries what else the metadata could say")
	}
	fmt.Fprintln(w)
}

// offset returns the carrier offset, or a dash where one DM-RS symbol cannot
// show it.
func offset(x *uplink.Transmission) string {
	if !x.Quality.CFOObserved {
		return "–"
	}
	return fmt.Sprintf("%.0f", x.Quality.CFOHz)
}

// printFunctions prints one row per function.
func printFunctions(w *bufio.Writer, r *uplink.Report) {
	t := newTable(w)
	fmt.Fprintln(t, "function\tinvocations\tmedian µs\tp99 µs\tstate bytes\ttransferred bytes\tlate\tskipped\tfaults\t")
	for _, f := range r.Functions {
		fmt.Fprintf(t, "%s\t%d\t%.1f\t%.1f\t%d\t%d\t%d\t%d\t%d\t\n", f.Name, f.Invocations,
			f.P50.Seconds()*1e6, f.P99.Seconds()*1e6, f.StateRead+f.StateWritten, f.Transferred, f.Late, f.Skipped, f.Faults)
	}
	fmt.Fprintln(t)
	t.Flush()
}

func word(b bool, yes, no string) string {
	if b {
		return yes
	}
	return no
}
