// SPDX-License-Identifier: Apache-2.0

package diagnose

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/phy/sigmf"
)

// Config says how a recording is diagnosed. The zero value is good.
//
// The fields that it blames are those of the SigMF namespace nr, docs/sigmf-nr.md.
type Config struct {
	Receiver string   // receiver of [pusch.Config]; "" stands for "lmmse"
	Limit    int      // most transmissions that are looked at; 0 stands for 6
	RNTIs    []uint16 // for [Search]: further RNTIs that UEs may have
	NIDs     []int    // for [Search]: further scrambling identities, of data and of DM-RS

	// Raw is the recording as it is in its file, for [Search], where the one that is
	// diagnosed was converted to another rate; nil where it was not.
	Raw *sigmf.Recording
}

// defaultLimit is how many transmissions are looked at.
const defaultLimit = 6

// newLab returns a lab for the transmissions of a recording that failed.
func newLab(rec *sigmf.Recording, outcomes []nr.Outcome, cfg *Config) *lab {
	limit := cfg.Limit
	if limit <= 0 {
		limit = defaultLimit
	}
	return &lab{receiver: cfg.Receiver, chosen: choose(rec, outcomes, limit), benches: map[benchKey]*bench{}}
}

// Look says of transmissions that did not pass what the measurements tell.
//
//   - rec: at the rate of its carrier, as capture.Fit returns it
//   - outcomes: of rec.Transmissions, in the same order; those that failed or were
//     absent are looked at. It may be shorter
//
// What several transmissions show is one finding, with its first one. The result is
// empty where nothing is to be said: with nothing failed, or slots without power
// beside others that pass. Look returns the errors of reading the samples and of
// pusch.NewReceiver. It allocates.
func Look(rec *sigmf.Recording, outcomes []nr.Outcome, cfg Config) ([]Finding, error) {
	l := newLab(rec, outcomes, &cfg)
	if len(l.chosen) == 0 {
		return nil, nil
	}
	results, err := l.try(rec, always)
	if err != nil {
		return nil, err
	}
	s := &sight{lab: l, rec: rec, outcomes: outcomes}
	for i := range results {
		if !results[i].heard {
			continue
		}
		if err := s.look(&results[i]); err != nil {
			return nil, err
		}
	}
	return s.findings, nil
}

func always([]result) bool { return true }

// sight is a walk over transmissions that failed.
type sight struct {
	*lab
	rec      *sigmf.Recording
	outcomes []nr.Outcome
	findings []Finding
}

// say notes a finding about a transmission.
func (s *sight) say(index int, text string, fields ...string) {
	t := &s.rec.Transmissions[index]
	s.findings = merge(s.findings, Finding{Slot: t.Slot, RNTI: t.Grant.RNTI, Count: 1, Text: text, Fields: fields})
}

// look says of one transmission what its measurements tell.
func (s *sight) look(r *result) error {
	b, err := s.bench(s.rec)
	if err != nil {
		return err
	}
	if _, err := b.see(s.rec, &s.rec.Transmissions[r.index]); err != nil {
		return err
	}
	antennas, all := dead(&b.slot.Samples)
	if all {
		s.say(r.index, "no power: all samples are 0", "data file", "core:datatype")
		return nil
	}
	for _, a := range antennas {
		s.say(r.index, fmt.Sprintf("zero power on antenna %d", a), "data file", "core:num_channels")
	}
	switch {
	case r.pilots.fits():
		s.pilotsFit(r, b)
	case r.pilots.all > sure:
		s.someFit(r)
	case !r.pilots.tells():
		s.say(r.index, "too few pilots to tell why")
	default:
		return s.noPilots(r, b)
	}
	return nil
}

// pilotsFit says why a transmission fails whose pilots are where they should be.
func (s *sight) pilotsFit(r *result, b *bench) {
	t := &s.rec.Transmissions[r.index]
	g := &t.Grant
	snr := decibel(float64(r.quality.SNR))
	have, want := r.spread.effective(), needed(g)-decibel(float64(max(1, len(r.chain)))) // repetitions add up
	if r.spread.off() {
		have = decibel(math.Exp2(r.spread.capacity) - 1) // the distances are not noise
	}
	switch found := findBand(s.rec, &b.grid, r.index); {
	case !r.received:
		s.say(r.index, "pilots fit, and the transmission cannot be received with those that share its PRBs")
	case !found.is(g) && found.num > g.NumPRB:
		s.say(r.index, fmt.Sprintf("pilots fit (SNR %.0f dB), and there is power in PRBs %d…%d that no grant explains", snr, found.first, found.first+found.num-1),
			"nr:pusch.prb_start", "nr:pusch.prb_size")
	case have < want:
		s.say(r.index, fmt.Sprintf("pilots fit, but %.0f dB of SINR are too few for %v at rate %.2f, which asks for some %.0f dB", have, g.MCS().Modulation, g.MCS().Rate.Float(), want))
	case s.likePassed(g):
		s.say(r.index, fmt.Sprintf("pilots fit (SNR %.0f dB), data do not, and others with the same grant pass: a fade, interference or the Doppler of this slot", snr))
	case r.fast():
		s.say(r.index, fmt.Sprintf("pilots fit (SNR %.0f dB), but the channel changes within the slot, perhaps faster than the DM-RS shows", snr))
	case r.spread.off():
		s.say(r.index, fmt.Sprintf("pilots fit (SNR %.0f dB), but the data are not on the points of %v%s", snr, g.MCS().Modulation, where(&r.spread)), offFields(&r.spread, g)...)
	case r.spread.on():
		s.say(r.index, fmt.Sprintf("pilots fit (SNR %.0f dB) and the data are on the points of %v, but their bits are not", snr, g.MCS().Modulation),
			"nr:pusch.n_rnti", "nr:pusch.n_id", "nr:pusch.mcs_index", "nr:pusch.rv")
	case have < want+s.unsure():
		s.say(r.index, fmt.Sprintf("pilots fit (SNR %.0f dB), data do not, near what %v at rate %.2f asks for", snr, g.MCS().Modulation, g.MCS().Rate.Float()))
	default:
		s.say(r.index, fmt.Sprintf("pilots fit (SNR %.0f dB), data do not", snr), "nr:pusch.n_rnti", "nr:pusch.n_id", "nr:pusch.mcs_index", "nr:pusch.rv")
	}
}

// unsure returns by how much more, in dB, a SINR must be enough where only the pilots
// tell: nothing where many transmissions fail and none passes, which no bad luck does.
func (s *sight) unsure() float64 {
	if len(s.chosen) >= 4 && !s.somePassed() {
		return 0
	}
	return 5
}

// fast reports whether the channel changes within the slot, so that data that do not
// fit are no wonder: its DM-RS symbols differ, or with only one the data do the more,
// the further away they are. With one, and points too near each other to tell, it may.
func (r *result) fast() bool {
	share := float64(r.quality.SNR) / (1 + float64(r.quality.SNR)) // of the power that is no noise
	switch {
	case r.spread.on():
		return false
	case r.pilots.compared:
		return r.pilots.coherence < steady*share
	}
	return r.spread.drifts || r.spread.random < 1.5
}

// steady is the least coherence of DM-RS occasions of a channel that does not change.
const steady = 0.9

// likePassed reports whether a transmission passed whose grant is the same but for
// what changes from one transmission to the next.
func (s *sight) likePassed(g *nr.Grant) bool {
	plain := func(g nr.Grant) nr.Grant {
		g.RV, g.HARQProcess, g.NewData, g.StartPRB, g.NumPRB = 0, 0, false, 0, 0
		return g
	}
	want := plain(*g)
	for i, o := range s.outcomes {
		if o == nr.OutcomePassed && plain(s.rec.Transmissions[i].Grant) == want {
			return true
		}
	}
	return false
}

// where lists the symbols that are not on the points, where others are.
func where(s *spread) string {
	var off []string
	num := 0
	for l, x := range s.symbols {
		if x == 0 {
			continue
		}
		if num++; x > offPoints {
			off = append(off, fmt.Sprint(l))
		}
	}
	if len(off) == num || len(off) == 0 {
		return ""
	}
	return " in symbols " + strings.Join(off, ", ")
}

// offFields names what may be wrong where symbols are not on the points. Where only
// a few symbols are off, they hold something else than data; where nearly all are, the
// points or the phases are others.
func offFields(s *spread, g *nr.Grant) []string {
	off, num := 0, 0
	for _, x := range s.symbols {
		if x != 0 {
			num++
		}
		if x > offPoints {
			off++
		}
	}
	if off <= num/3 {
		return []string{"nr:pusch.dmrs.additional_position", "nr:pusch.symbol_allocation", "nr:pusch.dmrs.length", "nr:pusch.dmrs.num_cdm_groups_without_data"}
	}
	return []string{"nr:pusch.mcs_index", "nr:pusch.mcs_table", "nr:carrier.phase_compensation", "nr:pusch.num_layers"}
}

// someFit says that pilots fit in some symbols only.
func (s *sight) someFit(r *result) {
	var fit, not []string
	for i, x := range r.pilots.symbols[:r.pilots.num] {
		if l := fmt.Sprint(r.pilots.at[i]); x > probable {
			fit = append(fit, l)
		} else {
			not = append(not, l)
		}
	}
	s.say(r.index, fmt.Sprintf("pilots fit in symbols %s, but not in %s", strings.Join(fit, ", "), strings.Join(not, ", ")),
		"nr:pusch.dmrs.type_a_position", "nr:pusch.dmrs.additional_position", "nr:pusch.dmrs.length", "nr:pusch.symbol_allocation")
}

// noPilots says what there is in the place of pilots.
func (s *sight) noPilots(r *result, b *bench) error {
	t := &s.rec.Transmissions[r.index]
	signal, err := findPrefixes(s.rec, t)
	if err != nil {
		return err
	}
	found := findBand(s.rec, &b.grid, r.index)
	exchanged, err := s.exchanged(r)
	if err != nil {
		return err
	}
	few := s.rec.Carrier.CPSamples(t.Slot, 1) / 2
	switch {
	case exchanged:
		s.say(r.index, "pilots fit when I and Q are exchanged", "core:datatype")
	case signal.seen && (signal.late > few || signal.late < -few):
		word := "later"
		if signal.late < 0 {
			word = "earlier"
		}
		s.say(r.index, fmt.Sprintf("no pilots where they should be: symbols begin some %d samples %s than stated", max(signal.late, -signal.late), word), "core:sample_start", "nr:slot_number")
	case signal.seen && found.num > 0 && !overlaps(&found, &t.Grant):
		s.say(r.index, fmt.Sprintf("no pilots where they should be: the power is in PRBs %d…%d", found.first, found.first+found.num-1), "nr:pusch.prb_start", "nr:pusch.prb_size", "nr:carrier.n_size_grid")
	case signal.seen && !s.somePassed():
		s.say(r.index, "no pilots where they should be, but symbols of this numerology", "nr:slot_number", "nr:pusch.dmrs.n_id", "nr:pusch.dmrs.config_type", "nr:carrier.n_start_grid")
	case signal.seen && found.num > 0:
		s.say(r.index, "no pilots of this UE, but power in its PRBs", "nr:slot_number", "nr:pusch.dmrs", "nr:pusch.n_rnti")
	case !signal.seen && !s.somePassed():
		s.nothing(r)
	}
	return nil
}

func overlaps(b *band, g *nr.Grant) bool {
	return b.first < g.StartPRB+g.NumPRB && g.StartPRB < b.first+b.num
}

// somePassed reports whether any transmission of the recording passed.
func (s *sight) somePassed() bool { return slices.Contains(s.outcomes, nr.OutcomePassed) }

// exchanged reports whether the pilots fit when I and Q are exchanged, which is the
// mirrored spectrum and a constant phase.
func (s *sight) exchanged(r *result) (bool, error) {
	mirrored, err := mirror(s.rec)
	if err != nil {
		return false, err
	}
	b, err := s.bench(mirrored)
	if err != nil {
		return false, err
	}
	t := &mirrored.Transmissions[r.index]
	heard, err := b.see(mirrored, t)
	if err != nil || !heard {
		return false, err
	}
	o := s.pilots.measure(&mirrored.Carrier, &b.grid, &t.Grant)
	return o.fits(), nil
}

// nothing says what may be where no symbols are: in a recording of which nothing
// passes, the samples may be read wrongly.
func (s *sight) nothing(r *result) {
	raw, size := s.rec.Bytes()
	if raw == nil {
		s.say(r.index, "no signal of this numerology")
		return
	}
	var fields []string
	for _, l := range s.rec.Fitting(size) {
		if l.Datatype != s.rec.Datatype && !slices.Contains(fields, "core:datatype") {
			fields = append(fields, "core:datatype")
		}
		if l.NumChannels != s.rec.NumChannels && !slices.Contains(fields, "core:num_channels") {
			fields = append(fields, "core:num_channels")
		}
	}
	if fields == nil {
		s.say(r.index, "no signal of this numerology: nobody transmits, or the samples are not what the metadata say")
		return
	}
	s.say(r.index, "no signal of this numerology, and the data file is longer than the annotations: it ends with them if read otherwise", fields...)
}
