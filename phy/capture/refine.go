// SPDX-License-Identifier: Apache-2.0

package capture

import (
	"maps"

	"github.com/neuroran/neuroran/phy/ofdm"
)

// refine returns the shift at which the earliest UE arrives a little after the
// receiver's symbol timing. The highest sum is where most power arrives; a UE that is
// earlier would lose the start of its symbols there, while what arrives later falls
// into the cyclic prefix.
//
// Each probe is correlated once more at the shifts within a cyclic prefix of the
// given one, and the squares are added for each UE apart. A UE counts where its
// highest sum stands clear of what noise gives, and with a quarter of the strongest
// one's mean.
func (s *searcher) refine(shift int64) (int64, error) {
	prefix := int64(144 * s.rec.Carrier.FFTSize / 2048)
	ues := map[uint16]*arrival{}
	for i := range s.probes {
		p := &s.probes[i]
		if ues[p.rnti] == nil {
			ues[p.rnti] = &arrival{sums: make([]float32, 2*prefix+1)}
		}
		if err := s.around(ues[p.rnti], p, shift-prefix, shift+prefix); err != nil {
			return 0, err
		}
	}
	strongest := 0.0
	for u := range maps.Values(ues) {
		strongest = max(strongest, u.mean())
	}
	earliest := 2 * prefix
	for u := range maps.Values(ues) {
		if m := u.mean(); m >= strongest/4 && m > 4/float64(s.length) {
			earliest = min(earliest, int64(u.peak()))
		}
	}
	return shift - prefix + earliest - int64(ofdm.DefaultAdvance(s.rec.Carrier)/2), nil
}

// arrival is the correlation of the probes of one UE.
type arrival struct {
	sums   []float32 // of each shift
	weight float64   // of all terms
}

func (a *arrival) peak() int {
	at := 0
	for i, v := range a.sums {
		if v > a.sums[at] {
			at = i
		}
	}
	return at
}

// mean returns the highest sum over the terms in it.
func (a *arrival) mean() float64 {
	if a.weight == 0 {
		return 0
	}
	return float64(a.sums[a.peak()]) / a.weight
}

// around adds the correlations of one probe at the shifts from … to.
func (s *searcher) around(u *arrival, p *probe, from, to int64) error {
	begin, end := max(p.at+from, 0), min(p.at+to+int64(s.length), s.rec.NumSamples)
	stretches := end - begin - int64(s.length) + 1
	if stretches < 1 {
		return nil
	}
	if err := s.rec.ReadSamples(&s.samples, begin, int(end-begin)); err != nil {
		return err
	}
	for ch := range s.rec.NumChannels {
		ok, err := s.transform(ch, int(stretches))
		if err != nil {
			return err
		}
		if !ok {
			continue
		}
		u.weight += float64(p.weight)
		if err := s.add(u.sums[begin-p.at-from:], p, 0, stretches); err != nil {
			return err
		}
	}
	return nil
}
