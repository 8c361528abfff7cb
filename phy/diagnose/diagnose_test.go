// SPDX-License-Identifier: Apache-2.0

package diagnose

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"testing"

	"github.com/neuroran/neuroran/phy/channel"
	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/phy/ofdm"
	"github.com/neuroran/neuroran/phy/pusch"
	"github.com/neuroran/neuroran/phy/sigmf"
	"github.com/neuroran/neuroran/tensor"
)

// scene is a recording to be made: some slots with one UE.
type scene struct {
	carrier   nr.Carrier
	grant     nr.Grant
	slots     int
	snrDB     float64
	silent    bool
	profile   channel.Profile
	seed      uint64
	dopplerHz float64
}

func baseScene() scene {
	return scene{
		carrier: nr.Carrier{CellID: 5, SubcarrierSpacingKHz: 30, NumPRB: 51, FFTSize: 1024, CarrierHz: 3.5e9},
		grant: nr.Grant{
			RNTI: 100, NID: 5, NumLayers: 1, NumAntennaPorts: 1, Mapping: nr.MappingA, NumSymbols: 14, StartPRB: 3, NumPRB: 40,
			MCSTable: nr.MCSTable64QAM, MCSIndex: 15, NewData: true,
			DMRS: nr.DMRS{ConfigType: 1, Length: 1, AdditionalPosition: 1, TypeAPosition: 2, NumCDMGroupsWithoutData: 2, NID: [2]int{5, 5}},
		},
		slots: 4, snrDB: 24, profile: channel.TDLA30(), seed: 1, dopplerHz: 10,
	}
}

// record returns the recording of a scene, over two antennas.
func (s *scene) record(t testing.TB) *sigmf.Recording {
	t.Helper()
	c := s.carrier
	tx, err := pusch.NewTransmitter(pusch.Limits{Carrier: c})
	if err != nil {
		t.Fatal(err)
	}
	mod, err := ofdm.NewModulator(ofdm.Config{Carrier: c, NumPorts: s.grant.NumAntennaPorts})
	if err != nil {
		t.Fatal(err)
	}
	air, err := channel.New(channel.Config{Profile: s.profile, DopplerHz: s.dopplerHz, NumTx: s.grant.NumAntennaPorts, NumRx: 2, Seed: s.seed})
	if err != nil {
		t.Fatal(err)
	}
	x := tensor.New[complex64]([]int{2, int(c.SlotStart(nr.Slot(s.slots)))})
	m := &sigmf.Meta{Datatype: sigmf.CF32, NumChannels: 2, SampleRate: c.SampleRate(), Carrier: c}
	rng := rand.New(rand.NewPCG(s.seed, 2))
	for n := range nr.Slot(s.slots) {
		var grid nr.Grid
		var wave nr.Baseband
		block := make([]byte, s.grant.TBS()/8)
		for i := range block {
			block[i] = byte(rng.Uint32())
		}
		if err := errors.Join(tx.Configure(n, &s.grant), tx.Process(&grid, block), mod.Process(&wave, &grid)); err != nil {
			t.Fatal(err)
		}
		start := c.SlotStart(n)
		part := tensor.New[complex64]([]int{2, wave.Samples.Dim(1)})
		if !s.silent {
			if err := air.AddSamples(&part, &wave.Samples, c.SampleRate(), start); err != nil {
				t.Fatal(err)
			}
		}
		for r := range 2 {
			copy(x.Row(r)[start:], part.Row(r))
		}
		m.Transmissions = append(m.Transmissions, sigmf.Transmission{Slot: n, SampleStart: start, SampleCount: int64(c.SlotSamples(n)), Grant: s.grant})
	}
	channel.NewNoise(s.seed).Add(x.Data(), math.Pow(10, -s.snrDB/10))
	rec, err := sigmf.FromSamples(m, &x)
	if err != nil {
		t.Fatal(err)
	}
	return rec
}

// outcomes decodes a recording.
func outcomes(t testing.TB, rec *sigmf.Recording) []nr.Outcome {
	t.Helper()
	all := make([]nr.Outcome, len(rec.Transmissions))
	for i := range all {
		all[i] = nr.OutcomeFailed
	}
	l := newLab(rec, all, &Config{Limit: len(all)})
	results, err := l.try(rec, always)
	if err != nil {
		t.Fatal(err)
	}
	for i := range results {
		if results[i].crc {
			all[i] = nr.OutcomePassed
		}
	}
	return all
}

// each changes all grants.
func each(change func(*nr.Grant)) func(*sigmf.Meta) {
	return func(m *sigmf.Meta) {
		for i := range m.Transmissions {
			change(&m.Transmissions[i].Grant)
		}
	}
}

// slots numbers all slots otherwise.
func slots(by int) func(*sigmf.Meta) {
	return func(m *sigmf.Meta) {
		for i := range m.Transmissions {
			m.Transmissions[i].Slot += nr.Slot(by)
		}
	}
}

// starts moves all slots but the first and the last.
func starts(by int64) func(*sigmf.Meta) {
	return func(m *sigmf.Meta) {
		m.Transmissions = m.Transmissions[1 : len(m.Transmissions)-1]
		for i := range m.Transmissions {
			m.Transmissions[i].SampleStart += by
		}
	}
}

// TestMistakes makes one mistake in right metadata at a time, and a few pairs. Look
// names at most four fields; Search names the one that is wrong, and with which value
// all pass, unless it is one of those that are not enumerated. With -short it makes every
// fifth mistake.
func TestMistakes(t *testing.T) {
	for i, c := range []struct {
		name   string
		change func(*sigmf.Meta)
		field  string // the wrong one
		to     string // what makes CRCs hold; "" where only a list is expected
	}{
		{"a slot late", slots(1), "nr:slot_number", "each 1 less"},
		{"seven slots late", slots(7), "nr:slot_number", "each 7 less"},
		{"two prefixes late", starts(150), "core:sample_start", ""},
		{"half a symbol early", starts(-500), "core:sample_start", ""},
		{"first DM-RS", each(func(g *nr.Grant) { g.DMRS.TypeAPosition = 3 }), "nr:pusch.dmrs.type_a_position", "2"},
		{"type 2", each(func(g *nr.Grant) { g.DMRS.ConfigType = 2 }), "nr:pusch.dmrs.config_type", "1"},
		{"no additional", each(func(g *nr.Grant) { g.DMRS.AdditionalPosition = 0 }), "nr:pusch.dmrs.additional_position", "1"},
		{"two additional", each(func(g *nr.Grant) { g.DMRS.AdditionalPosition = 2 }), "nr:pusch.dmrs.additional_position", "1"},
		{"double symbol", each(func(g *nr.Grant) { g.DMRS.Length = 2 }), "nr:pusch.dmrs.length", "1"},
		{"one CDM group", each(func(g *nr.Grant) { g.DMRS.NumCDMGroupsWithoutData = 1 }), "nr:pusch.dmrs.num_cdm_groups_without_data", "2"},
		{"other comb", each(func(g *nr.Grant) { g.DMRS.Ports[0] = 2 }), "nr:pusch.dmrs.dmrs_port_set", "[0]"},
		{"n_SCID", each(func(g *nr.Grant) { g.DMRS.NSCID, g.DMRS.NID[1] = 1, 9 }), "nr:pusch.dmrs.n_scid", "0"},
		{"identity of DM-RS", each(func(g *nr.Grant) { g.DMRS.NID[0] = 77 }), "nr:pusch.dmrs.n_id", "5"},
		{"mapping B", each(func(g *nr.Grant) { g.Mapping = nr.MappingB }), "nr:pusch.mapping_type", "A"},
		{"thirteen symbols", each(func(g *nr.Grant) { g.NumSymbols = 13 }), "nr:pusch.symbol_allocation", "[0 14]"},
		{"RNTI", each(func(g *nr.Grant) { g.RNTI = 101 }), "nr:pusch.n_rnti", ""},
		{"identity of data", each(func(g *nr.Grant) { g.NID = 6 }), "nr:pusch.n_id", "5"},
		{"MCS", each(func(g *nr.Grant) { g.MCSIndex = 18 }), "nr:pusch.mcs_index", "15"},
		{"MCS of the same points", each(func(g *nr.Grant) { g.MCSIndex = 12 }), "nr:pusch.mcs_index", "15"},
		{"MCS table", each(func(g *nr.Grant) { g.MCSTable = 2 }), "nr:pusch.mcs_table", "1"},
		{"redundancy version", each(func(g *nr.Grant) { g.RV = 2 }), "nr:pusch.rv", "0"},
		{"overhead", each(func(g *nr.Grant) { g.XOverhead = 12 }), "nr:pusch.x_overhead", "0"},
		{"PRBs exchanged", each(func(g *nr.Grant) { g.StartPRB, g.NumPRB = 40, 3 }), "nr:pusch.prb_start", "3+40"},
		{"PRBs beside", each(func(g *nr.Grant) { g.StartPRB = 4 }), "nr:pusch.prb_start", "3+40"},
		{"a PRB less", each(func(g *nr.Grant) { g.NumPRB = 39 }), "nr:pusch.prb_start", "3+40"},
		{"phase compensation", func(m *sigmf.Meta) { m.Carrier.PhaseCompensation = true }, "nr:carrier.phase_compensation", "false"},
		{"grid", func(m *sigmf.Meta) { m.Carrier.NumPRB = 52 }, "nr:carrier.n_size_grid", "51"},
		{"point A", func(m *sigmf.Meta) { m.Carrier.StartCRB = 7 }, "nr:carrier.n_start_grid", "0"},
		{"slot and first DM-RS", func(m *sigmf.Meta) {
			slots(1)(m)
			each(func(g *nr.Grant) { g.DMRS.TypeAPosition = 3 })(m)
		}, "nr:slot_number", "each 1 less"},
		{"slot, first DM-RS and MCS", func(m *sigmf.Meta) {
			slots(1)(m)
			each(func(g *nr.Grant) { g.DMRS.TypeAPosition, g.MCSIndex = 3, 16 })(m)
		}, "nr:pusch.mcs_index", "15"},
	} {
		if testing.Short() && i%5 > 0 {
			continue
		}
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := baseScene()
			s.slots = 5
			rec, err := withMeta(s.record(t), func(m *sigmf.Meta) error { c.change(m); return nil })
			if err != nil {
				t.Fatal(err)
			}
			got := outcomes(t, rec)
			seen, err := Look(rec, got, Config{})
			if err != nil {
				t.Fatal(err)
			}
			for i := range seen {
				if len(seen[i].Fields) > maxFields || seen[i].Text == "" {
					t.Errorf("look: %+v", seen[i])
				}
			}
			found, err := Search(context.Background(), rec, got, Config{})
			if err != nil {
				t.Fatal(err)
			}
			if !names(found, c.field, c.to) {
				t.Errorf("want %s, %s", c.field, c.to)
				for i := range found {
					t.Logf("%v", found[i].String())
				}
			}
		})
	}
}

// names reports whether a finding names a field, and the value that it should have.
func names(found []Finding, field, to string) bool {
	for i := range found {
		f := &found[i]
		if len(f.Fields) > maxFields || !slices.Contains(f.Fields, field) {
			continue
		}
		if to == "" || slices.ContainsFunc(f.Changes, func(c Change) bool { return c.Field == field && c.To == to }) {
			return true
		}
	}
	return false
}

// TestLists finds an RNTI and an identity that the caller lists.
func TestLists(t *testing.T) {
	s := baseScene()
	rec, err := withMeta(s.record(t), func(m *sigmf.Meta) error {
		each(func(g *nr.Grant) { g.RNTI, g.DMRS.NID[0], g.NID = 7, 900, 900 })(m)
		m.Carrier.CellID = 900
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	got := outcomes(t, rec)
	found, err := Search(context.Background(), rec, got, Config{RNTIs: []uint16{99, 100}, NIDs: []int{4, 5}})
	if err != nil {
		t.Fatal(err)
	}
	if !names(found, "nr:pusch.n_rnti", "100") || !names(found, "nr:pusch.dmrs.n_id", "5") || !names(found, "nr:pusch.n_id", "5") {
		t.Errorf("got %v", found)
	}
	if found, err = Search(context.Background(), rec, got, Config{RNTIs: []uint16{99}, NIDs: []int{4}}); err != nil || names(found, "nr:pusch.n_rnti", "100") {
		t.Errorf("not in the list, and found: %v, %v", found, err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Search(ctx, rec, got, Config{}); !errors.Is(err, context.Canceled) {
		t.Errorf("canceled: %v", err)
	}
}

// quietSeeds returns how many recordings TestQuiet looks at.
func quietSeeds(t *testing.T) uint64 {
	if os.Getenv("NEURORAN_LONG") == "1" {
		return 400
	}
	if testing.Short() {
		return 6
	}
	return 24
}

// TestQuiet looks at recordings whose metadata are right: with fades, noise, slots in
// which nobody transmits, and Doppler. Nothing is said of fields, but for one in two
// hundred: 64QAM at 1 kHz of Doppler with one DM-RS symbol looks like other bits.
func TestQuiet(t *testing.T) {
	looked, alarms := 0, 0
	for seed := range quietSeeds(t) {
		rng := rand.New(rand.NewPCG(seed, 5))
		s := baseScene()
		s.seed, s.slots = seed, 6
		s.snrDB = 38*rng.Float64() - 8
		s.silent = seed%6 == 0
		s.profile = []channel.Profile{channel.TDLA30(), channel.TDLB100(), channel.TDLC300()}[seed%3]
		s.dopplerHz = []float64{0, 100, 400, 1000}[seed%4]
		s.grant.MCSIndex = rng.IntN(29)
		s.grant.DMRS.AdditionalPosition = rng.IntN(4)
		s.grant.NumPRB = 1 + rng.IntN(45)
		rec := s.record(t)
		got := outcomes(t, rec)
		for i, o := range got {
			if s.silent && o == nr.OutcomeFailed {
				got[i] = nr.OutcomeAbsent
			}
		}
		found, err := Search(context.Background(), rec, got, Config{})
		if err != nil {
			t.Fatal(err)
		}
		for i := range found {
			looked++
			if len(found[i].Fields) > 0 {
				alarms++
				t.Logf("seed %d, %.1f dB, %v, %v Hz, MCS %d, %d PRB, silent %v, %v: %v", seed, s.snrDB, s.profile.Name, s.dopplerHz, s.grant.MCSIndex, s.grant.NumPRB, s.silent, got, found[i].String())
			}
		}
	}
	if n := quietSeeds(t); alarms > int(n)/200 {
		t.Errorf("%d of %d recordings: fields are named where none is wrong", alarms, n)
	}
	t.Logf("%d findings", looked)
}
