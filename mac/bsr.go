// SPDX-License-Identifier: Apache-2.0

package mac

import (
	"math"
	"sort"

	"github.com/neuroran/neuroran/phy/nr"
)

// BSRFormat is the form of a buffer status report.
type BSRFormat uint8

// Forms of a report.
const (
	NoBSR    BSRFormat = iota // none
	ShortBSR                  // one logical channel group, a level of 5 bits; the others hold nothing
	LongBSR                   // levels of 8 bits; groups that are not named hold nothing
)

// BSR is a buffer status report: levels, not bytes. It is a comparable value; the zero value
// is no report.
//
// TS 38.321 §5.4.5 and §6.1.3.1.
type BSR struct {
	Format BSRFormat      // form
	LCGs   uint8          // groups that are named, bit i for group i
	Levels [NumLCGs]uint8 // indices into table 6.1.3.1-1 (short) or -2 (long)
}

// NewBSR returns the report that a UE with so many bytes in each logical channel group
// sends: the short one where at most one group has data, the long one otherwise.
//
// TS 38.321 §5.4.5.
func NewBSR(bytes *[NumLCGs]int) BSR {
	r := BSR{Format: ShortBSR, LCGs: 1}
	for i, n := range bytes {
		if n <= 0 {
			continue
		}
		if r.Levels != [NumLCGs]uint8{} {
			return newLongBSR(bytes)
		}
		r.LCGs, r.Levels[i] = 1<<i, level(shortBSRLevels[:], n)
	}
	return r
}

func newLongBSR(bytes *[NumLCGs]int) BSR {
	r := BSR{Format: LongBSR}
	for i, n := range bytes {
		if n > 0 {
			r.LCGs |= 1 << i
			r.Levels[i] = level(longBSRLevels[:], n)
		}
	}
	return r
}

// level returns the index of the smallest level that holds so many bytes, or one above
// the last.
func level(levels []int32, bytes int) uint8 {
	if bytes > int(levels[len(levels)-1]) { // as with every full buffer
		return uint8(len(levels))
	}
	return uint8(sort.Search(len(levels), func(i int) bool { return int64(levels[i]) >= int64(bytes) }))
}

// Bytes returns the most that a logical channel group holds by the report, and whether
// the report says anything of it. Above the last level nobody knows; eight times as much
// lets a UE with a full buffer go on until its next report, on the widest carrier too.
func (r *BSR) Bytes(lcg int) (int, bool) {
	levels := longBSRLevels[:]
	switch r.Format {
	case NoBSR:
		return 0, false
	case ShortBSR:
		levels = shortBSRLevels[:]
	}
	if r.LCGs>>lcg&1 == 0 {
		return 0, true
	}
	i := int(r.Levels[lcg])
	if i >= len(levels) {
		return 8 * int(levels[len(levels)-1]), true
	}
	return int(levels[i]), true
}

// Append appends the MAC control element: one octet of the short report, LCG ID and level;
// or the bitmap and an octet for each group of the long one.
//
// TS 38.321 §6.1.3.1.
func (r *BSR) Append(dst []byte) []byte {
	switch r.Format {
	case ShortBSR:
		for i := range r.Levels {
			if r.LCGs>>i&1 != 0 {
				return append(dst, byte(i)<<5|r.Levels[i]&31)
			}
		}
	case LongBSR:
		dst = append(dst, r.LCGs)
		for i, l := range r.Levels {
			if r.LCGs>>i&1 != 0 {
				dst = append(dst, l)
			}
		}
	}
	return dst
}

// ParseBSR reads a MAC control element of the given form, and returns what follows it. It
// returns a [*nr.ShapeError] where it is cut off, and a [*nr.FieldError] for another form.
//
// TS 38.321 §6.1.3.1.
func ParseBSR(format BSRFormat, ce []byte) (BSR, []byte, error) {
	if format != ShortBSR && format != LongBSR {
		return BSR{}, ce, &nr.FieldError{Field: "mac.bsr.format", Got: int(format), Want: "short or long"}
	}
	if len(ce) < 1 {
		return BSR{}, ce, nr.BadLength("mac: bsr", len(ce), 1)
	}
	r := BSR{Format: format}
	if format == ShortBSR {
		lcg := ce[0] >> 5
		r.LCGs, r.Levels[lcg] = 1<<lcg, ce[0]&31
		return r, ce[1:], nil
	}
	r.LCGs, ce = ce[0], ce[1:]
	for i := range r.Levels {
		if r.LCGs>>i&1 == 0 {
			continue
		}
		if len(ce) < 1 {
			return BSR{}, ce, nr.BadLength("mac: bsr.level", len(ce), 1)
		}
		r.Levels[i], ce = ce[0], ce[1:]
	}
	return r, ce, nil
}

// PowerHeadroomDB returns the lower end of a power headroom level, 0…63, in dB.
//
// TS 38.133 table 10.1.17.1-1.
func PowerHeadroomDB(level int) float64 {
	if level <= 54 {
		return float64(max(level, 0) - 33)
	}
	return float64(22 + 2*(min(level, 63)-55))
}

// PowerHeadroomLevel returns the level of a power headroom in dB.
//
// TS 38.133 table 10.1.17.1-1.
func PowerHeadroomLevel(headroomDB float64) uint8 {
	x := min(max(headroomDB, -33), 38) // NaN becomes the lowest
	if math.IsNaN(x) {
		return 0
	}
	if x < 22 {
		return uint8(math.Floor(x) + 33)
	}
	return uint8(55 + math.Floor((x-22)/2))
}
