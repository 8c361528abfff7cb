// SPDX-License-Identifier: Apache-2.0

package meter

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/neuroran/neuroran/placement/resource"
	"github.com/neuroran/neuroran/sfaas"
)

// ErrRow is returned for bytes that are no row.
var ErrRow = errors.New("meter: malformed row")

const (
	rowForm   = 1   // first byte: the form of what follows
	mostName  = 255 // bytes of a name
	folded    = 1
	mostBytes = 1 << 62 // of a counter; what is more comes from no counting
)

// AppendBinary appends the row to dst in the form that [CutRow] reads: one byte for the form,
// flags, names with their lengths, then numbers as variable-length integers and joules as
// eight bytes, little-endian. It returns an error for names of more than 255 bytes.
func (r *Row) AppendBinary(dst []byte) ([]byte, error) {
	flags := byte(0)
	if r.Folded {
		flags |= folded
	}
	dst = append(dst, rowForm, flags, byte(r.Energy.Basis))
	for _, name := range [...]string{r.Owner.App, r.Owner.Tenant, r.Owner.Unit.Part} {
		if len(name) > mostName {
			return dst, fmt.Errorf("meter: name of %d bytes, at most %d", len(name), mostName)
		}
		dst = append(append(dst, byte(len(name))), name...)
	}
	dst = r.Owner.Unit.Root.AppendBinary(dst)
	dst = binary.AppendUvarint(dst, uint64(r.Node))
	dst = binary.AppendUvarint(dst, r.Life)
	dst = binary.AppendUvarint(dst, uint64(r.Epoch))
	for _, x := range r.counters() {
		dst = binary.AppendUvarint(dst, *x)
	}
	dst = binary.AppendUvarint(dst, uint64(r.Busy))
	dst = binary.AppendUvarint(dst, uint64(r.CPU))
	return binary.LittleEndian.AppendUint64(dst, math.Float64bits(r.Energy.Joules)), nil
}

// counters returns the counters in the order in which they travel.
func (u *Usage) counters() [9]*uint64 {
	return [...]*uint64{&u.Invocations, &u.StateRead, &u.StateWritten, &u.Transferred, &u.Remote, &u.IO, &u.Slots, &u.Late, &u.Dropped}
}

// CutRow reads a row and returns the rest. It returns [ErrRow] for what is none.
func CutRow(src []byte) (r Row, rest []byte, err error) {
	c := cutter{src: src}
	form, flags, basis := c.byte(), c.byte(), c.byte()
	if form != rowForm || flags > folded || basis > byte(resource.Modelled) {
		return Row{}, src, ErrRow
	}
	r.Folded = flags&folded != 0
	r.Owner.App, r.Owner.Tenant, r.Owner.Unit.Part = c.name(), c.name(), c.name()
	r.Owner.Unit.Root = c.key()
	r.Node = sfaas.NodeID(c.number(math.MaxUint16))
	r.Life, r.Epoch = c.number(math.MaxUint64), uint32(c.number(math.MaxUint32))
	for _, x := range r.counters() {
		*x = c.number(mostBytes)
	}
	r.Busy, r.CPU = time.Duration(c.number(mostBytes)), time.Duration(c.number(mostBytes))
	r.Energy = resource.Energy{Joules: c.float(), Basis: resource.Basis(basis)}
	if c.bad {
		return Row{}, src, ErrRow
	}
	return r, c.src, nil
}

// cutter reads from the front of bytes; once something is not there it is bad.
type cutter struct {
	src []byte
	bad bool
}

func (c *cutter) take(n int) []byte {
	if c.bad || len(c.src) < n {
		c.bad = true
		return nil
	}
	head := c.src[:n]
	c.src = c.src[n:]
	return head
}

func (c *cutter) byte() byte {
	if b := c.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (c *cutter) name() string { return string(c.take(int(c.byte()))) }

func (c *cutter) number(most uint64) uint64 {
	x, n := binary.Uvarint(c.src)
	if n <= 0 || x > most {
		c.bad = true
		return 0
	}
	c.take(n)
	return x
}

func (c *cutter) float() float64 {
	b := c.take(8)
	if b == nil {
		return 0
	}
	x := math.Float64frombits(binary.LittleEndian.Uint64(b))
	if !(x >= 0 && x < 1e30) {
		c.bad = true
	}
	return x
}

func (c *cutter) key() sfaas.Key {
	key, rest, err := sfaas.CutKey(c.src)
	if err != nil {
		c.bad = true
		return sfaas.Key{}
	}
	c.src = rest
	return key
}
