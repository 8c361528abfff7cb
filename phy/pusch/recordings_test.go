// SPDX-License-Identifier: Apache-2.0

package pusch_test

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/neuroran/neuroran/internal/testvec"
	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/phy/ofdm"
	"github.com/neuroran/neuroran/phy/pusch"
	"github.com/neuroran/neuroran/phy/sch"
	"github.com/neuroran/neuroran/tensor"
)

// recording is what the test needs of a SigMF recording with the nr extension;
// it is read here by other means than package phy/sigmf, on purpose.
type recording struct {
	Global struct {
		Datatype string          `json:"core:datatype"`
		Channels int             `json:"core:num_channels"`
		Carrier  recordedCarrier `json:"nr:carrier"`
		PUSCH    recordedPUSCH   `json:"nr:pusch"`
	} `json:"global"`
	Annotations []struct {
		Start int             `json:"core:sample_start"`
		Slot  uint64          `json:"nr:slot_number"`
		PUSCH json.RawMessage `json:"nr:pusch"`
	} `json:"annotations"`

	data []byte
}

type recordedCarrier struct {
	CellID int     `json:"n_cell_id"`
	SCS    int     `json:"subcarrier_spacing_khz"`
	NumPRB int     `json:"n_size_grid"`
	Start  int     `json:"n_start_grid"`
	FFT    int     `json:"fft_size"`
	Hz     float64 `json:"carrier_frequency_hz"`
	Phase  bool    `json:"phase_compensation"`
}

type recordedPUSCH struct {
	RNTI      uint16 `json:"n_rnti"`
	NID       int    `json:"n_id"`
	Layers    int    `json:"num_layers"`
	Ports     int    `json:"num_antenna_ports"`
	Precoding string `json:"precoding"`
	TPMI      int    `json:"tpmi"`
	Mapping   string `json:"mapping_type"`
	Symbols   [2]int `json:"symbol_allocation"`
	PRBStart  int    `json:"prb_start"`
	PRBSize   int    `json:"prb_size"`
	MCSTable  uint8  `json:"mcs_table"`
	MCSIndex  int    `json:"mcs_index"`
	RV        int    `json:"rv"`
	HARQ      int    `json:"harq_process"`
	NewData   bool   `json:"new_data"`
	DMRS      struct {
		ConfigType int     `json:"config_type"`
		Length     int     `json:"length"`
		Additional int     `json:"additional_position"`
		TypeA      int     `json:"type_a_position"`
		Ports      []uint8 `json:"dmrs_port_set"`
		Groups     int     `json:"num_cdm_groups_without_data"`
		NSCID      int     `json:"n_scid"`
		NID        [2]int  `json:"n_id"`
	} `json:"dmrs"`
}

func (p *recordedPUSCH) grant() *nr.Grant {
	g := &nr.Grant{
		RNTI: p.RNTI, NID: p.NID, NumLayers: p.Layers, NumAntennaPorts: p.Ports,
		Codebook: p.Precoding == "codebook", TPMI: p.TPMI, Mapping: nr.Mapping(p.Mapping[0]),
		StartSymbol: p.Symbols[0], NumSymbols: p.Symbols[1], StartPRB: p.PRBStart, NumPRB: p.PRBSize,
		MCSTable: nr.MCSTable(p.MCSTable), MCSIndex: p.MCSIndex, RV: p.RV, HARQProcess: p.HARQ, NewData: p.NewData,
		DMRS: nr.DMRS{
			ConfigType: p.DMRS.ConfigType, Length: p.DMRS.Length, AdditionalPosition: p.DMRS.Additional,
			TypeAPosition: p.DMRS.TypeA, NumCDMGroupsWithoutData: p.DMRS.Groups, NSCID: p.DMRS.NSCID, NID: p.DMRS.NID,
		},
	}
	copy(g.DMRS.Ports[:], p.DMRS.Ports)
	return g
}

func (r *recording) carrier() nr.Carrier {
	c := &r.Global.Carrier
	return nr.Carrier{
		CellID: c.CellID, SubcarrierSpacingKHz: c.SCS, NumPRB: c.NumPRB, StartCRB: c.Start,
		FFTSize: c.FFT, CarrierHz: c.Hz, PhaseCompensation: c.Phase,
	}
}

// grants returns the grant of every annotation.
func (r *recording) grants(t *testing.T) []*nr.Grant {
	out := make([]*nr.Grant, len(r.Annotations))
	for i, a := range r.Annotations {
		p := r.Global.PUSCH
		p.DMRS.Ports = slices.Clone(p.DMRS.Ports) // json would write into it
		if len(a.PUSCH) > 0 {
			if err := json.Unmarshal(a.PUSCH, &p); err != nil {
				t.Fatal(err)
			}
		}
		out[i] = p.grant()
	}
	return out
}

// sample returns sample i of antenna r.
func (r *recording) sample(i, antenna int) complex64 {
	at := i*r.Global.Channels + antenna
	switch r.Global.Datatype {
	case "cf32_le":
		return complex(math.Float32frombits(binary.LittleEndian.Uint32(r.data[8*at:])),
			math.Float32frombits(binary.LittleEndian.Uint32(r.data[8*at+4:])))
	case "ci16_le":
		return complex(float32(int16(binary.LittleEndian.Uint16(r.data[4*at:]))), float32(int16(binary.LittleEndian.Uint16(r.data[4*at+2:]))))
	}
	return complex(float32(int8(r.data[2*at])), float32(int8(r.data[2*at+1])))
}

// tally counts the outcome of a recording.
type tally struct{ passes, sionna, decodable, missed, wrong, total int }

// play decodes a recording; the limits of cfg are filled in.
func play(t *testing.T, meta string, cfg pusch.Config) (n tally) {
	base := strings.TrimSuffix(meta, ".sigmf-meta")
	var rec recording
	if err := json.Unmarshal(read(t, meta), &rec); err != nil {
		t.Fatal(err)
	}
	answers, err := testvec.Answers(meta)
	if err != nil {
		t.Fatal(err)
	}
	rec.data = read(t, base+".sigmf-data")
	carrier, grants := rec.carrier(), rec.grants(t)
	demod, err := ofdm.NewDemodulator(ofdm.Config{Carrier: carrier, NumPorts: rec.Global.Channels, WindowAdvance: ofdm.DefaultAdvance(carrier)})
	if err != nil {
		t.Fatal(err)
	}
	cfg.Limits = pusch.Limits{Carrier: carrier, NumRx: rec.Global.Channels}
	rx, err := pusch.NewReceiver(cfg)
	if err != nil {
		t.Fatal(err)
	}
	soft := map[[2]int]*sch.SoftBuffer{}
	for i := range grants {
		members := rec.group(grants, i)
		if members == nil {
			continue // received with an earlier one
		}
		var grid nr.Grid
		wave := rec.slot(&carrier, i)
		if err := demod.Process(&grid, wave); err != nil {
			t.Fatal(err)
		}
		var shared []*nr.Grant
		var buffers []*sch.SoftBuffer
		for _, k := range members {
			key := [2]int{int(grants[k].RNTI), grants[k].HARQProcess}
			if soft[key] == nil {
				soft[key] = new(sch.SoftBuffer)
			}
			shared, buffers = append(shared, grants[k]), append(buffers, soft[key])
		}
		if err := rx.Configure(wave.Slot, shared...); err != nil {
			t.Fatal(err)
		}
		tbs := make([]nr.TransportBlock, len(members))
		if err := rx.Process(tbs, buffers, &grid); err != nil {
			t.Fatal(err)
		}
		for u, k := range members {
			n.count(t, &tbs[u], &answers[k], rx.Code(u).TBS)
		}
	}
	return n
}

// group returns the annotations of the slot of annotation i that share PRBs with
// it, or nil when it is not the first of them.
func (r *recording) group(grants []*nr.Grant, i int) (members []int) {
	for k := range grants {
		if r.Annotations[k].Slot == r.Annotations[i].Slot && grants[k].SharesPRBs(grants[i]) {
			members = append(members, k)
		}
	}
	if members[0] != i {
		return nil
	}
	return members
}

// slot returns the samples of annotation i.
func (r *recording) slot(c *nr.Carrier, i int) *nr.Baseband {
	s := nr.Slot(r.Annotations[i].Slot)
	wave := &nr.Baseband{Slot: s, Samples: tensor.New[complex64]([]int{r.Global.Channels, c.SlotSamples(s)})}
	for a := range r.Global.Channels {
		row := wave.Samples.Row(a)
		for k := range row {
			if at := r.Annotations[i].Start + k; (at+1)*r.Global.Channels <= r.numSamples() {
				row[k] = r.sample(at, a)
			}
		}
	}
	return wave
}

func (r *recording) numSamples() int {
	switch r.Global.Datatype {
	case "cf32_le":
		return len(r.data) / 8
	case "ci16_le":
		return len(r.data) / 4
	}
	return len(r.data) / 2
}

func (n *tally) count(t *testing.T, tb *nr.TransportBlock, a *testvec.Answer, tbs int) {
	if tbs != a.Bits {
		t.Errorf("slot %d RNTI %d: %d bits, want %d", a.Slot, a.RNTI, tbs, a.Bits)
	}
	n.total++
	sum := sha256.Sum256(tb.Data.Data())
	right := a.Right(sum)
	switch {
	case tb.CRC && !right:
		n.wrong++
	case tb.CRC:
		n.passes++
	case a.Decodable:
		n.missed++
	}
	if a.Decodable {
		n.decodable++
	}
	if a.Sionna {
		n.sionna++
	}
	q := &tb.Quality
	t.Logf("slot %3d rnti %d harq %d crc %-5t decodable %-5t sionna %-5t SINR %5.1f dB SNR %5.1f dB delay %6.2f ns cfo %6.1f Hz iterations %d",
		a.Slot, a.RNTI, a.HARQ, tb.CRC, a.Decodable, a.Sionna, 10*math.Log10(float64(q.SINR)), 10*math.Log10(float64(q.SNR)),
		1e9*q.DelaySeconds, q.CFOHz, tb.Iterations)
}

// TestSharedRecordings decodes the recordings of another implementation: what
// it still decodes with 1 dB more noise must come out right, no recording may
// have fewer passes than it has, and no CRC may pass on wrong bits.
func TestSharedRecordings(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(testvec.Shared(t), "iq", "*.sigmf-meta"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no recordings: %v", err)
	}
	atLeast := map[string]int{"tdlb-codebook-2ue": 14, "tdlc-16qam": 8}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".sigmf-meta")
		t.Run(name, func(t *testing.T) {
			n := play(t, file, pusch.Config{Receiver: "lmmse"})
			t.Logf("%s: %d of %d pass, Sionna %d, decodable %d", name, n.passes, n.total, n.sionna, n.decodable)
			if n.wrong != 0 || n.missed != 0 || n.passes < max(n.sionna, atLeast[name]) {
				t.Errorf("%d of %d pass, want at least %d; %d decodable ones missed, %d CRCs pass on wrong bits",
					n.passes, n.total, max(n.sionna, atLeast[name]), n.missed, n.wrong)
			}
			if os.Getenv("NEURORAN_TABLE") != "" {
				ls := play(t, file, pusch.Config{Receiver: "ls"})
				t.Logf("%-20s | ls %d | lmmse %d | Sionna %d | of %d", name, ls.passes, n.passes, n.sionna, n.total)
			}
		})
	}
}
