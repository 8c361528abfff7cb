// SPDX-License-Identifier: Apache-2.0

package mac

import (
	"errors"
	"math/rand/v2"
	"testing"

	"github.com/neuroran/neuroran/phy/nr"
)

// TestPDU builds transport blocks of every small size with every kind of report and reads
// them again: what fits comes back, whatever the data and the padding are.
func TestPDU(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	var one, some [NumLCGs]int
	one[3], some[0], some[3], some[7] = 4000, 12, 90_000, 1<<30
	for octets := range 40 {
		for _, full := range []Elements{
			{}, {BSR: NewBSR(&one)}, {BSR: NewBSR(&some)}, {HasPHR: true, PHR: 63}, {BSR: NewBSR(&one), HasPHR: true}, {BSR: NewBSR(&some), HasPHR: true, PHR: 9},
			{BSR: NewBSR(new([NumLCGs]int)), HasPHR: true, PHR: 1},
		} {
			for range 3 {
				e := full
				data := e.Room(octets)
				if data > 0 && rng.IntN(2) == 0 {
					data = rng.IntN(data + 1)
				}
				pdu := make([]byte, octets)
				for i := range pdu {
					pdu[i] = byte(rng.Uint32())
				}
				if err := e.Put(pdu, 1+rng.IntN(32), data); err != nil {
					t.Fatalf("%d octets, %+v, %d of data: %v", octets, e, data, err)
				}
				if got, err := ParseElements(pdu); got != e || err != nil {
					t.Fatalf("%d octets: got %+v, %v, want %+v", octets, got, err, e)
				}
			}
			if e := full; octets >= 16 {
				if e.Room(octets); e != full {
					t.Errorf("%d octets: %+v is left of %+v", octets, e, full)
				}
			}
		}
	}
}

// TestPDUOfOthers reads what this library does not write, by the octets of TS 38.321.
func TestPDUOfOthers(t *testing.T) {
	for name, c := range map[string]struct {
		pdu  []byte
		want Elements
		err  any
	}{
		"CCCH of 64 bits": {[]byte{0, 1, 2, 3, 4, 5, 6, 7, 8, 61, 2<<5 | 7}, Elements{BSR: BSR{Format: ShortBSR, LCGs: 4, Levels: [8]uint8{2: 7}}}, nil},
		"CCCH of 48 bits": {[]byte{52, 61, 61, 61, 61, 61, 61, 57, 12, 0}, Elements{HasPHR: true, PHR: 12}, nil},
		"short length":    {[]byte{4, 2, 61, 61, 62, 3, 0x81, 9, 200, 63, 61}, Elements{BSR: BSR{Format: LongBSR, LCGs: 0x81, Levels: [8]uint8{0: 9, 7: 200}}}, nil},
		"C-RNTI first":    {[]byte{58, 61, 61, 55, 53, 0, 0, 59, 1<<5 | 3, 63}, Elements{BSR: BSR{Format: ShortBSR, LCGs: 2, Levels: [8]uint8{1: 3}}}, nil},
		"truncated":       {[]byte{60, 2, 0x05, 40}, Elements{BSR: BSR{Format: LongBSR, LCGs: 5, Levels: [8]uint8{0: 1, 2: 1}}}, nil},
		"multiple PHR":    {[]byte{56, 3, 1, 2, 3, 57, 1, 1}, Elements{HasPHR: true, PHR: 1}, nil},
		"reserved":        {[]byte{57, 5, 0, 40, 1}, Elements{HasPHR: true, PHR: 5}, new(*nr.FieldError)},
		"cut off":         {[]byte{0x44, 1, 0, 9}, Elements{}, new(*nr.ShapeError)},
		"cut subheader":   {[]byte{0x44, 1}, Elements{}, new(*nr.ShapeError)},
		"cut long report": {[]byte{62, 1, 3}, Elements{}, new(*nr.ShapeError)},
	} {
		got, err := ParseElements(c.pdu)
		if c.err == nil && err != nil || c.err != nil && !errors.As(err, c.err) {
			t.Errorf("%s: %v", name, err)
		}
		if got != c.want {
			t.Errorf("%s: got %+v, want %+v", name, got, c.want)
		}
	}
	for _, bad := range []error{new(Elements).Put(make([]byte, 9), 0, 1), new(Elements).Put(make([]byte, 9), 33, 1), new(Elements).Put(make([]byte, 9), 4, 7), new(Elements).Put(nil, 4, -1)} {
		if bad == nil {
			t.Error("a PDU that cannot be is built")
		}
	}
}

// FuzzParseElements reads anything without a panic, and says of what it can read no more than
// a report can say.
func FuzzParseElements(f *testing.F) {
	f.Add([]byte{4, 2, 61, 61, 62, 3, 0x81, 9, 200, 57, 33, 0, 63})
	f.Add([]byte{0x44, 0, 1, 0, 60, 2, 5, 40, 59, 33})
	f.Fuzz(func(t *testing.T, pdu []byte) {
		e, err := ParseElements(pdu)
		if e.PHR > 63 || e.PHR != 0 && !e.HasPHR {
			t.Errorf("got %+v", e)
		}
		if err != nil {
			return
		}
		for lcg := range NumLCGs {
			if n, _ := e.BSR.Bytes(lcg); n < 0 {
				t.Errorf("%d bytes wait in group %d", n, lcg)
			}
		}
	})
}
