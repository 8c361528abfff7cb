// SPDX-License-Identifier: Apache-2.0

package sigmf

import (
	"encoding/json"
	"strconv"
	"strings"

	"github.com/neuroran/neuroran/phy/nr"
)

// globalFields are the keys of global that are read.
var globalFields = []field[Meta]{
	textField(spec{key: "core:datatype", words: []string{string(CF32), string(CI16), string(CI8)},
		about: "format of one complex sample: I, then Q; little-endian; integers have full scale 1", clause: "SigMF 1.2.5", sample: `"ci16_le"`, also: "format dtype"},
		func(m *Meta) *Datatype { return &m.Datatype }),
	numberField(spec{key: "core:sample_rate", lo: 1, hi: maxRate,
		about: "samples of one channel per second; any rate that holds the band of `n_size_grid`", clause: "SigMF 1.2.5", sample: "30720000", also: "rate fs SampleRate"},
		func(m *Meta) *float64 { return &m.SampleRate }),
	integerField(spec{key: "core:num_channels", lo: 1, hi: maxChannels, may: true, unset: "1",
		about: "receive antennas, interleaved sample by sample", clause: "SigMF 1.2.5", sample: "2", also: "num_rx num_antennas channels"},
		func(m *Meta) *int { return &m.NumChannels }),
	textField(spec{key: "core:sha512", may: true, unset: "not checked",
		about: "SHA-512 of the data file, hexadecimal", clause: "SigMF 1.2.5", sample: `"e57e7c46…"`},
		func(m *Meta) *string { return &m.SHA512 }),
	textField(spec{key: "core:dataset", may: true, unset: "the name of the metadata with .sigmf-data",
		about: "name of the data file, in the same folder", clause: "SigMF 1.2.5", sample: `"slots.bin"`},
		func(m *Meta) *string { return &m.DataFile }),
	textField(spec{key: "core:description", may: true, unset: `""`, about: "for people", clause: "SigMF 1.2.5", sample: `"roof, 3 May"`},
		func(m *Meta) *string { return &m.Description }),
	plainField("core:offset", "samples of a longer recording before this one are not supported"),
	plainField("core:trailing_bytes", "bytes behind the samples are not supported"),
	{spec: spec{key: "core:metadata_only", kind: foreign, words: []string{"false"}, may: true, unset: "false", about: "a recording without samples cannot be received", clause: "SigMF 1.2.5", sample: "false"},
		read: func(_ *Meta, raw json.RawMessage) error {
			if string(raw) != "false" {
				return wanted("false")
			}
			return nil
		}},
	{spec: spec{key: "core:extensions", kind: foreign, may: true, unset: "none", about: "SigMF asks for an entry for `nr`; others must be optional", clause: "SigMF 1.2.5",
		sample: `[{"name": "nr", "version": "1.0.0", "optional": false}]`},
		read: func(_ *Meta, raw json.RawMessage) error { return checkExtensions(raw) }},
	objectField(spec{key: "nr:carrier", about: "the carrier, see below", clause: "TS 38.211 §4", also: "carrier"},
		carrierFields, func(m *Meta) *nr.Carrier { return &m.Carrier }),
	{spec: spec{key: "nr:pusch", kind: members, may: true, unset: "{}", about: "default grant: what an annotation does not say, see below", clause: "TS 38.214 §6.1", also: "pusch grant"},
		within: func(scope, *Meta, string, object) bool { return true }}, // together with the annotations
}

// plainField is a field of SigMF that may be there if it is 0.
func plainField(key, about string) field[Meta] {
	return field[Meta]{spec: spec{key: key, kind: integer, only: []int{0}, may: true, unset: "0", about: about, clause: "SigMF 1.2.5", sample: "0"}}
}

// objectField is a field whose value is an object with fields that must all be there.
func objectField[T, V any](s spec, fields []field[V], at func(*T) *V) field[T] {
	s.kind, s.fields = members, specsOf(fields)
	return field[T]{spec: s, get: func(t *T) any { return writeFields(fields, at(t)) },
		within: func(s scope, t *T, prefix string, o object) bool {
			var fresh V
			missing, ok := readFields(s, prefix, fields, &fresh, o)
			for _, m := range missing {
				ok = s.refuse(prefix+m.key, nothing, m.want())
			}
			if ok {
				*at(t) = fresh
			}
			return ok
		}}
}

// nothing is what was got of a field that is missing.
const nothing = "nothing"

// captureFields are the keys of a capture that are read.
var captureFields = []field[Meta]{plainField("core:header_bytes", "bytes before the samples are not supported")}

// annotationFields are the keys of an annotation of a transmission.
var annotationFields = []field[Transmission]{
	integerField(spec{key: "nr:slot_number", hi: maxSample, about: "slots since frame 0: frame · slots per frame + slot in the frame", clause: "TS 38.211 §4.3.2", sample: "117", also: "slot"},
		func(t *Transmission) *nr.Slot { return &t.Slot }),
	integerField(spec{key: "core:sample_start", hi: maxSample, about: "first sample of the slot's first cyclic prefix", clause: "SigMF 1.2.5", sample: "15360", also: "start"},
		func(t *Transmission) *int64 { return &t.SampleStart }),
	integerField(spec{key: "core:sample_count", hi: maxSample, about: "samples of one channel in the slot: `core:sample_rate` times its length", clause: "TS 38.211 §5.3.1", sample: "15360", also: "count length"},
		func(t *Transmission) *int64 { return &t.SampleCount }),
	{spec: spec{key: "nr:pusch", kind: members, may: true, unset: "{}", about: "what differs from the default grant", clause: "TS 38.214 §6.1", sample: `{"mcs_index": 9}`, also: "grant"},
		within: func(scope, *Transmission, string, object) bool { return true }}, // together with the default
}

// carrierFields are the keys of nr:carrier.
var carrierFields = []field[nr.Carrier]{
	integerField(spec{key: "n_cell_id", hi: 1007, about: "physical cell identity N_ID^cell", clause: "TS 38.211 §7.4.2.1", sample: "1", also: "NCellID pci cell"},
		func(c *nr.Carrier) *int { return &c.CellID }),
	integerField(spec{key: "subcarrier_spacing_khz", only: []int{15, 30, 60, 120}, about: "subcarrier spacing Δf, kHz", clause: "TS 38.211 table 4.2-1", sample: "30", also: "SubcarrierSpacing scs"},
		func(c *nr.Carrier) *int { return &c.SubcarrierSpacingKHz }),
	wordField(spec{key: "cyclic_prefix", words: []string{"normal", "extended"}, about: "cyclic prefix; extended is not supported", clause: "TS 38.211 table 4.2-1", sample: `"normal"`, also: "cp"},
		func(c *nr.Carrier) *bool { return &c.ExtendedCP }),
	integerField(spec{key: "n_size_grid", lo: 1, hi: nr.MaxPRB, about: "PRBs of the carrier; subcarrier 6 · `n_size_grid` is at 0 Hz", clause: "TS 38.211 §4.4.2", sample: "51", also: "NSizeGrid num_prb nof_prb num_rb bandwidth"},
		func(c *nr.Carrier) *int { return &c.NumPRB }),
	integerField(spec{key: "n_start_grid", hi: 2199, about: "common resource block of the first PRB, from point A", clause: "TS 38.211 §4.4.2", sample: "0", also: "NStartGrid start_crb offset_to_carrier"},
		func(c *nr.Carrier) *int { return &c.StartCRB }),
	integerField(spec{key: "fft_size", lo: 128, hi: 8192, about: "transform size N, 2^a or 3·2^a, at least 12 · `n_size_grid`: the receiver works at N · Δf samples per second", clause: "TS 38.211 §5.3.1", sample: "1024", also: "nfft dft_size"},
		func(c *nr.Carrier) *int { return &c.FFTSize }),
	numberField(spec{key: "carrier_frequency_hz", lo: 1e6, hi: 1e12, orZero: true, about: "frequency f₀ of subcarrier 6 · `n_size_grid`, Hz; 0 where not known, unless `phase_compensation`", clause: "TS 38.211 §5.4", sample: "3500000000", also: "frequency fc CarrierFrequency"},
		func(c *nr.Carrier) *float64 { return &c.CarrierHz }),
	booleanField(spec{key: "phase_compensation", about: "the transmitter turns each symbol as it does before upconversion to f₀, and the receiver of the recording did not turn it back", clause: "TS 38.211 §5.4", sample: "true", also: "upconversion"},
		func(c *nr.Carrier) *bool { return &c.PhaseCompensation }),
}

// grantFields are the keys of nr:pusch.
var grantFields = []field[grant]{
	integerField(spec{key: "n_rnti", hi: 65535, about: "RNTI of the UE", clause: "TS 38.211 §6.3.1.1", sample: "17921", also: "RNTI c_rnti ue"},
		func(g *grant) *uint16 { return &g.RNTI }),
	integerField(spec{key: "n_id", hi: 1023, about: "scrambling identity of the data: dataScramblingIdentityPUSCH, else `n_cell_id`", clause: "TS 38.211 §6.3.1.1", sample: "1", also: "NID data_scrambling_id scrambling_id"},
		func(g *grant) *int { return &g.NID }),
	integerField(spec{key: "num_layers", lo: 1, hi: nr.MaxLayers, about: "layers ν", clause: "TS 38.211 §6.3.1.3", sample: "1", also: "NumLayers nof_layers rank layers"},
		func(g *grant) *int { return &g.NumLayers }),
	integerField(spec{key: "num_antenna_ports", lo: 1, hi: 4, about: "antenna ports of the UE; without codebook as many as layers, with it 1, 2 or 4", clause: "TS 38.211 §6.3.1.5", sample: "1", also: "NumAntennaPorts nof_ports"},
		func(g *grant) *int { return &g.NumAntennaPorts }),
	wordField(spec{key: "precoding", words: []string{"non-codebook", "codebook"}, about: "transmission scheme; one port is non-codebook too", clause: "TS 38.211 §6.3.1.5", sample: `"non-codebook"`, also: "TransmissionScheme tx_scheme"},
		func(g *grant) *bool { return &g.Codebook }),
	integerField(spec{key: "tpmi", hi: 27, unset: "0 without codebook; must be given with it", about: "index of the precoding matrix", clause: "TS 38.211 §6.3.1.5", sample: "0"},
		func(g *grant) *int { return &g.TPMI }),
	booleanField(spec{key: "transform_precoding", about: "DFT-s-OFDM; true is not supported", clause: "TS 38.211 §6.3.1.4", sample: "false", also: "TransformPrecoding dfts"},
		func(g *grant) *bool { return &g.TransformPrecoding }),
	{
		spec: spec{key: "mapping_type", kind: text, words: []string{"A", "B"}, about: "PUSCH mapping type", clause: "TS 38.214 §6.1.2.1", sample: `"A"`, also: "MappingType mapping"},
		set:  func(g *grant, v value) { g.Mapping = nr.Mapping(v.s[0]) },
		get:  func(g *grant) any { return g.Mapping.String() },
	},
	{
		spec: spec{key: "symbol_allocation", kind: integers, hi: nr.SymbolsPerSlot, count: [2]int{2, 2}, about: "first symbol S and number of symbols L", clause: "TS 38.214 §6.1.2.1", sample: "[0, 14]", also: "SymbolAllocation symbols"},
		set:  func(g *grant, v value) { g.StartSymbol, g.NumSymbols = v.list[0], v.list[1] },
		get:  func(g *grant) any { return []int{g.StartSymbol, g.NumSymbols} },
	},
	integerField(spec{key: "prb_start", hi: nr.MaxPRB - 1, about: "first PRB, from that of the carrier", clause: "TS 38.214 §6.1.2.2.2", sample: "0", also: "start_prb rb_start first_prb"},
		func(g *grant) *int { return &g.StartPRB }),
	integerField(spec{key: "prb_size", lo: 1, hi: nr.MaxPRB, about: "PRBs; `prb_start` + `prb_size` is at most `n_size_grid`", clause: "TS 38.214 §6.1.2.2.2", sample: "24", also: "num_prb nof_prb rb_size PRBSet num_rb"},
		func(g *grant) *int { return &g.NumPRB }),
	integerField(spec{key: "mcs_table", lo: 1, hi: 3, about: "MCS index table 5.1.3.1-1 (64QAM), -2 (256QAM) or -3 (low spectral efficiency)", clause: "TS 38.214 §5.1.3.1", sample: "1", also: "MCSTable"},
		func(g *grant) *nr.MCSTable { return &g.MCSTable }),
	integerField(spec{key: "mcs_index", hi: nr.MaxMCSIndex, about: "MCS index I_MCS; a reserved one only where `new_data` is false", clause: "TS 38.214 §5.1.3.1", sample: "16", also: "mcs MCSIndex"},
		func(g *grant) *int { return &g.MCSIndex }),
	optional(integerField(spec{key: "x_overhead", only: []int{0, 6, 12, 18}, unset: "0", about: "xOverhead N_oh^PRB", clause: "TS 38.214 §6.1.4.2", sample: "0", also: "XOverhead overhead"},
		func(g *grant) *int { return &g.XOverhead })),
	optional(integerField(spec{key: "tbs_lbrm", hi: float64(nr.LimitedBufferTBS(nr.MaxLayers, nr.MCSTable256QAM, nr.MaxPRB)), unset: "0: the whole buffer", about: "TBS_LBRM of limited-buffer rate matching, bits", clause: "TS 38.212 §5.4.2.1", sample: "0", also: "lbrm"},
		func(g *grant) *int { return &g.TBSLBRM })),
	objectField(spec{key: "dmrs", about: "the reference signal, see below; an annotation names it as a whole", clause: "TS 38.211 §6.4.1.1", also: "DMRS"},
		dmrsFields, func(g *grant) *dmrs { return &g.dmrs }),
	integerField(spec{key: "rv", hi: 3, about: "redundancy version", clause: "TS 38.212 §5.4.2.1", sample: "0", also: "RV redundancy_version"},
		func(g *grant) *int { return &g.RV }),
	integerField(spec{key: "harq_process", hi: nr.MaxHARQProcesses - 1, about: "HARQ process", clause: "TS 38.214 §6.1", sample: "0", also: "harq harq_id h_id"},
		func(g *grant) *int { return &g.HARQProcess }),
	booleanField(spec{key: "new_data", about: "a new transport block; false combines with what the process has received before", clause: "TS 38.212 §7.3.1.1", sample: "true", also: "ndi"},
		func(g *grant) *bool { return &g.NewData }),
}

// dmrsFields are the keys of dmrs.
var dmrsFields = []field[dmrs]{
	integerField(spec{key: "config_type", lo: 1, hi: 2, about: "configuration type", clause: "TS 38.211 §6.4.1.1.3", sample: "1", also: "DMRSConfigurationType type"},
		func(d *dmrs) *int { return &d.ConfigType }),
	integerField(spec{key: "length", lo: 1, hi: 2, about: "front-loaded symbols: single or double, as used", clause: "TS 38.211 §6.4.1.1.3", sample: "1", also: "DMRSLength max_length"},
		func(d *dmrs) *int { return &d.Length }),
	integerField(spec{key: "additional_position", hi: 3, about: "dmrs-AdditionalPosition; 0…1 with `length` 2", clause: "TS 38.211 §6.4.1.1.3", sample: "1", also: "DMRSAdditionalPosition add_pos"},
		func(d *dmrs) *int { return &d.AdditionalPosition }),
	integerField(spec{key: "type_a_position", lo: 2, hi: 3, about: "dmrs-TypeA-Position: first DM-RS symbol of mapping type A", clause: "TS 38.211 §6.4.1.1.3", sample: "2", also: "DMRSTypeAPosition"},
		func(d *dmrs) *int { return &d.TypeAPosition }),
	{
		spec: spec{key: "dmrs_port_set", kind: integers, hi: 11, count: [2]int{1, nr.MaxLayers}, about: "antenna port of each layer, without the 1000", clause: "TS 38.211 table 6.4.1.1.3-1, -2", sample: "[0]", also: "DMRSPortSet ports"},
		set:  func(d *dmrs, v value) { d.setPorts(v.list) },
		get:  func(d *dmrs) any { return d.ports() },
	},
	integerField(spec{key: "num_cdm_groups_without_data", lo: 1, hi: 3, about: "CDM groups whose subcarriers carry no data in DM-RS symbols; 3 only with `config_type` 2", clause: "TS 38.214 table 6.2.2-1", sample: "2", also: "NumCDMGroupsWithoutData cdm_groups"},
		func(d *dmrs) *int { return &d.NumCDMGroupsWithoutData }),
	integerField(spec{key: "n_scid", hi: 1, about: "which of the two identities is used", clause: "TS 38.211 §6.4.1.1.1.1", sample: "0", also: "NSCID"},
		func(d *dmrs) *int { return &d.NSCID }),
	{
		spec: spec{key: "n_id", kind: integers, hi: 65535, count: [2]int{2, 2}, about: "N_ID^0 and N_ID^1: scramblingID0 and 1, else `n_cell_id`", clause: "TS 38.211 §6.4.1.1.1.1", sample: "[1, 1]", also: "NIDNSCID scrambling_id"},
		set:  func(d *dmrs, v value) { d.NID = [2]int(v.list) },
		get:  func(d *dmrs) any { return d.NID },
	},
}

// optional returns f as a field that may be missing.
func optional[T any](f field[T]) field[T] {
	f.may = true
	return f
}

// grant is a scheduling grant as it is read: with the number of ports named.
type grant struct {
	nr.Grant
	dmrs dmrs
}

// dmrs is a reference signal as it is read.
type dmrs struct {
	nr.DMRS
	numPorts int
}

// ports returns the ports as numbers; a []uint8 would become text in JSON.
func (d *dmrs) ports() []int {
	ports := make([]int, d.numPorts)
	for i := range ports {
		ports[i] = int(d.Ports[i])
	}
	return ports
}

func (d *dmrs) setPorts(ports []int) {
	d.Ports, d.numPorts = [nr.MaxLayers]uint8{}, len(ports)
	for i, p := range ports {
		d.Ports[i] = uint8(p)
	}
}

// ours reports whether a key is of the nr namespace.
func ours(key string) bool { return strings.HasPrefix(key, "nr:") }

// checkExtensions refuses a recording that cannot be understood without an
// extension other than ours.
func checkExtensions(raw json.RawMessage) error {
	var extensions []struct {
		Name     string `json:"name"`
		Optional bool   `json:"optional"`
	}
	if string(raw) == "null" || json.Unmarshal(raw, &extensions) != nil {
		return wanted("a list of extensions")
	}
	for _, e := range extensions {
		if e.Name != "nr" && !e.Optional {
			return wanted("only nr, or optional ones, not " + strconv.Quote(e.Name))
		}
	}
	return nil
}
