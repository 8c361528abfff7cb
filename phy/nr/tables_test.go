// SPDX-License-Identifier: Apache-2.0

package nr

import (
	"encoding/csv"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// golden reads a file of testdata, made by internal/oracle/nr, without its
// header.
func golden(t *testing.T, name string) [][]string {
	t.Helper()
	f, err := os.Open("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil || len(rows) < 2 {
		t.Fatalf("%s: %d rows, %v", name, len(rows), err)
	}
	return rows[1:]
}

// integers converts the fields of a row.
func integers(t *testing.T, row []string) []int {
	t.Helper()
	out := make([]int, len(row))
	for i, s := range row {
		x, err := strconv.Atoi(s)
		if err != nil {
			t.Fatalf("row %v: %v", row, err)
		}
		out[i] = x
	}
	return out
}

// Every row of tables 6.4.1.1.3-3 and -4, both mappings, both lengths, all
// durations and additional positions, against a second source.
func TestDMRSPositionTables(t *testing.T) {
	rows := golden(t, "dmrs_positions.csv")
	for _, row := range rows {
		n := integers(t, row[1:5])
		length, additional, typeA, ld := n[0], n[1], n[2], n[3]
		d := DMRS{Length: length, AdditionalPosition: additional, TypeAPosition: typeA}
		got := d.Symbols(nil, Mapping(row[0][0]), 0, ld)
		var want []int
		if row[5] != "" {
			want = integers(t, strings.Fields(row[5]))
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("mapping %s length %d additional %d type_a %d duration %d (-want +got):\n%s", row[0], length, additional, typeA, ld, diff)
		}
		if row[0] == "B" && ld <= 10 { // type B counts from the first symbol of the PUSCH
			for i, l := range d.Symbols(nil, MappingB, 4, ld) {
				if l != want[i]+4 {
					t.Errorf("mapping B from symbol 4, duration %d: position %d is %d, want %d", ld, i, l, want[i]+4)
				}
			}
		}
	}
	t.Logf("%d rows", len(rows))
}

func TestMCSTables(t *testing.T) {
	for _, row := range golden(t, "mcs.csv") {
		n := integers(t, row)
		got, err := MCSTable(n[0]).Row(n[1])
		want := MCS{Modulation(n[2]), CodeRate(n[3])}
		if err != nil || got != want {
			t.Errorf("table %d index %d: got %v, %v, want %v", n[0], n[1], got, err, want)
		}
	}
}

func TestTransportBlockSizes(t *testing.T) {
	for _, row := range golden(t, "tbs.csv") {
		n := integers(t, row)
		mcs, err := MCSTable(n[0]).Row(n[1])
		if err != nil {
			t.Fatal(err)
		}
		if got := TransportBlockSize(n[2], n[3], n[4], mcs); got != n[5] {
			t.Errorf("table %d index %d, %d RE, %d PRB, %d layers: got %d, want %d", n[0], n[1], n[2], n[3], n[4], got, n[5])
		}
	}
}

// The overhead that higher layers configure leaves smaller blocks, and takes no
// element from the data.
func TestOverhead(t *testing.T) {
	for _, row := range golden(t, "overhead.csv") {
		n := integers(t, row)
		mcs, err := MCSTable(n[0]).Row(n[1])
		if err != nil {
			t.Fatal(err)
		}
		if got := TransportBlockSize(n[2]-n[3], n[4], n[5], mcs); got != n[6] {
			t.Errorf("row %v: got %d", row, got)
		}
	}
	g := testGrant()
	full, coded := g.TBS(), g.CodedBits()
	g.XOverhead = 18
	if want := TransportBlockSize(g.DataREsPerPRB()-18, g.NumPRB, 1, g.MCS()); g.TBS() != want || want >= full || g.CodedBits() != coded {
		t.Errorf("xOverhead 18: %d bits in %d coded bits, want %d in %d", g.TBS(), g.CodedBits(), want, coded)
	}
}

func TestLimitedBufferTBS(t *testing.T) {
	for _, row := range golden(t, "lbrm.csv") {
		n := integers(t, row)
		if got := LimitedBufferTBS(n[0], MCSTable(n[1]), n[2]); got != n[3] {
			t.Errorf("row %v: got %d", row, got)
		}
	}
}

// Every reserved row names the modulation that its table goes up to, in order.
func TestReservedMCS(t *testing.T) {
	for table, first := range map[MCSTable]int{MCSTable64QAM: 29, MCSTable256QAM: 28, MCSTableLowSE: 29} {
		for index := range MaxMCSIndex + 1 {
			row, err := table.Row(index)
			if err != nil || row.Reserved() != (index >= first) {
				t.Errorf("table %d index %d: %+v, %v", table, index, row, err)
			}
			if want := [...]Modulation{QPSK, QAM16, QAM64, QAM256}; index >= first && row.Modulation != want[index-first] {
				t.Errorf("table %d index %d: %v, want %v", table, index, row.Modulation, want[index-first])
			}
		}
	}
	g := testGrant()
	g.MCSIndex, g.NewData = 30, false
	if g.TBS() != 0 || g.CodedBits() != 4*g.DataREs() {
		t.Errorf("reserved: %d bits, %d coded; want 0 and %d", g.TBS(), g.CodedBits(), 4*g.DataREs())
	}
}

// Sizes are whole bytes, and code blocks divide them evenly: what the coding
// chain relies on.
func TestTransportBlockSizesAreWholeBytes(t *testing.T) {
	for _, table := range []MCSTable{MCSTable64QAM, MCSTable256QAM, MCSTableLowSE} {
		for index := range 28 {
			mcs, err := table.Row(index)
			if err != nil {
				t.Fatal(err)
			}
			for prb := 1; prb <= MaxPRB; prb += 3 {
				for _, re := range []int{6, 20, 77, 132, 156, 168} {
					for layers := 1; layers <= MaxLayers; layers++ {
						n := TransportBlockSize(re, prb, layers, mcs)
						if n < 24 || n%8 != 0 {
							t.Fatalf("table %d index %d, %d RE, %d PRB, %d layers: %d bits", table, index, re, prb, layers, n)
						}
					}
				}
			}
		}
	}
}
