// SPDX-License-Identifier: Apache-2.0

package mac_test

import (
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/neuroran/neuroran/mac"
	"github.com/neuroran/neuroran/phy/nr"
)

var narrow = nr.Carrier{SubcarrierSpacingKHz: 30, NumPRB: 24, FFTSize: 512}

// pattern is the grant of all UEs of these tests.
func pattern() nr.Grant {
	return nr.Grant{
		NumLayers: 1, NumAntennaPorts: 1, Mapping: nr.MappingA, NumSymbols: 14, MCSTable: nr.MCSTable64QAM,
		DMRS: nr.DMRS{ConfigType: 1, Length: 1, AdditionalPosition: 1, TypeAPosition: 2, NumCDMGroupsWithoutData: 2},
	}
}

// terminal is a UE of a test: a channel that varies slowly, data, and what is in its HARQ
// processes.
type terminal struct {
	rnti    uint16
	snrDB   float64 // mean
	swingDB float64 // of a slow sine over time, with another phase in every PRB
	phase   float64
	rate    float64               // bytes per slot that arrive; 0 for a full buffer
	waiting float64               // bytes that wait
	ndi     [mac.NumProcesses]int // blocks that were granted so far
	blocks  [mac.NumProcesses]struct {
		bits int
		sum  float64 // linear SINR of all transmissions
		bsr  mac.BSR // as it was when the block was built
		need float64 // SINR from which on it passes without a bound on iterations, dB
		ndi  int     // new-data indicator of the block, as counted by the sender of grants
	}
}

// loop is a cell with terminals, in which feedback comes after delay slots.
type loop struct {
	cell       *mac.Cell
	terminals  map[uint16]*terminal
	order      []*terminal
	rng        *rand.Rand
	delay      int
	biasDB     float64 // measured over true SINR
	lose       float64 // share of feedback that does not come
	late       float64 // share that comes some slots late
	deaf       float64 // share of grants that the UE misses
	pending    map[nr.Slot]map[nr.Slot][]mac.Feedback
	sched      nr.Schedule
	slot       nr.Slot
	carrier    nr.Carrier
	delivered  map[uint16]int
	sinrs      [mac.MaxRBGs]float32
	sound      int                           // slots between soundings of a UE; 0 for none
	spy        func(nr.Slot, []mac.Feedback) // sees the feedback; may be nil
	iterations map[nr.Slot][]uint8           // what decoding took, of each grant of a slot; nil to leave it out
	works      []float64                     // what each slot took
	asked      func(uint16)                  // sees scheduling requests; may be nil
}

func newLoop(tb testing.TB, cfg mac.Config, delay int, seed uint64) *loop {
	tb.Helper()
	cell, err := mac.New(cfg)
	if err != nil {
		tb.Fatal(err)
	}
	return &loop{
		cell: cell, terminals: map[uint16]*terminal{}, rng: rand.New(rand.NewPCG(seed, 1)), delay: delay,
		pending: map[nr.Slot]map[nr.Slot][]mac.Feedback{}, carrier: cfg.Carrier, delivered: map[uint16]int{},
	}
}

func (l *loop) attach(tb testing.TB, t *terminal, cfg mac.UEConfig) {
	tb.Helper()
	if cfg.Grant.NumLayers == 0 {
		cfg.Grant = pattern()
	}
	if err := l.cell.Attach(t.rnti, cfg); err != nil {
		tb.Fatal(err)
	}
	l.cell.Request(t.rnti)
	l.terminals[t.rnti] = t
	l.order = append(l.order, t)
}

// sinr returns the true SINR of a transmission, dB.
func (l *loop) sinr(t *terminal, start, num int) float64 {
	sum := 0.0
	for prb := start; prb < start+num; prb++ {
		x := t.snrDB + t.swingDB*math.Sin(t.phase+float64(l.slot)/150+float64(prb)/6)
		sum += math.Log2(1 + math.Pow(10, x/10))
	}
	return 10 * math.Log10(math.Exp2(sum/float64(num))-1)
}

// soundings lets the cell measure every UE in every group, in turns.
func (l *loop) soundings() {
	if l.sound == 0 {
		return
	}
	for i, t := range l.order {
		if (int(l.slot)+i)%l.sound == 0 {
			sinr := l.sinrs[:l.cell.NumRBGs()]
			for g := range sinr {
				sinr[g] = float32(l.sinr(t, first(l.cell.RBG(g)), second(l.cell.RBG(g))) + l.biasDB)
			}
			l.cell.Sound(t.rnti, l.slot, sinr)
		}
	}
}

func first(a, _ int) int  { return a }
func second(_, b int) int { return b }

// step runs one slot: feedback that is due, the schedule, the transmissions.
func (l *loop) step(tb testing.TB) {
	tb.Helper()
	l.slot++
	for _, at := range slices.Sorted(maps.Keys(l.pending[l.slot])) {
		if l.cell.Feedback(at, l.pending[l.slot][at]); l.spy != nil {
			l.spy(at, l.pending[l.slot][at])
		}
	}
	delete(l.pending, l.slot)
	l.soundings()
	for _, t := range l.order {
		if t.waiting == 0 && t.rate > 0 {
			t.waiting += t.rate
			if l.cell.Request(t.rnti); l.asked != nil {
				l.asked(t.rnti)
			}
			continue
		}
		t.waiting += t.rate
	}
	if err := l.cell.Schedule(&l.sched, l.slot); err != nil {
		tb.Fatal(err)
	}
	for i := range l.sched.Grants {
		g := &l.sched.Grants[i]
		if t := l.terminals[g.RNTI]; t != nil {
			l.answer(l.transmit(t, g))
		}
	}
}

// answer lets feedback come after the delay, later, or not at all.
func (l *loop) answer(f mac.Feedback) {
	if l.rng.Float64() < l.lose {
		return
	}
	at := l.slot + nr.Slot(l.delay)
	if l.rng.Float64() < l.late {
		at += nr.Slot(l.rng.IntN(20))
	}
	if l.pending[at] == nil {
		l.pending[at] = map[nr.Slot][]mac.Feedback{}
	}
	l.pending[at][l.slot] = append(l.pending[at][l.slot], f)
}

// transmit is the UE and the receiver.
func (l *loop) transmit(t *terminal, g *nr.Grant) mac.Feedback {
	f := mac.Feedback{RNTI: g.RNTI, HARQProcess: uint8(g.HARQProcess), Outcome: nr.OutcomeAbsent}
	b := &t.blocks[g.HARQProcess]
	if g.NewData {
		t.ndi[g.HARQProcess]++
	}
	if l.rng.Float64() < l.deaf {
		return f
	}
	if b.ndi != t.ndi[g.HARQProcess] { // it may have missed the first grant of the block
		b.bits, b.sum, b.ndi = g.TBS(), 0, t.ndi[g.HARQProcess]
		b.need = mac.DefaultCurves().Needed(g.MCSTable, g.MCSIndex, b.bits, l.rng.Float64())
		if t.rate > 0 {
			t.waiting = max(t.waiting-float64(b.bits/8-8), 0)
		}
		waiting := int(math.Ceil(t.waiting))
		if t.rate == 0 {
			waiting = 10_000_000
		}
		b.bsr = mac.NewBSR(&[mac.NumLCGs]int{waiting})
	}
	x := l.sinr(t, g.StartPRB, g.NumPRB)
	b.sum += math.Pow(10, x/10)
	spare := float32(10*math.Log10(b.sum) - b.need)
	if l.iterations != nil {
		f.Iterations = l.decoding(g, spare)
		l.iterations[l.slot] = append(l.iterations[l.slot], f.Iterations)
	}
	f.SINRObserved, f.SINRdB = true, float32(x+l.biasDB)
	f.Outcome = nr.OutcomeFailed
	if spare >= mac.DefaultBounds().LossDB(g.MCSTable, g.MCSIndex, g.MaxIterations) {
		f.Outcome = nr.OutcomePassed
		f.BSR = b.bsr
		l.delivered[t.rnti] += b.bits
	}
	return f
}
