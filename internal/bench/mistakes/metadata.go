// SPDX-License-Identifier: Apache-2.0

package main

import "bytes"

// set returns a mistake of one field: at takes the object that has it.
func set(name string, at func(object) object, key string, value any, fields ...string) mistake {
	if fields == nil {
		fields = []string{key}
	}
	return mistake{name: name, fields: fields, meta: func(m object) {
		if value == nil {
			delete(at(m), key)
			return
		}
		at(m)[key] = value
	}}
}

// ofText lists mistakes of JSON.
func ofText() []mistake {
	return []mistake{
		{name: "a comma too many", fields: []string{"line 1, column"}, text: func(b []byte) []byte { return bytes.Replace(b, []byte("}}"), []byte("},}"), 1) }},
		{name: "a list", fields: []string{"not a sigmf metadata object"}, text: func([]byte) []byte { return []byte("[]") }},
		{name: "an empty file", fields: []string{"not a sigmf metadata object"}, text: func([]byte) []byte { return nil }},
		{name: "samples for metadata", fields: []string{"not a sigmf metadata object"}, text: func([]byte) []byte { return []byte("\x10\x00\xf3\xff\x21\x00") }},
		set("no global", func(m object) object { return m }, "global", nil),
	}
}

// ofGlobal lists mistakes of global.
func ofGlobal() []mistake {
	return []mistake{
		set("cf32_le for ci16_le", global, "core:datatype", "cf32_le"),
		set("ci8 for ci16_le", global, "core:datatype", "ci8"),
		set("cf32, without byte order", global, "core:datatype", "cf32"),
		set("ci16_be", global, "core:datatype", "ci16_be"),
		set("no datatype", global, "core:datatype", nil),
		set("half the sample rate", global, "core:sample_rate", 15360000),
		set("sample rate in MHz", global, "core:sample_rate", 30.72),
		set("sample rate as text", global, "core:sample_rate", "30.72e6"),
		set("another sample rate", global, "core:sample_rate", 40e6, "core:sample_count"),
		set("one antenna for two", global, "core:num_channels", 1),
		set("four antennas for two", global, "core:num_channels", 4),
		set("no carrier", global, "nr:carrier", nil),
		set("no default grant", global, "nr:pusch", nil),
		set("nr:puschs", global, "nr:puschs", object{}, "nr:pusch"),
	}
}

// ofCarrier lists mistakes of nr:carrier.
func ofCarrier() []mistake {
	return []mistake{
		{name: "n_size_grid and fft_size exchanged", fields: []string{"n_size_grid"}, meta: func(m object) { carrier(m)["n_size_grid"], carrier(m)["fft_size"] = 1024, 51 }},
		set("spacing in Hz", carrier, "subcarrier_spacing_khz", 30000),
		set("spacing of 15 kHz", carrier, "subcarrier_spacing_khz", 15, "core:sample_count", "core:sample_rate", "subcarrier_spacing_khz"),
		set("frequency in GHz", carrier, "carrier_frequency_hz", 3.5),
		set("frequency in MHz", carrier, "carrier_frequency_hz", 3500),
		set("phase compensation", carrier, "phase_compensation", true, "nr:carrier.phase_compensation"),
		set("phase compensation as text", carrier, "phase_compensation", "no"),
		set("a grid of 52 PRB", carrier, "n_size_grid", 52, "nr:carrier.n_size_grid"),
		set("a grid of 50 PRB", carrier, "n_size_grid", 50, "nr:carrier.n_size_grid"),
		set("point A elsewhere", carrier, "n_start_grid", 24, "nr:carrier.n_start_grid"),
		set("cell_id", carrier, "cell_id", 5, "n_cell_id"),
		set("fft_size of 1000", carrier, "fft_size", 1000),
		set("extended prefix", carrier, "cyclic_prefix", "extended"),
	}
}

// ofGrant lists mistakes of nr:pusch.
func ofGrant() []mistake {
	return []mistake{
		{name: "prb_start and prb_size exchanged", fields: []string{"nr:pusch.prb_start"}, meta: func(m object) { grant(m)["prb_start"], grant(m)["prb_size"] = 40, 3 }},
		set("PRBs beyond the grid", grant, "prb_start", 20, "prb_start 20 + prb_size"),
		set("a PRB beside", grant, "prb_start", 4, "nr:pusch.prb_start"),
		set("a PRB less", grant, "prb_size", 39, "nr:pusch.prb_start", "nr:pusch.prb_size"),
		set("a PRB more", grant, "prb_size", 41, "nr:pusch.prb_start", "nr:pusch.prb_size"),
		set("40.5 PRB", grant, "prb_size", 40.5),
		set("PRBs as text", grant, "prb_size", "40"),
		set("mcs_idx", grant, "mcs_idx", 3, "nr:pusch.mcs_index"),
		set("no mcs_index", grant, "mcs_index", nil),
		set("reserved MCS", grant, "mcs_index", 30),
		set("MCS of other points", grant, "mcs_index", 18, "nr:pusch.mcs_index"),
		set("MCS of the same points", grant, "mcs_index", 14, "nr:pusch.mcs_index"),
		set("MCS table by name", grant, "mcs_table", "qam64"),
		set("MCS table of 256QAM", grant, "mcs_table", 2, "nr:pusch.mcs_table"),
		set("RNTI", grant, "n_rnti", 101, "nr:pusch.n_rnti"),
		set("identity of the data", grant, "n_id", 6, "nr:pusch.n_id"),
		set("redundancy version", grant, "rv", 2, "nr:pusch.rv"),
		set("overhead", grant, "x_overhead", 6, "nr:pusch.x_overhead"),
		set("thirteen symbols", grant, "symbol_allocation", []int{0, 13}, "nr:pusch.symbol_allocation"),
		set("symbols as first and last", grant, "symbol_allocation", []int{1, 13}, "symbol_allocation"),
		set("mapping type B", grant, "mapping_type", "B", "nr:pusch.mapping_type"),
		set("transform precoding", grant, "transform_precoding", true),
		set("two layers", grant, "num_layers", 2, "num_antenna_ports", "dmrs_port_set"),
		{name: "codebook without TPMI", fields: []string{"tpmi"}, meta: func(m object) { grant(m)["precoding"] = "codebook"; delete(grant(m), "tpmi") }},
	}
}

// ofSignal lists mistakes of dmrs.
func ofSignal() []mistake {
	return []mistake{
		set("first DM-RS in symbol 3", dmrs, "type_a_position", 3, "nr:pusch.dmrs.type_a_position"),
		set("position as a symbol", dmrs, "type_a_position", 11),
		set("configuration type 2", dmrs, "config_type", 2, "nr:pusch.dmrs.config_type"),
		set("no additional position", dmrs, "additional_position", 0, "nr:pusch.dmrs.additional_position"),
		set("two additional positions", dmrs, "additional_position", 2, "nr:pusch.dmrs.additional_position"),
		set("double symbol", dmrs, "length", 2, "nr:pusch.dmrs.length"),
		set("a port for a list", dmrs, "dmrs_port_set", 0),
		set("port 2", dmrs, "dmrs_port_set", []int{2}, "nr:pusch.dmrs.dmrs_port_set"),
		set("ports with the 1000", dmrs, "dmrs_port_set", []int{1000}),
		set("one CDM group without data", dmrs, "num_cdm_groups_without_data", 1, "nr:pusch.dmrs.num_cdm_groups_without_data"),
		set("the other identity", dmrs, "n_scid", 1, "nr:pusch.dmrs.n_scid"),
		set("identity of the DM-RS", dmrs, "n_id", []int{6, 6}, "nr:pusch.dmrs.n_id"),
		set("one identity for two", dmrs, "n_id", 5),
	}
}

// ofAnnotations lists mistakes of annotations.
func ofAnnotations() []mistake {
	all := func(name string, change func(object), fields ...string) mistake {
		return mistake{name: name, fields: fields, meta: func(m object) {
			for _, a := range annotations(m) {
				change(a)
			}
		}}
	}
	number := func(a object) float64 { return a["nr:slot_number"].(float64) }
	moved := func(name string, by float64) mistake {
		return mistake{name: name, fields: []string{"core:sample_start"}, meta: func(m object) {
			inner := m["annotations"].([]any)[1:9]
			m["annotations"] = inner
			for _, a := range annotations(m) {
				a["core:sample_start"] = a["core:sample_start"].(float64) + by
			}
		}}
	}
	return []mistake{
		set("no annotations", func(m object) object { return m }, "annotations", []any{}),
		all("no slot numbers", func(a object) { delete(a, "nr:slot_number") }, "nr:slot_number"),
		all("nr:slot", func(a object) { a["nr:slot"] = number(a); delete(a, "nr:slot_number") }, "nr:slot_number"),
		all("slots from 1", func(a object) { a["nr:slot_number"] = number(a) + 1 }, "nr:slot_number"),
		all("slots from 7", func(a object) { a["nr:slot_number"] = number(a) + 7 }, "nr:slot_number"),
		{name: "a count missing", fields: []string{"annotation 1: core:sample_count"}, meta: func(m object) { delete(annotations(m)[1], "core:sample_count") }},
		{name: "a slot twice", fields: []string{"annotation 3: core:sample_start"}, meta: func(m object) { annotations(m)[3]["nr:slot_number"] = 2 }},
		{name: "slots backwards", fields: []string{"annotation 3: nr:slot_number"}, meta: func(m object) { annotations(m)[3]["nr:slot_number"] = 1 }},
		moved("72 samples late", 72), moved("a prefix late", 88), moved("two prefixes early", -144), moved("half a symbol late", 500),
		{name: "the MCS of one transmission", fields: []string{"nr:pusch.mcs_index"}, meta: func(m object) { annotations(m)[4]["nr:pusch"] = object{"mcs_index": 9} }},
		{name: "the RNTI of one transmission", fields: []string{"nr:pusch.n_rnti"}, meta: func(m object) { annotations(m)[4]["nr:pusch"] = object{"n_rnti": 9} }},
	}
}
