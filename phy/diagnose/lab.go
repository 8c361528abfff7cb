// SPDX-License-Identifier: Apache-2.0

package diagnose

import (
	"errors"
	"slices"

	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/phy/ofdm"
	"github.com/neuroran/neuroran/phy/pusch"
	"github.com/neuroran/neuroran/phy/sch"
	"github.com/neuroran/neuroran/phy/sigmf"
)

// lab receives the chosen transmissions of recordings: of the one in question, and of
// others that say something else of the same samples.
type lab struct {
	receiver string
	chosen   []int // indices of transmissions
	benches  map[benchKey]*bench
	pilots   sequences
}

// bench is what a carrier with a number of antennas needs.
type bench struct {
	demod *ofdm.Demodulator
	rx    *pusch.Receiver
	grid  nr.Grid
	slot  nr.Baseband
}

type benchKey struct {
	carrier nr.Carrier
	numRx   int
}

// result is what became of one chosen transmission.
type result struct {
	index    int   // of the transmission
	heard    bool  // the recording holds it
	pilots   order // of its DM-RS
	received bool  // it came through the receiver
	chain    []int // transmissions of its block up to it, that were combined
	quality  nr.Quality
	crc      bool
	long     bool   // its CRC has 24 bits (TS 38.212 §6.2.1)
	spread   spread // of its equalized symbols
}

// bench returns the bench of a recording, made where it is needed first.
func (l *lab) bench(rec *sigmf.Recording) (*bench, error) {
	key := benchKey{rec.Carrier, rec.NumChannels}
	if b := l.benches[key]; b != nil {
		return b, nil
	}
	c := rec.Carrier
	demod, err := ofdm.NewDemodulator(ofdm.Config{Carrier: c, NumPorts: rec.NumChannels, WindowAdvance: ofdm.DefaultAdvance(c)})
	if err != nil {
		return nil, err
	}
	rx, err := pusch.NewReceiver(pusch.Config{Limits: pusch.Limits{Carrier: c, NumRx: rec.NumChannels}, Receiver: l.receiver})
	if err != nil {
		return nil, err
	}
	b := &bench{demod: demod, rx: rx}
	l.benches[key] = b
	return b, nil
}

// see demodulates the slot of a transmission; it reports false where the recording
// does not hold it.
func (b *bench) see(rec *sigmf.Recording, t *sigmf.Transmission) (bool, error) {
	want := rec.Carrier.SlotSamples(t.Slot)
	err := rec.ReadSlot(&b.slot, &sigmf.Slot{Slot: t.Slot, SampleStart: t.SampleStart, SampleCount: want})
	var outside *sigmf.DataError
	if errors.As(err, &outside) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return true, b.demod.Process(&b.grid, &b.slot)
}

// try receives the chosen transmissions of a recording, unless enough says no after
// the pilots of all were compared.
func (l *lab) try(rec *sigmf.Recording, enough func([]result) bool) ([]result, error) {
	b, err := l.bench(rec)
	if err != nil {
		return nil, err
	}
	out := make([]result, len(l.chosen))
	for i, index := range l.chosen {
		t := &rec.Transmissions[index]
		out[i].index = index
		if t.Unsupported != nil || t.Grant.Validate(&rec.Carrier) != nil {
			continue
		}
		if out[i].heard, err = b.see(rec, t); err != nil {
			return nil, err
		}
		if out[i].heard {
			out[i].pilots = l.pilots.measure(&rec.Carrier, &b.grid, &t.Grant)
		}
	}
	if !enough(out) {
		return out, nil
	}
	for i := range out {
		if out[i].heard {
			if err := b.receive(&out[i], rec); err != nil {
				return nil, err
			}
		}
	}
	return out, nil
}

// receive decodes one transmission together with those that share its PRBs, after
// what its HARQ process has received before. What cannot be received is left as it is.
func (b *bench) receive(r *result, rec *sigmf.Recording) error {
	r.chain = chain(rec, r.index)
	var soft sch.SoftBuffer
	for _, index := range r.chain {
		t := &rec.Transmissions[index]
		heard, err := b.see(rec, t)
		if err != nil {
			return err
		}
		grants := sharing(rec, index)
		if !heard || b.rx.Configure(t.Slot, grants...) != nil {
			continue
		}
		dst := make([]nr.TransportBlock, len(grants))
		buffers := []*sch.SoftBuffer{&soft}
		for range grants[1:] {
			buffers = append(buffers, &sch.SoftBuffer{})
		}
		if err := b.rx.Process(dst, buffers, &b.grid); err != nil {
			return err
		}
		if index == r.index {
			group := b.rx.Group()
			r.received, r.crc, r.quality = true, dst[0].CRC, dst[0].Quality
			r.long = dst[0].NumBits > 3824
			r.spread = measureSpread(b.rx.Symbols(0), grants[0], &group)
		}
	}
	return nil
}

// maxChain is how many transmissions of a block are combined.
const maxChain = 4

// chain returns a transmission after those of the same block before it.
func chain(rec *sigmf.Recording, index int) []int {
	own := &rec.Transmissions[index].Grant
	list := []int{index}
	for i, first := index-1, own.NewData; i >= 0 && !first && len(list) < maxChain; i-- {
		t := &rec.Transmissions[i]
		if t.Unsupported == nil && t.Grant.RNTI == own.RNTI && t.Grant.HARQProcess == own.HARQProcess {
			list = append(list, i)
			first = t.Grant.NewData
		}
	}
	slices.Reverse(list)
	return list
}

// sharing returns the grant of a transmission and those of others on its PRBs, whose
// blocks are of no interest.
func sharing(rec *sigmf.Recording, index int) []*nr.Grant {
	t := &rec.Transmissions[index]
	grants := []*nr.Grant{&t.Grant}
	for i := range rec.Transmissions {
		o := &rec.Transmissions[i]
		if i != index && o.Slot == t.Slot && o.Unsupported == nil && o.Grant.SharesPRBs(&t.Grant) && len(grants) < nr.MaxUEs {
			grants = append(grants, &o.Grant)
		}
	}
	return grants
}

// choose returns which of the failed transmissions are looked at, spread evenly where
// there are many: the last of each transport block, if none of the block passed.
func choose(rec *sigmf.Recording, outcomes []nr.Outcome, limit int) []int {
	type process struct {
		rnti uint16
		harq int
	}
	last := map[process]int{} // failed transmission of the block that is in the process
	var all []int
	end := func(p process) {
		if i, ok := last[p]; ok {
			all = append(all, i)
			delete(last, p)
		}
	}
	for i, o := range outcomes[:min(len(outcomes), len(rec.Transmissions))] {
		g := &rec.Transmissions[i].Grant
		p := process{g.RNTI, g.HARQProcess}
		if g.NewData {
			end(p)
		}
		switch o {
		case nr.OutcomeFailed, nr.OutcomeAbsent:
			last[p] = i
		case nr.OutcomePassed:
			delete(last, p)
		}
	}
	for p := range last {
		all = append(all, last[p])
	}
	slices.Sort(all)
	if len(all) > limit {
		spaced := make([]int, limit)
		for k := range spaced {
			spaced[k] = all[k*len(all)/limit]
		}
		return spaced
	}
	return all
}
