// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/neuroran/neuroran/placement/internal/agent"
	"github.com/neuroran/neuroran/placement/meter"
	"github.com/neuroran/neuroran/sfaas"
)

// usageLetter is what a node tells another one of its meters. Rows merge, in any order and any
// number of times; so a letter that is lost, or comes twice, does no harm.
type usageLetter struct {
	incarnation uint32        // life of who tells
	pushes      bool          // the sender pushes into units of the receiver, and asks to be told
	age         time.Duration // since the sender looked at what its units have used
	has         meter.Amounts // what it has, per second
	rows        []usageRow
	served      []servedSlot // outputs of slots that the receiver has pushed
	wants       []shareName  // shares of which the sender would use more
}

// usageRow is a row of the ledger, and how many messages wait for its unit.
type usageRow struct {
	meter.Row
	waiting int
}

// servedSlot says that the output of a slot has come out at the sender.
type servedSlot struct {
	deployment uint32        // hash of its name
	root       sfaas.Key     // of the unit
	slot       sfaas.Slot    // of the output
	age        time.Duration // since it came out, when the letter was written
	at         sfaas.Time    // when, by the clock of who holds it
}

// Bounds of a letter.
const (
	usageVersion   = 1
	maxUsageRows   = 128
	maxUsageServed = 512
	maxUsageWants  = 256
	maxUsageBytes  = 48 << 10 // when so many are written no further row follows
	maxWaiting     = 1 << 30
)

var errUsage = errors.New("placement: not a letter of usage")

// append appends the bytes of a letter: a version, flags, numbers as variable-length integers,
// amounts as eight bytes each, rows as [meter.Row] writes them.
func (l *usageLetter) append(b []byte) ([]byte, error) {
	flags := byte(0)
	if l.pushes {
		flags = 1
	}
	b = append(b, usageVersion, flags)
	b = binary.AppendUvarint(b, uint64(l.incarnation))
	b = binary.AppendUvarint(b, uint64(max(l.age, 0)))
	for _, x := range l.has {
		b = binary.LittleEndian.AppendUint64(b, math.Float64bits(x))
	}
	b = binary.AppendUvarint(b, uint64(len(l.rows)))
	for i := range l.rows {
		var err error
		if b, err = l.rows[i].AppendBinary(b); err != nil {
			return b, err
		}
		b = binary.AppendUvarint(b, uint64(l.rows[i].waiting))
	}
	b = binary.AppendUvarint(b, uint64(len(l.served)))
	for i := range l.served {
		s := &l.served[i]
		b = binary.AppendUvarint(b, uint64(s.deployment))
		b = s.root.AppendBinary(b)
		b = binary.AppendUvarint(b, uint64(s.slot))
		b = binary.AppendUvarint(b, uint64(max(s.age, 0)))
	}
	b = binary.AppendUvarint(b, uint64(len(l.wants)))
	for _, w := range l.wants {
		b = binary.AppendUvarint(b, uint64(w.node))
		b = append(binary.AppendUvarint(b, uint64(len(w.tenant))), w.tenant...)
	}
	return b, nil
}

// parseUsage reads a letter: whatever the bytes are, it returns one or an error.
func parseUsage(b []byte) (*usageLetter, error) {
	bad := func(what string) (*usageLetter, error) { return nil, fmt.Errorf("%w: %s", errUsage, what) }
	if len(b) < 2 || b[0] != usageVersion || b[1] > 1 {
		return bad("version or flags")
	}
	l := &usageLetter{pushes: b[1] == 1}
	b = b[2:]
	ok := true
	number := func(most uint64) uint64 {
		x, n := binary.Uvarint(b)
		if !ok || n <= 0 || x > most {
			ok = false
			return 0
		}
		b = b[n:]
		return x
	}
	l.incarnation = uint32(number(math.MaxUint32))
	l.age = time.Duration(number(uint64(time.Hour)))
	for q := range l.has {
		if len(b) < 8 {
			return bad("amounts")
		}
		l.has[q] = math.Float64frombits(binary.LittleEndian.Uint64(b))
		if !(l.has[q] >= 0 && l.has[q] < 1e30) {
			return bad("amounts")
		}
		b = b[8:]
	}
	for range number(maxUsageRows) {
		row, rest, err := meter.CutRow(b)
		if err != nil {
			return bad(err.Error())
		}
		b = rest
		l.rows = append(l.rows, usageRow{row, int(number(maxWaiting))})
		if !ok {
			break
		}
	}
	for range number(maxUsageServed) {
		s := servedSlot{deployment: uint32(number(math.MaxUint32))}
		root, rest, err := sfaas.CutKey(b)
		if err != nil {
			return bad(err.Error())
		}
		b, s.root = rest, root
		s.slot = sfaas.Slot(number(math.MaxUint64))
		s.age = time.Duration(number(uint64(time.Hour)))
		l.served = append(l.served, s)
		if !ok {
			break
		}
	}
	for range number(maxUsageWants) {
		w := shareName{node: sfaas.NodeID(number(uint64(agent.MaxNode)))}
		n := number(maxName)
		if !ok || n > uint64(len(b)) {
			return bad("name of a tenant")
		}
		w.tenant, b = string(b[:n]), b[n:]
		l.wants = append(l.wants, w)
	}
	if !ok || len(b) > 0 {
		return bad("length")
	}
	return l, nil
}
