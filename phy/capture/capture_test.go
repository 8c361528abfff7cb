// SPDX-License-Identifier: Apache-2.0

package capture

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"math/cmplx"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/neuroran/neuroran/phy/channel"
	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/phy/ofdm"
	"github.com/neuroran/neuroran/phy/pusch"
	"github.com/neuroran/neuroran/phy/sigmf"
	"github.com/neuroran/neuroran/tensor"
)

// scene is a recording to be made: slots with one UE over white noise.
type scene struct {
	carrier  nr.Carrier
	grant    nr.Grant
	slots    []nr.Slot
	lead     int     // samples of noise before the first slot, less than 0 to cut
	snrDB    float64 // of a data element; math.Inf(-1) for nobody
	cfoHz    float64
	antennas int
	seed     uint64
}

func baseScene() scene {
	return scene{
		carrier: nr.Carrier{CellID: 1, SubcarrierSpacingKHz: 30, NumPRB: 24, FFTSize: 512, CarrierHz: 3.5e9},
		grant: nr.Grant{
			RNTI: 7, NID: 1, NumLayers: 1, NumAntennaPorts: 1, Mapping: nr.MappingA, NumSymbols: 14, NumPRB: 24,
			MCSTable: nr.MCSTable64QAM, MCSIndex: 4, NewData: true,
			DMRS: nr.DMRS{ConfigType: 1, Length: 1, AdditionalPosition: 1, TypeAPosition: 2, NumCDMGroupsWithoutData: 2, NID: [2]int{1, 1}},
		},
		slots: []nr.Slot{3, 4, 5, 8}, snrDB: 20, antennas: 2, seed: 1,
	}
}

// record returns a recording whose annotations put the first slot at sample 0.
func (s *scene) record(tb testing.TB) *sigmf.Recording {
	tb.Helper()
	c := &s.carrier
	first := c.SlotStart(s.slots[0])
	last := s.slots[len(s.slots)-1]
	total := int(c.SlotStart(last+1)-first) + s.lead + 500
	x := tensor.New[complex64]([]int{s.antennas, total})
	noise := channel.NewNoise(s.seed)
	noise.Add(x.Data(), 1)
	tx, err := pusch.NewTransmitter(pusch.Limits{Carrier: *c})
	if err != nil {
		tb.Fatal(err)
	}
	mod, err := ofdm.NewModulator(ofdm.Config{Carrier: *c, NumPorts: s.grant.NumAntennaPorts})
	if err != nil {
		tb.Fatal(err)
	}
	m := &sigmf.Meta{Datatype: sigmf.CF32, NumChannels: s.antennas, SampleRate: c.SampleRate(), Carrier: *c, Unaligned: true}
	rng := rand.New(rand.NewPCG(s.seed, 2))
	gains := make([]complex64, s.antennas*s.grant.NumAntennaPorts)
	for i := range gains {
		gains[i] = complex64(cmplx.Rect(math.Pow(10, s.snrDB/20)/math.Sqrt(float64(s.grant.NumLayers)), 2*math.Pi*rng.Float64()))
	}
	for _, slot := range s.slots {
		var grid nr.Grid
		var wave nr.Baseband
		block := make([]byte, s.grant.TBS()/8)
		for i := range block {
			block[i] = byte(rng.Uint32())
		}
		if err := errors.Join(tx.Configure(slot, &s.grant), tx.Process(&grid, block), mod.Process(&wave, &grid)); err != nil {
			tb.Fatal(err)
		}
		at := int(c.SlotStart(slot) - first)
		for r := range s.antennas {
			row := x.Row(r)
			for i := range wave.Samples.Dim(1) {
				k := at + s.lead + i
				if k < 0 || k >= total {
					continue
				}
				turn := complex64(cmplx.Rect(1, 2*math.Pi*math.Mod(s.cfoHz*float64(k)/c.SampleRate(), 1)))
				for p := range s.grant.NumAntennaPorts {
					row[k] += gains[r*s.grant.NumAntennaPorts+p] * turn * wave.Samples.Row(p)[i]
				}
			}
		}
		m.Transmissions = append(m.Transmissions, sigmf.Transmission{
			Slot: slot, SampleStart: int64(at), SampleCount: int64(c.SlotSamples(slot)), Grant: s.grant})
	}
	rec, err := sigmf.FromSamples(m, &x)
	if err != nil {
		tb.Fatal(err)
	}
	return rec
}

// TestSearch finds schedules in many kinds of recordings, to a few samples.
func TestSearch(t *testing.T) {
	const search = 10 * time.Millisecond
	for name, c := range map[string]struct {
		change func(*scene)
		within int64 // samples
	}{
		"as stated":        {func(*scene) {}, 1},
		"late":             {func(s *scene) { s.lead = 12345 }, 1},
		"a frame late":     {func(s *scene) { s.lead = 153_000 }, 1},
		"first slot cut":   {func(s *scene) { s.lead = -5000 }, 1},
		"two slots cut":    {func(s *scene) { s.lead = -2*7680 - 7 }, 1},
		"at -5 dB":         {func(s *scene) { s.lead, s.snrDB = 777, -5 }, 1},
		"carrier offset":   {func(s *scene) { s.lead, s.cfoHz = 4242, 10e3 }, 1},
		"one PRB":          {func(s *scene) { s.lead, s.grant.NumPRB, s.grant.StartPRB = 2000, 1, 20 }, 20},
		"one transmission": {func(s *scene) { s.lead, s.slots = 9999, s.slots[:1] }, 1},
		"two layers, type 2": {func(s *scene) {
			s.lead, s.grant.NumLayers, s.grant.NumAntennaPorts = 3000, 2, 2
			s.grant.DMRS.ConfigType, s.grant.DMRS.Ports[1] = 2, 1
		}, 1},
		"double symbol": {func(s *scene) {
			s.lead, s.grant.DMRS.Length, s.grant.DMRS.Ports[0] = 3000, 2, 6
		}, 1},
		"phase compensation": {func(s *scene) { s.lead, s.carrier.PhaseCompensation = 3000, true }, 1},
		"fft size 128":       {func(s *scene) { s.lead, s.carrier.FFTSize, s.carrier.NumPRB, s.grant.NumPRB = 1000, 128, 10, 10 }, 1},
		"fft size 8192":      {func(s *scene) { s.lead, s.carrier.FFTSize, s.slots = 70_000, 8192, s.slots[:2] }, 16},
	} {
		t.Run(name, func(t *testing.T) {
			s := baseScene()
			c.change(&s)
			rec, found, err := Fit(s.record(t), Config{Search: search})
			if err != nil {
				t.Fatal(err)
			}
			// The first path is put an eighth of half a prefix after the symbol timing.
			early := int64(ofdm.DefaultAdvance(s.carrier) / 2)
			if off := found.Shift + early - int64(s.lead); off < -c.within || off > c.within {
				t.Errorf("shift %d, want %d ± %d (%+v)", found.Shift, s.lead, c.within, *found)
			}
			for i := range rec.Transmissions {
				x := &rec.Transmissions[i]
				outside := x.SampleStart < 0 || x.SampleStart+x.SampleCount > rec.NumSamples
				if errors.Is(x.Unsupported, ErrNotRecorded) != outside || rec.Unaligned {
					t.Errorf("transmission %d at %d of %d: %v", i, x.SampleStart, rec.NumSamples, x.Unsupported)
				}
			}
		})
	}
}

// TestNothingToFind searches where nobody transmits, or somebody else: no shift is
// taken.
func TestNothingToFind(t *testing.T) {
	for seed := range uint64(30) {
		s := baseScene()
		s.seed, s.snrDB = seed, math.Inf(-1)
		rec := s.record(t)
		if seed%2 == 0 { // a UE with another sequence
			s.snrDB = 30
			rec = s.record(t)
			for i := range rec.Transmissions {
				rec.Transmissions[i].Grant.DMRS.NID = [2]int{77, 78}
			}
		}
		var none *NotFoundError
		if _, found, err := Fit(rec, Config{Search: 2 * time.Millisecond}); !errors.As(err, &none) {
			t.Errorf("seed %d: got %+v, %v", seed, found, err)
		}
	}
	s := baseScene()
	rec := s.record(t)
	rec.Transmissions[0].SampleStart = 0
	var field *nr.FieldError
	if _, _, err := Fit(rec, Config{Search: time.Second}); !errors.As(err, &field) || field.Field != "capture.search" {
		t.Errorf("a second: got %v", err)
	}
}

// TestRate reads a tone that was recorded at another rate, and a slot that ends
// between two samples.
func TestRate(t *testing.T) {
	c := baseScene().carrier
	const rate, hz, num = 20e6, 1.5e6, 40_000
	x := tensor.New[complex64]([]int{2, num})
	for i := range num {
		x.Row(0)[i] = complex64(cmplx.Rect(1, 2*math.Pi*math.Mod(hz/rate*float64(i), 1)))
		x.Row(1)[i] = -x.Row(0)[i]
	}
	m := &sigmf.Meta{Datatype: sigmf.CF32, NumChannels: 2, SampleRate: rate, Carrier: c}
	m.Transmissions = []sigmf.Transmission{{Slot: 1, SampleStart: 29_999, SampleCount: 10_000, Grant: baseScene().grant}}
	rec, err := sigmf.FromSamples(m, &x)
	if err != nil {
		t.Fatal(err)
	}
	rec, found, err := Fit(rec, Config{})
	if err != nil || found != nil {
		t.Fatal(found, err)
	}
	slots := rec.Slots()
	if rec.SampleRate != c.SampleRate() || slots[0].SampleStart != 23_039 || slots[0].SampleCount != 7680 {
		t.Fatalf("rate %v, slot %+v", rec.SampleRate, slots[0])
	}
	var b nr.Baseband
	if err := rec.ReadSlot(&b, &slots[0]); err != nil {
		t.Fatal(err)
	}
	for i := range 7600 {
		want := complex64(cmplx.Rect(1, 2*math.Pi*math.Mod(hz/c.SampleRate()*float64(23_039+i), 1)))
		if d := cmplx.Abs(complex128(b.Samples.Row(0)[i] - want)); d > 5e-4 || b.Samples.Row(1)[i] != -b.Samples.Row(0)[i] {
			t.Fatalf("sample %d: got %v, want %v", i, b.Samples.Row(0)[i], want)
		}
	}
	if got := testing.AllocsPerRun(10, func() { err = rec.ReadSlot(&b, &slots[0]) }); got != 0 || err != nil {
		t.Errorf("%v allocations, %v", got, err)
	}
}

// FuzzFit searches damaged samples and positions: a result or an error.
func FuzzFit(f *testing.F) {
	f.Add([]byte("0123456789abcdef0123456789abcdef"), int64(0), 7.68e6, uint8(3))
	f.Add(make([]byte, 4000), int64(-100), 1e7, uint8(255))
	f.Fuzz(func(t *testing.T, data []byte, start int64, rate float64, slot uint8) {
		s := baseScene()
		s.carrier.FFTSize = 384
		m := &sigmf.Meta{Datatype: sigmf.CI8, NumChannels: 1, SampleRate: rate, Carrier: s.carrier, Unaligned: true}
		m.Transmissions = []sigmf.Transmission{{Slot: nr.Slot(slot), SampleStart: start % 1e9, SampleCount: 5760, Grant: s.grant}}
		data = data[:len(data)/2*2]
		if !(rate >= 8.7e6 && rate <= 1e9) {
			return
		}
		rec, err := sigmf.New(m, bytes.NewReader(data), int64(len(data)))
		if err != nil {
			t.Fatal(err)
		}
		fitted, found, err := Fit(rec, Config{Search: time.Millisecond / 4})
		if err == nil && (found == nil || fitted.SampleRate != s.carrier.SampleRate()) {
			t.Fatalf("got %+v at %v Hz", found, fitted.SampleRate)
		}
	})
}

func BenchmarkSearch(b *testing.B) {
	for _, n := range []int{512, 4096} {
		b.Run(fmt.Sprintf("fft=%d/search=10ms", n), func(b *testing.B) {
			s := baseScene()
			s.carrier.FFTSize, s.lead = n, 1000
			rec := s.record(b)
			for b.Loop() {
				if _, err := search(rec, 10*time.Millisecond); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
