// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/hex"
	"encoding/json"
	"io"
	"math"

	"github.com/neuroran/neuroran/phy/diagnose"
	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/phy/sigmf"
	"github.com/neuroran/neuroran/ran/block"
	"github.com/neuroran/neuroran/ran/uplink"
)

// line is the JSON object of one transmission.
type line struct {
	Slot         uint64  `json:"slot"`
	RNTI         uint16  `json:"rnti"`
	HARQ         int     `json:"harq"`
	CRC          bool    `json:"crc"`
	Outcome      string  `json:"outcome"`  // a word of nr.Outcome
	Detected     bool    `json:"detected"` // the UE transmitted
	Skipped      bool    `json:"skipped"`
	TBBits       int     `json:"tb_bits"`
	TBSHA256     string  `json:"tb_sha256"`
	SINRdB       float64 `json:"sinr_db"`
	SNRdB        float64 `json:"snr_db"`
	CFOHz        float64 `json:"cfo_hz"`
	DelaySamples float64 `json:"delay_samples"`
	Iterations   int     `json:"iterations"`
	LatencyUs    float64 `json:"latency_us"`
	Late         bool    `json:"late"`
	RV           int     `json:"rv"`
	PRBStart     int     `json:"prb_start"`
	PRBSize      int     `json:"prb_size"`
	NumLayers    int     `json:"num_layers"`
	MCSTable     int     `json:"mcs_table"`
	MCSIndex     int     `json:"mcs_index"`

	Stages map[string]float64 `json:"stages_us,omitempty"` // start of each function after the samples were handed over
	Reason string             `json:"reason,omitempty"`    // why the transmission was left out
}

// summary is the last JSON object.
type summary struct {
	Summary        bool    `json:"summary"`
	Slots          int     `json:"slots"`
	Transmissions  int     `json:"transmissions"`
	CRCOK          int     `json:"crc_ok"`
	Absent         int     `json:"absent"`
	Dropped        int     `json:"dropped"`
	Unsupported    int     `json:"unsupported"`
	ThroughputMbps float64 `json:"throughput_mbps"`
	DecodeMbps     float64 `json:"decode_mbps"`
	Receiver       string  `json:"receiver"`
	Device         string  `json:"device"`                  // of its networks; "" where it has none
	Shift          *int64  `json:"shift_samples,omitempty"` // by which a search found the schedule later than stated

	Findings []finding `json:"findings,omitempty"` // of -diagnose
}

// finding is what -diagnose has found about transmissions that did not pass.
type finding struct {
	Slot    uint64            `json:"slot"`
	RNTI    uint16            `json:"rnti"`
	Count   int               `json:"count"`
	Text    string            `json:"text"`
	Fields  []string          `json:"fields"`
	Changes map[string]string `json:"changes,omitempty"` // what would fit, by field
}

// printJSON prints one object per transmission, in the order of the recording's
// annotations, and the summary.
func printJSON(w io.Writer, o *options, in *input, res *result) error {
	r := res.Report
	enc := json.NewEncoder(w)
	for i := range r.Transmissions {
		if err := enc.Encode(newLine(in.Recording, &r.Transmissions[i])); err != nil {
			return err
		}
	}
	sum := summary{
		Summary: true, Slots: r.Slots, Transmissions: len(r.Transmissions), CRCOK: r.Passed(),
		Absent: r.Count(nr.OutcomeAbsent), Dropped: r.Count(nr.OutcomeDropped), Unsupported: r.Unsupported(),
		ThroughputMbps: round(r.ThroughputMbps()), DecodeMbps: round(r.DecodeMbps()),
		Receiver: o.receiver, Device: o.ranOn(),
	}
	if in.found != nil {
		sum.Shift = &in.found.Shift
	}
	for i := range res.findings {
		sum.Findings = append(sum.Findings, newFinding(&res.findings[i]))
	}
	return enc.Encode(sum)
}

func newFinding(f *diagnose.Finding) finding {
	out := finding{Slot: uint64(f.Slot), RNTI: f.RNTI, Count: f.Count, Text: f.Text, Fields: append([]string{}, f.Fields...)}
	for _, c := range f.Changes {
		if out.Changes == nil {
			out.Changes = map[string]string{}
		}
		out.Changes[c.Field] = c.To
	}
	return out
}

// newLine returns the object of a transmission. What was not received has no
// measurements: they are 0.
func newLine(rec *sigmf.Recording, t *uplink.Transmission) line {
	l := line{
		Slot: uint64(t.Slot), RNTI: t.Grant.RNTI, HARQ: t.Grant.HARQProcess,
		CRC: t.CRC, Outcome: t.Outcome.String(), Skipped: t.Skipped(), TBBits: t.NumBits,
		Detected: t.Outcome == nr.OutcomePassed || t.Outcome == nr.OutcomeFailed,
	}
	if t.Err != nil {
		l.Reason = t.Err.Error()
	}
	if !t.Received() {
		return l
	}
	l.SINRdB, l.SNRdB = round(t.SINRdB()), round(t.SNRdB())
	l.CFOHz, l.DelaySamples = round(t.Quality.CFOHz), round(t.DelaySamples(&rec.Carrier))
	l.Stages = map[string]float64{}
	for st := range block.NumStages {
		if st == 0 || t.Began[st] != 0 {
			l.Stages[st.String()] = round(t.Began[st].Seconds() * 1e6)
		}
	}
	l.Iterations, l.LatencyUs, l.Late = t.Iterations, round(t.Latency.Seconds()*1e6), t.Late
	if t.CRC {
		l.TBSHA256 = hex.EncodeToString(t.SHA256[:])
	}
	return l
}

// round rounds to a thousandth. JSON knows neither -0 nor what is no number: both
// become 0.
func round(x float64) float64 {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return 0
	}
	return math.Round(x*1e3)/1e3 + 0
}
