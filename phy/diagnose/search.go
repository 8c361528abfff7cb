// SPDX-License-Identifier: Apache-2.0

package diagnose

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/phy/sigmf"
)

// maxChanges is how many changes are tried one upon the other.
const maxChanges = 3

// Search says of transmissions that did not pass what [Look] says, and tries which
// other metadata make them fit:
//
//  1. The transmissions are received as stated.
//  2. Each neighbour is tried: first the pilots of all are compared; only where they
//     fit in more transmissions, or in as many and all, is the rest received.
//  3. The change with which most CRCs hold is taken, or else the one with which the
//     pilots of most fit. Others with which as many CRCs hold are told too.
//  4. While CRCs are wrong, neighbours of the changed recording are tried, up to three
//     changes in all.
//
// With a change that makes CRCs hold, what Look says is left out. Parameters, result
// and errors are those of Look, and the context's. A search takes some hundred times
// as long as receiving the transmissions.
func Search(ctx context.Context, rec *sigmf.Recording, outcomes []nr.Outcome, cfg Config) ([]Finding, error) {
	s := &searcher{lab: newLab(rec, outcomes, &cfg), cfg: cfg, stated: rec, rec: rec}
	if len(s.chosen) == 0 {
		return nil, nil
	}
	seen, err := Look(rec, outcomes, cfg)
	if err != nil {
		return nil, err
	}
	if s.now, err = s.try(rec, always); err != nil {
		return nil, err
	}
	for range maxChanges {
		more, err := s.step(ctx)
		if err != nil {
			return nil, err
		}
		if !more {
			break
		}
	}
	if len(s.found) == 0 {
		return seen, nil
	}
	if s.passes == 0 {
		return append(s.found, seen...), nil
	}
	return s.found, nil
}

// searcher tries variants of a recording.
type searcher struct {
	*lab
	cfg     Config
	stated  *sigmf.Recording // as it is
	rec     *sigmf.Recording // with the changes so far
	now     []result         // of it
	changes []Change
	found   []Finding
	passes  int // CRCs that hold with the changes
}

// attempt is a variant and what became of it.
type attempt struct {
	variant
	rec     *sigmf.Recording
	results []result
}

// step takes the best change and reports whether another could help.
func (s *searcher) step(ctx context.Context) (bool, error) {
	list, err := s.neighbours()
	if err != nil {
		return false, err
	}
	base := count(s.now)
	var best []attempt
	top := base
	for _, v := range list {
		if err := ctx.Err(); err != nil {
			return false, err
		}
		a := attempt{variant: v}
		a.rec, err = v.apply(s.rec)
		if err == nil {
			a.results, err = s.try(a.rec, func(r []result) bool { return count(r).worthwhile(base) })
		}
		if err != nil {
			if hopeless(err) {
				continue
			}
			return false, err
		}
		switch c := count(a.results); {
		case c.lucky(base):
		case c.better(top):
			best, top = append(best[:0], a), c
		case c.passes > base.passes && c.passes == top.passes:
			best = append(best, a)
		}
	}
	if len(best) == 0 {
		return false, nil
	}
	s.take(best, top)
	return top.passes < top.heard, nil
}

// hopeless reports whether an error only says that a variant makes no sense.
func hopeless(err error) bool {
	var field *sigmf.FieldError
	var data *sigmf.DataError
	var value *nr.FieldError
	return errors.Is(err, errNotThere) || errors.Is(err, nr.ErrUnsupported) || errors.As(err, &field) || errors.As(err, &data) || errors.As(err, &value)
}

// take notes the best attempts and goes on from the first of them.
func (s *searcher) take(best []attempt, c counts) {
	s.passes = c.passes
	s.found = s.found[:0]
	first := best[0]
	t := &s.stated.Transmissions[first.results[0].index]
	for _, a := range best {
		f := Finding{Slot: t.Slot, RNTI: t.Grant.RNTI, Count: c.heard, Changes: slices.Concat(s.changes, a.changes)}
		f.Text = fmt.Sprintf("pilots of %d of %d fit with", c.fit, c.heard)
		if c.passes > 0 {
			f.Text = fmt.Sprintf("%d of %d pass with", c.passes, c.heard)
		}
		for i := len(f.Changes) - 1; i >= 0; i-- {
			f.Fields = append(f.Fields, f.Changes[i].Field)
		}
		f.Fields = f.Fields[:min(len(f.Fields), maxFields)]
		if len(s.found) < maxFields && !told(s.found, &f) {
			s.found = append(s.found, f)
		}
	}
	s.rec, s.now, s.changes = first.rec, first.results, append(s.changes, first.changes...)
}

// told reports whether a change of the same field was found before.
func told(found []Finding, f *Finding) bool {
	for i := range found {
		if found[i].Fields[0] == f.Fields[0] {
			return true
		}
	}
	return false
}

// counts sums up results.
type counts struct {
	heard   int // that the recording holds
	fit     int // whose pilots fit
	symbols int // with DM-RS that fit, of all
	passes  int // CRCs
	long    int // CRCs of 24 bits
	dumb    int // with too few pilots to tell
	order   float64
}

func count(results []result) (c counts) {
	for i := range results {
		r := &results[i]
		if !r.heard {
			continue
		}
		c.heard++
		c.symbols += r.pilots.fitting()
		c.order += r.pilots.all
		if !r.pilots.tells() {
			c.dumb++
		}
		if r.pilots.fits() {
			c.fit++
		}
		if r.crc {
			c.passes++
		}
		if r.crc && r.long {
			c.long++
		}
	}
	return c
}

// worthwhile reports whether the rest is to be received, after the pilots: they fit
// in no fewer transmissions than before, and in at least half, but for those whose
// pilots do not tell.
func (c counts) worthwhile(base counts) bool {
	return c.heard > 0 && (c.dumb == c.heard || c.fit >= base.fit && 2*c.fit+c.dumb >= c.heard)
}

// lucky reports whether a single CRC of several holds that did not before. A CRC of 16
// bits holds by chance once in 65 536 times, and some hundred changes are tried.
func (c counts) lucky(base counts) bool {
	return c.passes == base.passes+1 && c.long <= base.long && c.heard > 2
}

// better reports whether c explains more than o: more CRCs, or else pilots that are
// clearly better in order. What is weak anyway is in better order by chance.
func (c counts) better(o counts) bool {
	if c.passes != o.passes || c.passes > 0 {
		return c.passes > o.passes
	}
	return c.order > 1.3*o.order+2*sure
}
