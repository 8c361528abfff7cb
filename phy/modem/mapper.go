// SPDX-License-Identifier: Apache-2.0

package modem

import (
	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/tensor"
)

// tables holds the constellation of every scheme, by modulation order.
var tables = func() (t [nr.QAM256 + 1][]complex64) {
	for m := range t {
		t[m] = Constellation(nr.Modulation(m))
	}
	return t
}()

// Mapper turns bits into constellation points. Its zero value maps nothing
// until Configure. It is for one goroutine at a time.
//
// TS 38.211 §5.1.
type Mapper struct {
	modulation nr.Modulation
	points     []complex64
}

// Configure selects the scheme. It returns a [*nr.FieldError] for an unknown
// one and does not allocate.
func (m *Mapper) Configure(s nr.Modulation) error {
	if !s.Valid() {
		return &nr.FieldError{Field: "modulation", Got: s, Want: "a scheme of TS 38.211 §5.1"}
	}
	m.modulation, m.points = s, tables[s]
	return nil
}

// Map maps bits to symbols.
//
//   - dst: [len(bits)/Q_m] symbols of unit mean energy
//   - bits: one per byte, values 0 or 1 (only the lowest bit counts)
//
// The first symbol is symbol 0 of the codeword, which matters to π/2-BPSK. Map
// returns a [*tensor.ShapeError] if the lengths disagree. It does not allocate.
//
// TS 38.211 §5.1.
func (m *Mapper) Map(dst []complex64, bits []uint8) error {
	qm := m.modulation.BitsPerSymbol()
	if len(dst)*qm != len(bits) || qm == 0 {
		return &tensor.ShapeError{Op: "modem: map: bits", Want: []int{len(dst) * qm}, Got: []int{len(bits)}}
	}
	for i := range dst {
		v := 0
		for _, b := range bits[i*qm : (i+1)*qm] {
			v = v<<1 | int(b&1)
		}
		dst[i] = m.points[v]
	}
	if m.modulation == nr.Pi2BPSK {
		for i := 1; i < len(dst); i += 2 {
			dst[i] = complex(-imag(dst[i]), real(dst[i]))
		}
	}
	return nil
}
