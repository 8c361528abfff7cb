// SPDX-License-Identifier: Apache-2.0

package uplink_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/neuroran/neuroran/phy/modem"
	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/phy/ofdm"
	"github.com/neuroran/neuroran/phy/pusch"
	"github.com/neuroran/neuroran/phy/sch"
	"github.com/neuroran/neuroran/ran/block"
	"github.com/neuroran/neuroran/ran/uplink"
	"github.com/neuroran/neuroran/sfaas"
)

// TestOwnSteps replaces every step by a function of the program's own, over the steps
// of phy/pusch: all run, none of the receiver's does, and what comes out is what the
// receiver's own functions make of the frame.
func TestOwnSteps(t *testing.T) {
	f := openFrame(t)
	want, got := f.play(t, f.chain(t)), f.play(t, f.chain(t, uplink.Config{Steps: ownSteps(t, f.cfg)}))
	ran := 0
	for _, s := range got.Functions {
		if strings.HasPrefix(s.Name, "own/") && s.Invocations > 0 && s.Faults == 0 {
			ran++
		}
		if strings.HasPrefix(s.Name, "phy/") {
			t.Errorf("%s is there still", s.Name)
		}
	}
	if ran != 9 {
		t.Errorf("%d of nine functions ran", ran)
	}
	if diff := diffOf(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if got.Passed() == 0 {
		t.Error("nothing passes")
	}
}

// diffOf compares two reports in all but times.
func diffOf(want, got *uplink.Report) string {
	timeless := func(r *uplink.Report) []uplink.Transmission {
		out := slices.Clone(r.Transmissions)
		for i := range out {
			x := &out[i]
			x.Latency, x.Late, x.Missed, x.Began = 0, false, 0, [block.NumStages]time.Duration{}
		}
		return out
	}
	return cmp.Diff(timeless(want), timeless(got), cmp.Comparer(func(a, b sfaas.Key) bool { return a == b }))
}

// ownSteps returns nine functions, none of which package block has made.
func ownSteps(t *testing.T, cfg block.Config) uplink.Steps {
	t.Helper()
	a, err := pusch.AlgorithmsOf("lmmse")
	check(t, err)
	meter := sfaas.NewScratch("own meter", func() (pusch.Meter, error) { return a.NewMeter(cfg.Limits()) }, nil)
	modems := sfaas.NewScratch("own ofdm", func() (*ofdm.Demodulator, error) {
		return ofdm.NewDemodulator(ofdm.Config{Carrier: cfg.Carrier, NumPorts: cfg.NumRx, WindowAdvance: ofdm.DefaultAdvance(cfg.Carrier)})
	}, nil)
	return uplink.Steps{
		Demodulate: sfaas.Define("own/demodulate", func(c *sfaas.Ctx, out *block.Grid, in *nr.Baseband) error {
			out.Start(c, block.StageDemodulate)
			return modems.Get(c).Process(&out.Grid, in)
		}, sfaas.FunctionConfig{}, modems),
		Extract: ownExtract(cfg),
		Synchronize: sfaas.Define("own/synchronize", func(c *sfaas.Ctx, out *block.Aligned, in *block.Pilots) error {
			out.Mark(c, block.StageSynchronize, &in.Trace)
			out.Group, out.Priors = in.Group, in.Priors
			out.RE.CopyFrom(&in.RE)
			s := meter.Get(c).Synchronizer
			return errors.Join(s.Configure(&in.Group), s.Estimate(&out.Offsets, &in.Pilots))
		}, sfaas.FunctionConfig{}, meter),
		Estimate: sfaas.Define("own/estimate", func(c *sfaas.Ctx, out *block.Channel, in *block.Aligned) error {
			out.Mark(c, block.StageEstimate, &in.Trace)
			e := meter.Get(c).Estimator
			return errors.Join(e.Configure(&in.Group), e.Estimate(&out.Channel, &in.Pilots, &in.Offsets))
		}, sfaas.FunctionConfig{}, meter),
		Equalize: ownEqualize(cfg, a),
		Demap:    ownDemap(a),
		Recover: sfaas.Define("own/recover", func(c *sfaas.Ctx, out *block.SoftBits, in *block.LLRs) error {
			out.Mark(c, block.StageRecover, &in.Trace)
			out.Slot, out.Quality, out.Code = in.Slot, in.Quality, in.Code
			d, err := sch.NewDecoder(len(in.Values.Data()), 0)
			if err != nil {
				return err
			}
			return errors.Join(d.Configure(&in.Code), d.Combine(&out.Soft, in.Values.Data()))
		}, sfaas.FunctionConfig{}),
		Decode: ownDecode(),
		CheckCRC: sfaas.Define("own/crc", func(c *sfaas.Ctx, out *block.TransportBlock, in *block.Bits) error {
			out.Mark(c, block.StageCheckCRC, &in.Trace)
			b := &out.TransportBlock
			b.Slot, b.RNTI, b.HARQ, b.Quality = in.Slot, in.Code.RNTI, in.Code.HARQProcess, in.Quality
			b.NumBits, b.Iterations, b.MeanIterations = in.Code.TBS, in.Blocks.Iterations, in.Blocks.MeanIterations()
			b.Data.Resize(b.NumBits / 8)
			copy(b.Data.Data(), in.Packed.Data())
			b.CRC = in.Blocks.CRC && in.Code.CheckTransportBlock(in.Packed.Data())
			return nil
		}, sfaas.FunctionConfig{}),
	}
}

// ownExtract keeps the grants of a slot in a cell, and cuts out those that follow each
// other on shared PRBs as one group.
func ownExtract(cfg block.Config) block.Extractor {
	type granted struct {
		Num    int
		Grants [8]nr.Grant
	}
	grants := sfaas.NewValue[granted]("grants", sfaas.Volatile)
	f := sfaas.DefineEach("own/extract", func(c *sfaas.Ctx, out sfaas.Emitter[block.PDU], in *block.Grid) error {
		slot, _ := grants.Get(c)
		for rest := slot.Grants[:slot.Num]; len(rest) > 0; {
			members := []*nr.Grant{&rest[0]}
			for k := 1; k < len(rest) && rest[k].SharesPRBs(&rest[0]); k++ {
				members = append(members, &rest[k])
			}
			rest = rest[len(members):]
			group, err := nr.NewGroup(&cfg.Carrier, in.Slot, members...)
			if err != nil {
				return err
			}
			pdu := out.Add(block.GroupKey(c.Key(), &group))
			pdu.Pilots.Mark(c, block.StageExtract, &in.Trace)
			for u, g := range members {
				if pdu.Data.Codes[u], err = pusch.NewCode(g); err != nil {
					return err
				}
			}
			err = errors.Join(pusch.ExtractPilots(&pdu.Pilots.Pilots, &in.Grid, &group), pusch.ExtractData(&pdu.Data.Data, &in.Grid, &group))
			if err != nil {
				return err
			}
		}
		return nil
	}, sfaas.FunctionConfig{}, grants)
	return block.Extractor{Fn: f, Grants: sfaas.OnControl(f, func(c *sfaas.Ctx, s *nr.Schedule) error {
		g := grants.Mut(c)
		g.Num = copy(g.Grants[:], s.Grants)
		return nil
	})}
}

func ownEqualize(cfg block.Config, a pusch.Algorithms) sfaas.Fn[sfaas.Pair[block.Data, block.Channel], block.Symbols] {
	equalizers := sfaas.NewScratch("own equalizer", func() (pusch.Equalizer, error) { return a.NewEqualizer(cfg.Limits()) }, nil)
	return sfaas.DefineEach("own/equalize", func(c *sfaas.Ctx, out sfaas.Emitter[block.Symbols], in *sfaas.Pair[block.Data, block.Channel]) error {
		data, ch := in.A, in.B
		symbols := make([]nr.Symbols, data.Group.NumUEs)
		if err := equalizers.Get(c).Equalize(symbols, nr.ViewOf(&data.RE), &ch.Channel); err != nil {
			return err
		}
		for u := range symbols {
			to := out.Add(block.HARQKey(c.Key().Parent(), data.Group.UEs[u].RNTI, data.Codes[u].HARQProcess))
			to.Mark(c, block.StageEqualize, &ch.Trace)
			to.Code, to.Symbols = data.Codes[u], symbols[u]
		}
		return nil
	}, sfaas.FunctionConfig{}, equalizers)
}

// ownDemap takes the modulation from the symbols: its port for grants has no use.
func ownDemap(a pusch.Algorithms) block.Demapper {
	demappers := sfaas.NewScratch("own demapper", func() (modem.Demapper, error) { return a.NewDemapper() }, nil)
	f := sfaas.Define("own/demap", func(c *sfaas.Ctx, out *block.LLRs, in *block.Symbols) error {
		out.Mark(c, block.StageDemap, &in.Trace)
		out.Code = in.Code
		return pusch.Demap(&out.LLRs, demappers.Get(c), &in.Symbols, in.Code.Modulation)
	}, sfaas.FunctionConfig{}, demappers)
	return block.Demapper{Fn: f, Grants: sfaas.OnControl(f, func(*sfaas.Ctx, *nr.Grant) error { return nil })}
}

// ownDecode keeps the soft bits of a process.
func ownDecode() block.Decoder {
	soft := sfaas.NewValue[sch.SoftBuffer]("soft", sfaas.Volatile)
	f := sfaas.Define("own/decode", func(c *sfaas.Ctx, out *block.Bits, in *block.SoftBits) error {
		out.Mark(c, block.StageDecode, &in.Trace)
		out.Slot, out.Quality, out.Code = in.Slot, in.Quality, in.Code
		buf := soft.Mut(c)
		buf.Merge(&in.Soft, in.Code.NewData)
		d, err := sch.NewDecoder(in.Code.CodedBits, 0)
		if err != nil {
			return err
		}
		if err := d.Configure(&in.Code); err != nil {
			return err
		}
		out.Packed.Resize(in.Code.PackedBytes())
		out.Blocks, err = d.DecodeBlocks(out.Packed.Data(), buf)
		return err
	}, sfaas.FunctionConfig{}, soft)
	return block.Decoder{Fn: f, Grants: sfaas.OnControl(f, func(*sfaas.Ctx, *nr.Grant) error { return nil })}
}
