// SPDX-License-Identifier: Apache-2.0

package gnb

import (
	"encoding/hex"
	"time"
)

// UEReport is what became of one UE.
type UEReport struct {
	UE         uint16  `json:"ue"`           // RNTI
	SNRdB      float64 `json:"snr_db"`       // at the start
	Mbps       float64 `json:"mbps"`         // received while it was there, without MAC overhead
	BLER1      float64 `json:"bler1"`        // share of first transmissions that failed
	First      int     `json:"first"`        // first transmissions
	Residual   float64 `json:"residual"`     // share of blocks that failed in all transmissions
	MCSMean    float64 `json:"mcs_mean"`     // mean MCS index of first transmissions
	PRBShare   float64 `json:"prb_share"`    // share of the PRBs of all its slots
	DelayMsP50 float64 `json:"delay_ms_p50"` // of packets, from the UE having it to its last block received
	DelayMsP99 float64 `json:"delay_ms_p99"` // and of all but a hundredth
	OLLAdB     float64 `json:"olla_db"`      // offset of the outer loop at the end
	Lost       int     `json:"packets_lost"` // packets of which a block was lost, or for which there was no room

	Bearers []BearerReport `json:"bearers,omitempty"` // of a UE with several
}

// BearerReport is what became of one bearer of a UE.
type BearerReport struct {
	LCG        int     `json:"lcg"`          // logical channel group
	Mbps       float64 `json:"mbps"`         // received while the UE was there
	DelayMsP50 float64 `json:"delay_ms_p50"` // of packets, as of a UE
	DelayMsP99 float64 `json:"delay_ms_p99"` // and of all but a hundredth
	Lost       int     `json:"packets_lost"` // packets of which a block was lost, or for which there was no room
}

// Summary is what became of a cell.
type Summary struct {
	Summary    bool    `json:"summary"`      // true, which tells it from a UE
	Mbps       float64 `json:"mbps"`         // of all UEs together
	Jain       float64 `json:"jain"`         // fairness of their rates, (Σx)²/(n·Σx²)
	PRBUse     float64 `json:"prb_use"`      // share of the PRBs that were granted
	RxMicros50 float64 `json:"rx_us_p50"`    // the receiver's work per slot; 0 with the abstract air
	RxMicros99 float64 `json:"rx_us_p99"`    // and in all slots but a hundredth
	SchedUs50  float64 `json:"sched_us_p50"` // the scheduler's work per slot, feedback included
	SchedUs99  float64 `json:"sched_us_p99"` // and in all slots but a hundredth
	Late       int64   `json:"late"`         // slots whose work came too late
	Slots      int64   `json:"slots"`        // slots
	History    string  `json:"history"`      // SHA-256 of all grants and outcomes
}

// Report returns what has happened so far.
func (l *Loop) Report() ([]UEReport, Summary) {
	s := Summary{Summary: true, Late: l.stats.late, Slots: l.stats.slots, History: hex.EncodeToString(l.history.Sum(nil))}
	s.RxMicros50, s.RxMicros99 = micros(l.stats.receiving.at(0.5)), micros(l.stats.receiving.at(0.99))
	s.SchedUs50, s.SchedUs99 = micros(l.stats.scheduling.at(0.5)), micros(l.stats.scheduling.at(0.99))
	all := float64(l.stats.slots) * float64(l.cfg.MAC.Carrier.NumPRB)
	s.PRBUse = ratio(float64(l.stats.prbs), all)
	var reports []UEReport
	sum, squares := 0.0, 0.0
	for i := range l.ues {
		r := l.report(&l.ues[i])
		reports = append(reports, r)
		s.Mbps += r.Mbps * ratio(float64(l.ues[i].stats.slots), float64(l.stats.slots))
		sum, squares = sum+r.Mbps, squares+r.Mbps*r.Mbps
	}
	s.Jain = ratio(sum*sum, float64(len(l.ues))*squares)
	return reports, s
}

// report returns what has happened to a UE.
func (l *Loop) report(t *terminal) UEReport {
	u := &t.stats.final
	if now, ok := l.maker.UE(t.cfg.RNTI); ok {
		u = &now
	}
	x := &t.stats
	seconds := (time.Duration(x.slots) * l.length).Seconds()
	r := UEReport{
		UE: t.cfg.RNTI, SNRdB: t.cfg.Trajectory[0].SNRdB,
		Mbps: ratio(float64(x.payload)*8e-6, seconds), BLER1: ratio(float64(x.firstFailed), float64(x.first)), First: x.first,
		Residual: ratio(float64(u.Counts.Lost), float64(u.Counts.Blocks)), MCSMean: ratio(float64(u.Counts.MCS), float64(u.Counts.New)),
		PRBShare:   ratio(float64(x.prbs), float64(x.slots)*float64(l.cfg.MAC.Carrier.NumPRB)),
		DelayMsP50: 1e-3 * micros(x.delays.at(0.5)), DelayMsP99: 1e-3 * micros(x.delays.at(0.99)), OLLAdB: u.Loop.OffsetDB, Lost: x.packetsLost,
	}
	for i := range t.streams {
		if b := &t.streams[i]; len(t.streams) > 1 {
			r.Bearers = append(r.Bearers, BearerReport{
				LCG: b.lcg, Mbps: ratio(float64(b.payload)*8e-6, seconds), Lost: b.lost,
				DelayMsP50: 1e-3 * micros(b.delays.at(0.5)), DelayMsP99: 1e-3 * micros(b.delays.at(0.99)),
			})
		}
	}
	return r
}

func micros(d time.Duration) float64 { return float64(d) / 1e3 }

func ratio(a, b float64) float64 {
	if b == 0 {
		return 0
	}
	return a / b
}
