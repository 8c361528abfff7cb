// SPDX-License-Identifier: Apache-2.0

package meter

import (
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/neuroran/neuroran/placement/internal/wire"
	"github.com/neuroran/neuroran/placement/resource"
	"github.com/neuroran/neuroran/sfaas"
)

// ErrRow is wrapped by the errors about bytes that are no row.
var ErrRow = errors.New("meter: malformed row")

const (
	rowVersion = 2
	mostName   = 255     // bytes of a name
	mostCount  = 1 << 62 // of a counter; what is more comes from no counting
)

// AppendBinary appends the row to dst in the form that [CutRow] reads. It returns an error for
// names of more than 255 bytes.
func (r *Row) AppendBinary(dst []byte) ([]byte, error) {
	w := wire.Writer{B: dst}
	w.Byte(rowVersion)
	w.Bool(r.Folded)
	for _, name := range [...]string{r.Owner.App, r.Owner.Tenant, r.Owner.Unit.Part} {
		if len(name) > mostName {
			return dst, fmt.Errorf("meter: name of %d bytes, at most %d", len(name), mostName)
		}
		w.Text(name)
	}
	w.Key(r.Owner.Unit.Root)
	w.Uint(uint64(r.Node))
	w.Uint(r.Life)
	w.Uint(uint64(r.Epoch))
	for _, x := range r.counters() {
		w.Uint(*x)
	}
	w.Uint(uint64(r.Busy))
	w.Uint(uint64(r.CPU))
	w.Byte(byte(r.Energy.Basis))
	w.Amount(r.Energy.Joules)
	return w.B, nil
}

// counters returns the counters in the order in which they travel.
func (u *Usage) counters() [9]*uint64 {
	return [...]*uint64{&u.Invocations, &u.StateRead, &u.StateWritten, &u.Transferred, &u.Remote, &u.IO, &u.Slots, &u.Late, &u.Dropped}
}

// counterNames are their names, in errors.
var counterNames = [...]string{"invocations", "state read", "state written", "transferred", "remote", "local I/O", "slots", "late", "dropped"}

// CutRow reads a row and returns the rest. It returns an error that wraps [ErrRow] and names a
// field, for what is none.
func CutRow(src []byte) (row Row, rest []byte, err error) {
	r := wire.Read(src, ErrRow)
	r.Version(rowVersion)
	row.Folded = r.Bool("folded")
	row.Owner.App, row.Owner.Tenant, row.Owner.Unit.Part = r.Text("app", mostName), r.Text("tenant", mostName), r.Text("part", mostName)
	row.Owner.Unit.Root = r.Key("root")
	row.Node = sfaas.NodeID(r.Uint("node", math.MaxUint16))
	row.Life, row.Epoch = r.Uint("life", math.MaxUint64), r.Uint32("epoch")
	for i, x := range row.counters() {
		*x = r.Uint(counterNames[i], mostCount)
	}
	row.Busy, row.CPU = time.Duration(r.Uint("busy", mostCount)), time.Duration(r.Uint("processor time", mostCount))
	row.Energy.Basis = resource.Basis(r.Byte("basis", byte(resource.Modelled)))
	row.Energy.Joules = r.Amount("joules")
	if err := r.Err(); err != nil {
		return Row{}, src, err
	}
	return row, r.Rest(), nil
}
