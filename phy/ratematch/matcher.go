// SPDX-License-Identifier: Apache-2.0

package ratematch

import (
	"fmt"

	"github.com/neuroran/neuroran/phy/nr"
)

// Matcher selects and interleaves the coded bits of code blocks, and puts
// received soft bits back. It holds no block state: one Matcher serves all code
// blocks of a transmission, whatever their length.
//
// A Matcher is for one goroutine at a time.
//
// TS 38.212 §5.4.2.1 (selection) and §5.4.2.2 (interleaving).
type Matcher struct {
	cfg   Config
	start int // position of the first bit sent, among the ncb−F that can be sent
	lo    int // sendable positions are [0, lo) and [hi, ncb)
	hi    int
	sent  int // number of sendable positions

	planes planes // scratch of Combine
}

// New returns a matcher that needs a call of Configure before the first block.
func New() *Matcher { return &Matcher{} }

// Configure selects buffer, redundancy version and modulation of the next
// blocks. It returns a [*nr.FieldError], and keeps the former configuration, when
// c is not valid. It does not allocate when it succeeds.
func (m *Matcher) Configure(c Config) error {
	if err := c.Validate(); err != nil {
		return err
	}
	m.cfg = c
	m.lo, m.hi = c.fillerRange()
	m.sent = c.ncb() - (m.hi - m.lo)
	m.start = m.index(c.K0())
	return nil
}

// index returns how many sendable positions lie before position p, or 0 when
// p is behind the last one.
func (m *Matcher) index(p int) int {
	switch {
	case p >= m.hi:
		p -= m.hi - m.lo
	case p > m.lo:
		p = m.lo
	}
	return p % m.sent
}

// run returns the buffer position of the k-th bit of the selected sequence e,
// and how many bits from there on lie side by side.
func (m *Matcher) run(k int) (pos, length int) {
	i := (m.start + k) % m.sent
	if i < m.lo {
		return i, m.lo - i
	}
	return i - m.lo + m.hi, m.sent - i
}

// Extent returns one more than the highest buffer position that a transmission
// of e bits reaches: what [ldpc.Config.ForLength] wants. With HARQ, take the
// largest of all transmissions.
//
// [ldpc.Config.ForLength]: https://pkg.go.dev/github.com/neuroran/neuroran/phy/ldpc#Config.ForLength
func (m *Matcher) Extent(e int) int {
	if e <= 0 || m.sent == 0 {
		return 0
	}
	if m.start+e >= m.sent { // reaches the end
		pos, _ := m.run(m.sent - 1 - m.start + m.sent)
		return pos + 1
	}
	pos, _ := m.run(e - 1)
	return pos + 1
}

// Match selects and interleaves the bits of one code block.
//
//   - dst: [E] bits, one per byte; E is a multiple of BitsPerSymbol and may be
//     larger than the buffer, which repeats
//   - src: [N] coded bits d, one per byte; filler positions are skipped
//
// Match returns a [*nr.ShapeError] if the buffer has another length, and a
// [*nr.FieldError] if E is no whole number of symbols. It does not allocate; dst
// and src must not overlap.
//
// TS 38.212 §5.4.2.1 (bit selection) and §5.4.2.2 (bit interleaving).
func (m *Matcher) Match(dst, src []byte) error {
	if err := m.check("Match", len(src), len(dst)); err != nil {
		return err
	}
	qm := m.cfg.BitsPerSymbol
	rows := len(dst) / qm
	for i := range qm {
		for j := 0; j < rows; {
			pos, length := m.run(i*rows + j)
			part := src[pos:][:min(length, rows-j)]
			out := dst[j*qm+i:]
			for k, b := range part {
				out[k*qm] = b
			}
			j += len(part)
		}
	}
	return nil
}

// Clear prepares the soft buffer of a new transport block: 0 where nothing was
// received, [nr.FillerLLR] at the filler positions.
//
// It returns a [*nr.ShapeError] if len(soft) is not N, and does not allocate.
func (m *Matcher) Clear(soft []int8) error {
	if len(soft) != m.cfg.N() {
		return m.check("Clear", len(soft), 0)
	}
	clear(soft)
	filler := soft[m.lo:m.hi]
	for i := range filler {
		filler[i] = nr.FillerLLR
	}
	return nil
}

func (m *Matcher) check(op string, buffer, e int) error {
	switch {
	case m.sent == 0:
		return nr.BadLength("ratematch: "+op+" before Configure: coded bits", e, 0)
	case buffer != m.cfg.N():
		return nr.BadLength("ratematch: "+op+": buffer", buffer, m.cfg.N())
	case e%m.cfg.BitsPerSymbol != 0:
		return &nr.FieldError{Field: "ratematch.coded_bits", Got: e, Want: fmt.Sprintf("a multiple of %d", m.cfg.BitsPerSymbol)}
	}
	return nil
}
