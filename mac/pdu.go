// SPDX-License-Identifier: Apache-2.0

package mac

import "github.com/neuroran/neuroran/phy/nr"

// Elements are the MAC control elements of a transport block that a scheduler goes by: buffer
// status and power headroom. It is a comparable value; the zero value has none.
type Elements struct {
	BSR    BSR   // buffer status report
	HasPHR bool  // whether there is a power headroom report
	PHR    uint8 // its level, see [PowerHeadroomDB]
}

// Logical channel IDs of the uplink, TS 38.321 table 6.2.1-2, of which the others are SDUs.
const (
	lcidCCCH64      = 0  // 8 octets, without a length
	lcidLastSDU     = 32 // identities of logical channels end here
	lcidCCCH48      = 52 // 6 octets, without a length
	lcidBitRate     = 53 // recommended bit rate query, 2 octets
	lcidManyPHR4    = 54 // multiple entry PHR, four octets of cells; with a length
	lcidConfirm     = 55 // configured grant confirmation, no octets
	lcidManyPHR     = 56 // multiple entry PHR, one octet of cells; with a length
	lcidPHR         = 57 // single entry PHR, 2 octets
	lcidCRNTI       = 58 // C-RNTI, 2 octets
	lcidShortCutBSR = 59 // short truncated BSR, one octet
	lcidLongCutBSR  = 60 // long truncated BSR; with a length
	lcidShortBSR    = 61 // short BSR, one octet
	lcidLongBSR     = 62 // long BSR; with a length
	lcidPadding     = 63 // the rest
)

const (
	sduHeader  = 3 // subheader with a length of 16 bits
	phrOctets  = 3 // subheader, headroom, and the maximum power
	longLength = 0x40
)

// Room leaves out of e what does not fit into a transport block of so many octets, a report of
// the headroom before one of the buffers, and returns how many octets of data fit beside the
// rest, subheader deducted. It does not allocate.
//
// TS 38.321 §5.4.3.1.3.
func (e *Elements) Room(octets int) int {
	e.fit(octets)
	return max(octets-e.octets()-sduHeader, 0)
}

// Beside leaves out of e what does not fit into a transport block of so many octets beside so
// many octets of data, as [Elements.Room] does. It does not allocate.
func (e *Elements) Beside(octets, data int) {
	if data > 0 {
		octets -= sduHeader + data
	}
	e.fit(octets)
}

// fit leaves out what does not fit.
func (e *Elements) fit(octets int) {
	if e.HasPHR && e.octets() > octets {
		e.HasPHR, e.PHR = false, 0
	}
	if e.octets() > octets {
		e.BSR = BSR{}
	}
}

// octets returns the octets that the elements take, with their subheaders.
func (e *Elements) octets() int {
	n := 0
	switch e.BSR.Format {
	case ShortBSR:
		n = 2
	case LongBSR:
		n = 3
		for i := range NumLCGs {
			n += int(e.BSR.LCGs >> i & 1)
		}
	}
	if e.HasPHR {
		n += phrOctets
	}
	return n
}

// Put makes a MAC PDU of a transport block: data of one logical channel, then the elements,
// then padding. The octets of the data, which begin at dst[3], stay as they are, and so does
// padding.
//
//   - dst: the whole transport block
//   - lcid: logical channel, 1…32
//   - data: octets of data, at most what [Elements.Room] returns; 0 for none
//
// It returns a [*nr.FieldError] for another channel, and a [*nr.ShapeError] where dst is too
// small. It does not allocate.
//
// TS 38.321 §6.1.2 and §6.2.1.
func (e *Elements) Put(dst []byte, lcid, data int) error {
	if lcid < 1 || lcid > lcidLastSDU {
		return &nr.FieldError{Field: "mac.lcid", Got: lcid, Want: "1…32"}
	}
	want := e.octets()
	if data > 0 {
		want += sduHeader + data
	}
	if data < 0 || data > 0xffff || want > len(dst) {
		return nr.BadLength("mac: pdu", len(dst), want)
	}
	rest := dst
	if data > 0 {
		rest[0], rest[1], rest[2] = longLength|byte(lcid), byte(data>>8), byte(data)
		rest = rest[sduHeader+data:]
	}
	switch e.BSR.Format {
	case ShortBSR:
		rest[0], rest[1] = lcidShortBSR, 0 // nothing waits, where the report names no group
		e.BSR.Append(rest[:1])
		rest = rest[2:]
	case LongBSR:
		n := len(e.BSR.Append(rest[:2]))
		rest[0], rest[1] = lcidLongBSR, byte(n-2)
		rest = rest[n:]
	}
	if e.HasPHR {
		rest[0], rest[1], rest[2] = lcidPHR, e.PHR&63, 0
		rest = rest[phrOctets:]
	}
	if len(rest) > 0 {
		rest[0] = lcidPadding
	}
	return nil
}

// ParseElements reads the control elements of a MAC PDU; data and what a scheduler does not go
// by are passed over. A truncated report counts for the groups that it names. It returns what
// it has read before a [*nr.ShapeError], of a PDU that is cut off, or a [*nr.FieldError], of a
// reserved logical channel ID. It does not allocate when it succeeds.
//
// TS 38.321 §6.1.2, §6.1.3 and §6.2.1.
func ParseElements(pdu []byte) (e Elements, err error) {
	for len(pdu) > 0 {
		lcid := int(pdu[0] & 63)
		if lcid == lcidPadding {
			return e, nil
		}
		header, n, err := subheader(pdu, lcid)
		if err != nil {
			return e, err
		}
		if header+n > len(pdu) {
			return e, nr.BadLength("mac: pdu", len(pdu), header+n)
		}
		if err := e.read(lcid, pdu[header:header+n]); err != nil {
			return e, err
		}
		pdu = pdu[header+n:]
	}
	return e, nil
}

// subheader returns the octets of the first subheader of a PDU, and those of what it is about.
func subheader(pdu []byte, lcid int) (header, n int, err error) {
	switch lcid {
	case lcidCCCH64:
		return 1, 8, nil
	case lcidCCCH48:
		return 1, 6, nil
	case lcidBitRate, lcidPHR, lcidCRNTI:
		return 1, 2, nil
	case lcidShortBSR, lcidShortCutBSR:
		return 1, 1, nil
	case lcidConfirm:
		return 1, 0, nil
	}
	if known := lcid <= lcidLastSDU || lcid == lcidManyPHR || lcid == lcidManyPHR4 || lcid == lcidLongBSR || lcid == lcidLongCutBSR; !known {
		return 0, 0, &nr.FieldError{Field: "mac.lcid", Got: lcid, Want: "one of table 6.2.1-2"}
	}
	if header = 2; pdu[0]&longLength != 0 {
		header = 3
	}
	if len(pdu) < header {
		return 0, 0, nr.BadLength("mac: pdu", len(pdu), header)
	}
	if n = int(pdu[1]); header == 3 {
		n = n<<8 | int(pdu[2])
	}
	return header, n, nil
}

// read takes in one control element, of the octets that its subheader gives it.
func (e *Elements) read(lcid int, ce []byte) (err error) {
	switch lcid {
	case lcidShortBSR, lcidShortCutBSR:
		e.BSR, _, err = ParseBSR(ShortBSR, ce)
	case lcidLongBSR:
		e.BSR, _, err = ParseBSR(LongBSR, ce)
	case lcidLongCutBSR:
		e.BSR, err = parseTruncated(ce)
	case lcidPHR:
		e.HasPHR, e.PHR = true, ce[0]&63
	}
	return err
}

// parseTruncated reads a long truncated report: its bitmap names all groups with data, and
// there are levels of some of them only, in an order that the report does not tell. What is
// certain is which groups have data, so each is taken to have a little.
func parseTruncated(ce []byte) (BSR, error) {
	if len(ce) < 1 {
		return BSR{}, nr.BadLength("mac: bsr", len(ce), 1)
	}
	r := BSR{Format: LongBSR, LCGs: ce[0]}
	for i := range r.Levels {
		r.Levels[i] = ce[0] >> i & 1
	}
	return r, nil
}
