// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"bytes"
	"testing"
	"time"

	"github.com/neuroran/neuroran/placement/meter"
	"github.com/neuroran/neuroran/placement/resource"
	"github.com/neuroran/neuroran/sfaas"
)

func sampleUsage() *usageLetter {
	l := &usageLetter{incarnation: 7, pushes: true, age: 3 * time.Millisecond, served: []servedSlot{{promiseName: promiseName{5, cell1}, slot: 99, age: time.Second}}, wants: []shareName{{3, "lab"}, {4, ""}}}
	l.has[meter.CPU] = 4
	for i := range uint64(3) {
		row := meter.Row{Owner: resource.Owner{App: "app", Tenant: "lab", Unit: unitOf(i)}, Node: 2, Life: 1<<32 | i, Epoch: uint32(i), Folded: i == 0}
		row.Invocations, row.Busy, row.Energy = 10*i, time.Duration(i), resource.Energy{Joules: 0.5, Basis: resource.Modelled}
		l.rows = append(l.rows, usageRow{row, int(i)})
	}
	return l
}

// FuzzUsageLetter reads whatever comes, and writes what it has read so that it reads the same; a
// ledger takes it.
func FuzzUsageLetter(f *testing.F) {
	b, err := sampleUsage().append(nil)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Add([]byte{usageVersion, 0})
	m, err := newMeters(1, &Config{}, 1)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		l, err := parseUsage(b)
		if err != nil {
			return
		}
		first, err := l.append(nil)
		if err != nil {
			t.Fatal(err)
		}
		again, err := parseUsage(first)
		if err != nil {
			t.Fatal(err)
		}
		second, err := again.append(nil)
		if err != nil || !bytes.Equal(first, second) {
			t.Fatalf("%x, then %x, %v", first, second, err)
		}
		m.take(2, l, sfaas.Time(time.Hour))
	})
}

// TestUsageLetterIsBounded refuses more than a letter may have, and what is cut or too long.
func TestUsageLetterIsBounded(t *testing.T) {
	b, err := sampleUsage().append(nil)
	if err != nil {
		t.Fatal(err)
	}
	if l, err := parseUsage(b); err != nil || len(l.rows) != 3 || l.rows[2].waiting != 2 || l.rows[2].Invocations != 20 || l.served[0].slot != 99 || !l.pushes {
		t.Fatalf("%+v, %v", l, err)
	}
	for n := range b {
		if _, err := parseUsage(b[:n]); err == nil {
			t.Fatalf("a letter of %d bytes of %d is read", n, len(b))
		}
	}
	if _, err := parseUsage(append(b, 0)); err == nil {
		t.Error("a longer one is read")
	}
	l := sampleUsage()
	for len(l.rows) <= maxUsageRows {
		l.rows = append(l.rows, l.rows[0])
	}
	if b, err = l.append(nil); err != nil {
		t.Fatal(err)
	}
	if _, err := parseUsage(b); err == nil {
		t.Errorf("%d rows are read", len(l.rows))
	}
}
