// SPDX-License-Identifier: Apache-2.0

package pusch

import (
	"bytes"
	"errors"
	"testing"

	"github.com/neuroran/neuroran/phy/ldpc"
	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/phy/sch"
)

// otherGraph returns an initial grant, and one of a retransmission of the same
// size whose own MCS asks for the other base graph.
func otherGraph(t *testing.T) (first, again *nr.Grant) {
	t.Helper()
	grant := func(mcs, numPRB int, newData bool) *nr.Grant {
		g := softGrant(0, newData)
		g.MCSIndex, g.NumPRB = mcs, numPRB
		g.DMRS.AdditionalPosition = 1
		return g
	}
	first = grant(24, 4, true)
	for prb := 1; prb <= 24; prb++ {
		again = grant(16, prb, false)
		if a, b := codeOf(t, first), codeOf(t, again); a.TBS == b.TBS && a.Segmentation.BaseGraph != b.Segmentation.BaseGraph {
			return first, again
		}
	}
	t.Fatalf("no grant with MCS 16 has the size %d on the other base graph", codeOf(t, first).TBS)
	return nil, nil
}

var softCarrier = nr.Carrier{SubcarrierSpacingKHz: 15, NumPRB: 24, FFTSize: 512}

func softGrant(rv int, newData bool) *nr.Grant {
	return &nr.Grant{
		NumLayers: 1, NumAntennaPorts: 1, Mapping: nr.MappingA, NumSymbols: 14, NumPRB: 24,
		MCSTable: nr.MCSTable64QAM, MCSIndex: 20, RV: rv, NewData: newData,
		DMRS: nr.DMRS{ConfigType: 1, Length: 1, TypeAPosition: 2, NumCDMGroupsWithoutData: 2},
	}
}

func codeOf(t *testing.T, g *nr.Grant) sch.Code {
	t.Helper()
	c, err := NewCode(g)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// A retransmission keeps the base graph of its initial transmission, although
// its own MCS asks for the other one.
func TestContinue(t *testing.T) {
	first, retry := otherGraph(t)
	want, again := codeOf(t, first), codeOf(t, retry)
	if err := again.Continue(want.Initial()); err != nil {
		t.Fatal(err)
	}
	if again.Segmentation != want.Segmentation {
		t.Errorf("got %+v, want %+v", again.Segmentation, want.Segmentation)
	}
}

// The transmitter does the same, for each HARQ process of each UE.
func TestTransmitterKeepsBaseGraph(t *testing.T) {
	first, retry := otherGraph(t)
	tx, err := NewTransmitter(Limits{Carrier: softCarrier})
	if err != nil {
		t.Fatal(err)
	}
	graph := func(g *nr.Grant) ldpc.BaseGraph {
		t.Helper()
		if err := tx.Configure(0, g); err != nil {
			t.Fatal(err)
		}
		return tx.Code().Segmentation.BaseGraph
	}
	own := graph(retry) // nothing was sent yet
	initial := graph(first)
	if own == initial {
		t.Fatalf("both grants ask for base graph %d", own)
	}
	otherUE, otherProcess := *retry, *retry
	otherUE.RNTI++
	otherProcess.HARQProcess++
	for _, c := range []struct {
		name  string
		grant *nr.Grant
		want  ldpc.BaseGraph
	}{
		{"of another UE", &otherUE, own},
		{"of another process", &otherProcess, own},
		{"of the block", retry, initial},
		{"of the block again", retry, initial},
	} {
		if got := graph(c.grant); got != c.want {
			t.Errorf("retransmission %s: base graph %d, want %d", c.name, got, c.want)
		}
	}
	fresh := *retry
	fresh.NewData = true
	if got := graph(&fresh); got != own {
		t.Errorf("new data: base graph %d, want %d", got, own)
	}
	if got := graph(retry); got != own {
		t.Errorf("retransmission of the new data: base graph %d, want %d", got, own)
	}
}

// A block whose first transmission was lost is decoded from a retransmission with
// an MCS of the other base graph: transmitter and receiver agree.
func TestRetransmissionOnOtherGraph(t *testing.T) {
	first, retry := otherGraph(t)
	limits := Limits{Carrier: softCarrier, NumRx: 1}
	tx, err := NewTransmitter(limits)
	if err != nil {
		t.Fatal(err)
	}
	rx, err := NewReceiver(Config{Limits: limits, Receiver: "ls"})
	if err != nil {
		t.Fatal(err)
	}
	sent := make([]byte, codeOf(t, first).TBS/8)
	for i := range sent {
		sent[i] = byte(37 * i)
	}
	soft, tb := []*sch.SoftBuffer{new(sch.SoftBuffer)}, make([]nr.TransportBlock, 1)
	for i, grant := range []*nr.Grant{first, retry} {
		var grid nr.Grid
		if err := errors.Join(tx.Configure(nr.Slot(i), grant), tx.Process(&grid, sent), rx.Configure(nr.Slot(i), grant)); err != nil {
			t.Fatal(err)
		}
		lost := i == 0
		if lost {
			grid.RE.Clear()
		}
		if err := rx.Process(tb, soft, &grid); err != nil {
			t.Fatal(err)
		}
		if tb[0].CRC == lost {
			t.Fatalf("transmission %d: CRC %t", i, tb[0].CRC)
		}
	}
	if !bytes.Equal(tb[0].Data.Data(), sent) {
		t.Error("another transport block")
	}
}
