// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"errors"
	"math"
	"time"

	"github.com/neuroran/neuroran/placement/internal/agent"
	"github.com/neuroran/neuroran/placement/internal/wire"
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
	promiseName
	slot sfaas.Slot    // of the output
	age  time.Duration // since it came out, when the letter was written
	at   sfaas.Time    // when, by the clock of who holds it
}

// Bounds of a letter.
const (
	usageVersion   = 2
	maxUsageRows   = 128
	maxUsageServed = 512
	maxUsageWants  = 256
	maxUsageBytes  = 48 << 10 // when so many are written no further row follows
	maxWaiting     = 1 << 30
)

var errUsage = errors.New("placement: not a letter of usage")

// append appends the bytes of a letter, rows as [meter.Row] writes them.
func (l *usageLetter) append(b []byte) ([]byte, error) {
	w := wire.Writer{B: b}
	w.Byte(usageVersion)
	w.Bool(l.pushes)
	w.Uint(uint64(l.incarnation))
	w.Uint(uint64(max(l.age, 0)))
	for _, x := range l.has {
		w.Amount(x)
	}
	w.Uint(uint64(len(l.rows)))
	for i := range l.rows {
		var err error
		if w.B, err = l.rows[i].AppendBinary(w.B); err != nil {
			return w.B, err
		}
		w.Uint(uint64(l.rows[i].waiting))
	}
	w.Uint(uint64(len(l.served)))
	for i := range l.served {
		s := &l.served[i]
		w.Uint(uint64(s.deployment))
		w.Key(s.root)
		w.Uint(uint64(s.slot))
		w.Uint(uint64(max(s.age, 0)))
	}
	w.Uint(uint64(len(l.wants)))
	for _, x := range l.wants {
		w.Uint(uint64(x.node))
		w.Text(x.tenant)
	}
	return w.B, nil
}

// parseUsage reads a letter: whatever the bytes are, it returns one or an error.
func parseUsage(b []byte) (*usageLetter, error) {
	r := wire.Read(b, errUsage)
	r.Version(usageVersion)
	l := &usageLetter{pushes: r.Bool("pushes"), incarnation: r.Uint32("incarnation"), age: readAge(&r)}
	for q := range l.has {
		l.has[q] = r.Amount("what the sender has")
	}
	for range r.Uint("rows", maxUsageRows) {
		var x usageRow
		r.Cut("row", func(b []byte) (rest []byte, err error) {
			x.Row, rest, err = meter.CutRow(b)
			return rest, err
		})
		x.waiting = int(r.Uint("waiting", maxWaiting))
		l.rows = append(l.rows, x)
	}
	for range r.Uint("served", maxUsageServed) {
		l.served = append(l.served, servedSlot{promiseName: promiseName{r.Uint32("deployment"), r.Key("root")}, slot: sfaas.Slot(r.Uint("slot", math.MaxUint64)), age: readAge(&r)})
	}
	for range r.Uint("wants", maxUsageWants) {
		l.wants = append(l.wants, shareName{sfaas.NodeID(r.Uint("node", uint64(agent.MaxNode))), r.Text("tenant", maxName)})
	}
	return l, r.End()
}

// readAge reads how long ago something was.
func readAge(r *wire.Reader) time.Duration { return time.Duration(r.Uint("age", uint64(time.Hour))) }
