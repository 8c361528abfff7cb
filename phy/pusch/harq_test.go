// SPDX-License-Identifier: Apache-2.0

package pusch_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/phy/pusch"
	"github.com/neuroran/neuroran/phy/sch"
)

// TestReservedMCS sends a block that is lost, and retransmissions with a reserved
// MCS on other PRBs, in other modulations and redundancy versions, as networks
// adapt them. The block has the size of the initial transmission, in every MCS
// table, with and without a limited buffer, with overhead, on process 31.
func TestReservedMCS(t *testing.T) {
	for _, c := range []struct {
		table       nr.MCSTable
		first       int
		reserved    []int
		prb, again  int
		lbrm, extra int
	}{
		{nr.MCSTable64QAM, 20, []int{29, 30, 31}, 10, 24, 0, 0},
		{nr.MCSTable64QAM, 27, []int{30, 31}, 24, 20, nr.LimitedBufferTBS(1, nr.MCSTable64QAM, 24), 0},
		{nr.MCSTable256QAM, 20, []int{28, 29, 30, 31}, 8, 24, 0, 12},
		{nr.MCSTable256QAM, 27, []int{31}, 24, 18, nr.LimitedBufferTBS(1, nr.MCSTable256QAM, 24), 6},
		{nr.MCSTableLowSE, 5, []int{29, 30, 31}, 24, 12, 0, 18},
	} {
		for _, index := range c.reserved {
			for rv := range 4 {
				t.Run(fmt.Sprintf("table=%d first=%d mcs=%d rv=%d lbrm=%d", c.table, c.first, index, rv, c.lbrm), func(t *testing.T) {
					g := plainGrant()
					g.MCSTable, g.MCSIndex, g.NumPRB, g.HARQProcess = c.table, c.first, c.prb, 31
					g.TBSLBRM, g.XOverhead = c.lbrm, c.extra
					retransmit(t, g, func() { g.MCSIndex, g.NumPRB, g.StartPRB, g.RV = index, c.again, 24-c.again, rv })
				})
			}
		}
	}
}

// retransmit sends a block in noise, so that it is lost, changes the grant, and
// sends it again until it passes.
func retransmit(t *testing.T, g *nr.Grant, change func()) {
	t.Helper()
	tx, err := pusch.NewTransmitter(pusch.Limits{Carrier: loopCarrier})
	must(t, err)
	rx := newPlainReceiver(t, pusch.Config{})
	size := g.TBS()
	block := randomBlock(rand.New(rand.NewPCG(3, 1)), g)
	tb, soft := make([]nr.TransportBlock, 1), []*sch.SoftBuffer{new(sch.SoftBuffer)}
	send := func(slot nr.Slot, lost bool) {
		must(t, tx.Configure(slot, g))
		var sent nr.Grid
		must(t, tx.Process(&sent, block))
		got := newReceived(&loopCarrier, slot, 2)
		if !lost {
			hear(got, &sent, [][]complex128{{1, 1i}})
		}
		must(t, rx.Configure(slot, g))
		must(t, rx.Process(tb, soft, got))
	}
	send(0, true)
	if tb[0].CRC {
		t.Fatal("nothing was heard, and the CRC passes")
	}
	change()
	g.NewData = false
	for slot := range nr.Slot(4) { // one may not carry the whole block
		send(slot+1, false)
		if tb[0].CRC {
			break
		}
		g.RV = [4]int{2, 0, 3, 1}[g.RV] // 0, 2, 3, 1 as networks do
	}
	if tb[0].Outcome() != nr.OutcomePassed || tb[0].NumBits != size || tb[0].HARQ != 31 || !bytes.Equal(tb[0].Data.Data(), block) {
		t.Errorf("outcome %v, %d bits on process %d, want %d bits that pass", tb[0].Outcome(), tb[0].NumBits, tb[0].HARQ, size)
	}
}

// TestUnknownInitial receives a retransmission with a reserved MCS of a block that
// was never scheduled here: the grant is unsupported, and no error.
func TestUnknownInitial(t *testing.T) {
	g := plainGrant()
	g.MCSIndex, g.NewData = 30, false
	tx, err := pusch.NewTransmitter(pusch.Limits{Carrier: loopCarrier})
	must(t, err)
	if err := tx.Configure(0, g); !errors.Is(err, nr.ErrUnsupported) {
		t.Errorf("transmitter: got %v, want nr.ErrUnsupported", err)
	}
	rx := newPlainReceiver(t, pusch.Config{})
	tb, soft := make([]nr.TransportBlock, 1), []*sch.SoftBuffer{new(sch.SoftBuffer)}
	must(t, rx.Configure(0, g))
	must(t, rx.Process(tb, soft, newReceived(&loopCarrier, 0, 2)))
	if tb[0].Outcome() != nr.OutcomeUnsupported || tb[0].CRC || tb[0].RNTI != g.RNTI || tb[0].HARQ != g.HARQProcess || soft[0].TBS != 0 {
		t.Errorf("got %+v, a buffer of %d bits", tb[0], soft[0].TBS)
	}
}
