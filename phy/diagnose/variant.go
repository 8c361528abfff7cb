// SPDX-License-Identifier: Apache-2.0

package diagnose

import (
	"errors"
	"fmt"
	"slices"

	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/phy/sigmf"
)

// variant is one other way to understand a recording.
type variant struct {
	changes []Change
	apply   func(*sigmf.Recording) (*sigmf.Recording, error) // of a recording without it
}

// errNotThere says that a variant makes no sense for a recording.
var errNotThere = errors.New("diagnose: no such variant")

// withMeta returns the recording with metadata that change tells.
func withMeta(rec *sigmf.Recording, change func(*sigmf.Meta) error) (*sigmf.Recording, error) {
	m := rec.Meta
	m.Transmissions = slices.Clone(m.Transmissions)
	if err := change(&m); err != nil {
		return nil, err
	}
	m.Unaligned = true // positions may lie outside now; who reads them sees to that
	out, err := withSamples(rec, func([]complex64, int64) {})
	if err != nil {
		return nil, err
	}
	if data, size := rec.Bytes(); data != nil {
		if out, err = sigmf.New(&m, data, size); err != nil {
			return nil, err
		}
	}
	out.Meta, out.Unaligned = m, false
	return out, nil
}

// ofGrants is a variant of all grants. change reports whether it changes anything.
func ofGrants(field, from, to string, change func(*nr.Grant) bool) variant {
	return variant{[]Change{{"nr:pusch." + field, from, to}}, func(rec *sigmf.Recording) (*sigmf.Recording, error) {
		return withMeta(rec, func(m *sigmf.Meta) error {
			some := false
			for i := range m.Transmissions {
				t := &m.Transmissions[i]
				if g := t.Grant; change(&g) && g != t.Grant && g.Validate(&m.Carrier) == nil {
					t.Grant, some = g, true
				}
			}
			if !some {
				return errNotThere
			}
			return nil
		})
	}}
}

// ofField is a variant for each of several values of an integer, in all grants that
// have the value that it has now.
func ofField(now *nr.Grant, field string, at func(*nr.Grant) *int, values ...int) []variant {
	var out []variant
	own := *at(now)
	for _, v := range values {
		if v == own {
			continue
		}
		out = append(out, ofGrants(field, fmt.Sprint(own), fmt.Sprint(v), func(g *nr.Grant) bool {
			same := *at(g) == own
			*at(g) = v
			return same
		}))
	}
	return out
}

// ofCarrier is a variant of the carrier.
func ofCarrier(field, from, to string, change func(*nr.Carrier)) variant {
	return variant{[]Change{{"nr:carrier." + field, from, to}}, func(rec *sigmf.Recording) (*sigmf.Recording, error) {
		return withMeta(rec, func(m *sigmf.Meta) error {
			change(&m.Carrier)
			if m.Carrier == rec.Carrier || m.Carrier.Validate() != nil {
				return errNotThere
			}
			return nil
		})
	}}
}

// ofSlots is a variant whose slots are numbered otherwise.
func ofSlots(by int64) variant {
	to := fmt.Sprintf("%d more", by)
	if by < 0 {
		to = fmt.Sprintf("%d less", -by)
	}
	return variant{[]Change{{"nr:slot_number", "", "each " + to}}, func(rec *sigmf.Recording) (*sigmf.Recording, error) {
		return withMeta(rec, func(m *sigmf.Meta) error {
			perFrame := int64(m.Carrier.Numerology().SlotsPerFrame())
			if first := int64(m.Transmissions[0].Slot); first+by < 0 {
				by += (-first - by + perFrame - 1) / perFrame * perFrame
			}
			for i := range m.Transmissions {
				t := &m.Transmissions[i]
				t.Slot = nr.Slot(int64(t.Slot) + by)
				t.SampleCount = int64(m.Carrier.SlotSamples(t.Slot))
			}
			return nil
		})
	}}
}

// ofStart is a variant whose slots begin elsewhere.
func ofStart(by int64) variant {
	to := fmt.Sprintf("%d later", by)
	if by < 0 {
		to = fmt.Sprintf("%d earlier", -by)
	}
	return variant{[]Change{{"core:sample_start", "", "each " + to}}, func(rec *sigmf.Recording) (*sigmf.Recording, error) {
		return withMeta(rec, func(m *sigmf.Meta) error {
			for i := range m.Transmissions {
				m.Transmissions[i].SampleStart += by
			}
			return nil
		})
	}}
}
