// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"fmt"
	"math"
	"sync"

	"github.com/neuroran/neuroran/phy/ldpc"
	"github.com/neuroran/neuroran/phy/sch"
)

// lost counts blocks that were sent and not received.
type lost struct{ with, without int }

// pairedSteps are the ratios to the noise at which blocks are sent, in dB from where
// 10 % are lost.
var pairedSteps = [...]float64{-0.5, 0, 0.5}

// paired prints what the evidence that zeros need costs, in decibels at 10 % block
// errors: the same slots are judged by the receiver, and by their CRCs alone. It
// reports whether that is at most 0.02 dB in every row.
func paired(receiver string, slots int, seed uint64, workers int) (bool, error) {
	fmt.Println("| rx | PRB | MCS | block | slots | lost with evidence | lost by CRC alone | dB |\n|---|---|---|---|---|---|---|---|")
	ok := true
	each := slots / len(rows) / 2 / len(pairedSteps)
	for k := range rows {
		for _, zeros := range []bool{false, true} {
			var at [len(pairedSteps)]lost
			for i, step := range pairedSteps {
				x, err := countPaired(&rows[k], receiver, zeros, step, each, seed+uint64(k)<<32, workers)
				if err != nil {
					return false, err
				}
				at[i] = x
			}
			last := len(at) - 1
			slope := float64(at[0].without-at[last].without) / (pairedSteps[last] - pairedSteps[0]) // blocks per dB
			cost := float64(at[1].with-at[1].without) / math.Max(slope, 1)
			kind := map[bool]string{false: "random", true: "zeros"}[zeros]
			fmt.Printf("| %d | %d | %d | %s | %d | %d | %d | %.3f |\n", rows[k].rx, rows[k].prb, rows[k].mcs, kind, each, at[1].with, at[1].without, cost)
			ok = ok && cost <= 0.02
		}
	}
	return ok, nil
}

// countPaired sends blocks step dB from the edge of a row and judges each twice.
func countPaired(r *row, receiver string, zeros bool, step float64, slots int, seed uint64, workers int) (lost, error) {
	var mu sync.Mutex
	var wg sync.WaitGroup
	var total lost
	var first error
	for w := range workers {
		wg.Add(1)
		go func() {
			defer wg.Done()
			x, err := judgeSome(r, receiver, zeros, step, seed, w, slots, workers)
			mu.Lock()
			defer mu.Unlock()
			total.with, total.without = total.with+x.with, total.without+x.without
			if err != nil {
				first = err
			}
		}()
	}
	wg.Wait()
	return total, first
}

// judgeSome plays every workers-th slot.
func judgeSome(r *row, receiver string, zeros bool, step float64, seed uint64, from, slots, workers int) (x lost, err error) {
	t, err := newTrial(r, receiver)
	if err != nil {
		return x, err
	}
	defer t.close()
	judge, err := ldpc.NewDecoder(ldpc.Limits{})
	if err != nil {
		return x, err
	}
	for i := from; i < slots; i += workers {
		t.begin(seed, i)
		if zeros {
			clear(t.data)
		}
		if err := t.sendSteady(t.edge + step); err != nil {
			return x, err
		}
		if err := t.receive(); err != nil {
			return x, err
		}
		code := t.rx.Code(0)
		passes, err := byCRCAlone(judge, &code, t.soft[0], t.data)
		if err != nil {
			return x, err
		}
		if !passes {
			x.without++
		}
		if tb := &t.out[0]; !tb.CRC || !bytes.Equal(tb.Data.Data(), t.data) {
			x.with++
		}
	}
	return x, nil
}

// byCRCAlone decodes soft bits and reports whether the block that was sent comes out
// and all CRCs hold.
func byCRCAlone(d *ldpc.Decoder, code *sch.Code, soft *sch.SoftBuffer, sent []byte) (bool, error) {
	s := &code.Segmentation
	cfg := ldpc.DecoderConfig{Config: code.LDPC().ForLength(soft.Extent), MaxIterations: sch.DefaultIterations, CRC: s.BlockCRC}
	if s.NumBlocks == 1 {
		cfg.CRC = s.TBCRC
	}
	if err := d.Configure(cfg); err != nil {
		return false, err
	}
	packed, block := make([]byte, 0, code.PackedBytes()), make([]byte, (s.KPrime+7)/8)
	for r := range s.NumBlocks {
		res, err := d.DecodePacked(block, soft.LLR.Row(r))
		if err != nil || !res.CRC {
			return false, err
		}
		packed = append(packed, block[:s.PayloadBits/8]...)
	}
	return code.CheckTransportBlock(packed) && bytes.Equal(packed[:len(sent)], sent), nil
}
