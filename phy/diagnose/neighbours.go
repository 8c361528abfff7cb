// SPDX-License-Identifier: Apache-2.0

package diagnose

import (
	"fmt"
	"slices"

	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/phy/sigmf"
)

// neighbours lists the variants of a recording, likelier mistakes first: of two that
// explain the same, the earlier one is told first.
func (s *searcher) neighbours() ([]variant, error) {
	g := &s.rec.Transmissions[s.typical()].Grant
	out := []variant{ofSlots(-1), ofSlots(1)}
	out = append(out, ofSignals(g)...)
	out = append(out, variant{[]Change{{"core:datatype", "I, then Q", "I and Q exchanged, or the spectrum mirrored"}}, mirror})
	raw := s.cfg.Raw
	if raw == nil {
		raw = s.rec
	}
	out = append(out, layouts(raw)...)
	out = append(out, ofPhases(&s.rec.Carrier)...)
	measured, err := s.measured()
	if err != nil {
		return nil, err
	}
	out = append(out, measured...)
	out = append(out, s.identities(g)...)
	out = append(out, ofData(g, &s.rec.Carrier)...)
	for by := int64(2); by <= int64(s.rec.Carrier.Numerology().SlotsPerFrame()/2); by++ {
		out = append(out, ofSlots(-by), ofSlots(by))
	}
	return out, nil
}

// typical returns the transmission whose values are changed: the chosen one whose
// pilots are clearest.
func (s *searcher) typical() int {
	best := s.now[0]
	for _, r := range s.now {
		if r.pilots.all > best.pilots.all {
			best = r
		}
	}
	return best.index
}

// ofSignals lists the other forms of the reference signal.
func ofSignals(g *nr.Grant) []variant {
	d := &g.DMRS
	dm := func(field string, at func(*nr.DMRS) *int, values ...int) []variant {
		return ofField(g, "dmrs."+field, func(g *nr.Grant) *int { return at(&g.DMRS) }, values...)
	}
	out := slices.Concat(
		dm("type_a_position", func(d *nr.DMRS) *int { return &d.TypeAPosition }, 2, 3),
		dm("additional_position", func(d *nr.DMRS) *int { return &d.AdditionalPosition }, 0, 1, 2, 3),
		dm("num_cdm_groups_without_data", func(d *nr.DMRS) *int { return &d.NumCDMGroupsWithoutData }, 1, 2, 3),
		dm("length", func(d *nr.DMRS) *int { return &d.Length }, 1, 2),
		dm("n_scid", func(d *nr.DMRS) *int { return &d.NSCID }, 0, 1),
	)
	other := 3 - d.ConfigType
	for groups := 1; groups <= 1+other; groups++ { // another type may come with another number of groups
		out = append(out, ofGrants("dmrs.config_type", fmt.Sprint(d.ConfigType), fmt.Sprint(other), func(g *nr.Grant) bool {
			g.DMRS.ConfigType, g.DMRS.NumCDMGroupsWithoutData = other, groups
			return true
		}))
	}
	for port := range uint8(12) {
		if g.NumLayers == 1 && port != d.Ports[0] {
			out = append(out, ofGrants("dmrs.dmrs_port_set", fmt.Sprint(d.Ports[:1]), fmt.Sprintf("[%d]", port), func(g *nr.Grant) bool {
				g.DMRS.Ports[0] = port
				g.DMRS.NumCDMGroupsWithoutData = max(g.DMRS.NumCDMGroupsWithoutData, g.DMRS.CDMGroup(int(port))+1)
				return g.NumLayers == 1
			}))
		}
	}
	mapping := map[nr.Mapping]nr.Mapping{nr.MappingA: nr.MappingB, nr.MappingB: nr.MappingA}[g.Mapping]
	return append(out, ofGrants("mapping_type", g.Mapping.String(), mapping.String(), func(g *nr.Grant) bool { g.Mapping = mapping; return true }))
}

// ofPhases lists the other ways to turn symbols.
func ofPhases(c *nr.Carrier) []variant {
	on := !c.PhaseCompensation
	out := []variant{ofCarrier("phase_compensation", fmt.Sprint(!on), fmt.Sprint(on), func(c *nr.Carrier) { c.PhaseCompensation = on })}
	for _, unit := range []float64{1e3, 1e6, 1e9, 1e-3} {
		out = append(out, ofCarrier("carrier_frequency_hz", fmt.Sprint(c.CarrierHz), fmt.Sprint(c.CarrierHz*unit), func(c *nr.Carrier) {
			if c.PhaseCompensation {
				c.CarrierHz *= unit
			}
		}))
	}
	return out
}

// identities lists other numbers of UEs and cells: those that the recording has
// itself, and those of the caller.
func (s *searcher) identities(g *nr.Grant) []variant {
	rntis, nids := slices.Clone(s.cfg.RNTIs), slices.Clone(s.cfg.NIDs)
	nids = append(nids, s.rec.Carrier.CellID, g.NID, g.DMRS.NID[0], g.DMRS.NID[1])
	for i := range s.rec.Transmissions {
		o := &s.rec.Transmissions[i].Grant
		rntis, nids = append(rntis, o.RNTI), append(nids, o.NID, o.DMRS.NID[0], o.DMRS.NID[1])
	}
	slices.Sort(rntis)
	slices.Sort(nids)
	rntis, nids = slices.Compact(rntis), slices.Compact(nids)
	var out []variant
	for _, n := range nids {
		out = append(out, ofField(g, "dmrs.n_id", func(g *nr.Grant) *int { return &g.DMRS.NID[g.DMRS.NSCID] }, n)...)
		out = append(out, ofField(g, "n_id", func(g *nr.Grant) *int { return &g.NID }, n)...)
	}
	was := *g
	for _, r := range rntis {
		out = append(out, ofRNTI(&was, r, was.NID))
		for _, n := range nids {
			// Both scramble the data: one alone tells nothing where both are wrong.
			if r != was.RNTI && n != was.NID {
				out = append(out, ofRNTI(&was, r, n))
			}
		}
	}
	return out
}

// ofRNTI is a variant of the grants of one UE.
func ofRNTI(was *nr.Grant, rnti uint16, nid int) variant {
	v := ofGrants("n_rnti", fmt.Sprint(was.RNTI), fmt.Sprint(rnti), func(g *nr.Grant) bool {
		same := g.RNTI == was.RNTI
		g.RNTI, g.NID = rnti, nid
		return same
	})
	if nid != was.NID {
		v.changes = append(v.changes, Change{"nr:pusch.n_id", fmt.Sprint(was.NID), fmt.Sprint(nid)})
	}
	return v
}

// ofData lists other ways to read the data of a transmission whose pilots fit.
func ofData(g *nr.Grant, c *nr.Carrier) []variant {
	out := slices.Concat(
		ofField(g, "rv", func(g *nr.Grant) *int { return &g.RV }, 0, 1, 2, 3),
		ofField(g, "x_overhead", func(g *nr.Grant) *int { return &g.XOverhead }, 0, 6, 12, 18),
		ofField(g, "tbs_lbrm", func(g *nr.Grant) *int { return &g.TBSLBRM }, 0, nr.LimitedBufferTBS(g.NumLayers, g.MCSTable, c.NumPRB)),
	)
	for _, table := range []nr.MCSTable{1, 2, 3} {
		if table != g.MCSTable {
			out = append(out, ofGrants("mcs_table", fmt.Sprint(g.MCSTable), fmt.Sprint(table), func(o *nr.Grant) bool {
				same := o.MCSTable == g.MCSTable
				o.MCSTable = table
				return same
			}))
		}
	}
	for step := 1; step <= nr.MaxMCSIndex; step++ { // nearest first
		out = append(out, ofField(g, "mcs_index", func(g *nr.Grant) *int { return &g.MCSIndex }, g.MCSIndex+step, g.MCSIndex-step)...)
	}
	was := *g
	for num := range nr.SymbolsPerSlot + 1 {
		for _, start := range []int{g.StartSymbol, nr.SymbolsPerSlot - num} {
			if num == g.NumSymbols && start == g.StartSymbol || start+num > nr.SymbolsPerSlot || start != g.StartSymbol && start != 0 && num != g.NumSymbols-1 {
				continue
			}
			out = append(out, ofGrants("symbol_allocation", fmt.Sprint([2]int{g.StartSymbol, g.NumSymbols}), fmt.Sprint([2]int{start, num}), func(o *nr.Grant) bool {
				same := o.StartSymbol == was.StartSymbol && o.NumSymbols == was.NumSymbols
				o.StartSymbol, o.NumSymbols = start, num
				return same
			}))
		}
	}
	return append(out, ofPRBs(g, g.NumPRB, g.StartPRB, "prb_start"))
}

// ofPRBs is a variant with another allocation; field is what is told.
func ofPRBs(now *nr.Grant, start, num int, field string) variant {
	from, to := fmt.Sprintf("%d+%d", now.StartPRB, now.NumPRB), fmt.Sprintf("%d+%d", start, num)
	was := *now
	return ofGrants(field, from, to, func(g *nr.Grant) bool {
		same := g.StartPRB == was.StartPRB && g.NumPRB == was.NumPRB
		g.StartPRB, g.NumPRB = start, num
		return same
	})
}

// measured lists variants that the samples suggest: where the power is in the band,
// where symbols begin, by which subcarriers and blocks the pilots are off.
func (s *searcher) measured() ([]variant, error) {
	var out []variant
	index := s.typical()
	t := &s.rec.Transmissions[index]
	b, err := s.bench(s.rec)
	if err != nil {
		return nil, err
	}
	heard, err := b.see(s.rec, t)
	if err != nil || !heard {
		return nil, err
	}
	if found := findBand(s.rec, &b.grid, index); !found.is(&t.Grant) {
		for _, at := range [][2]int{{found.first, found.num}, {found.first, t.Grant.NumPRB}, {t.Grant.StartPRB, found.num}} {
			out = append(out, ofPRBs(&t.Grant, at[0], at[1], "prb_start"))
		}
	}
	for _, by := range []int{-1, 1} {
		out = append(out, ofPRBs(&t.Grant, t.Grant.StartPRB+by, t.Grant.NumPRB, "prb_start"), ofPRBs(&t.Grant, t.Grant.StartPRB, t.Grant.NumPRB+by, "prb_size"))
	}
	starts, err := s.starts(t)
	if err != nil {
		return nil, err
	}
	out = append(out, starts...)
	return append(out, s.offsets(b, t)...), nil
}

// starts lists other first samples: where prefixes are, and by a prefix.
func (s *searcher) starts(t *sigmf.Transmission) ([]variant, error) {
	signal, err := findPrefixes(s.rec, t)
	if err != nil {
		return nil, err
	}
	var out []variant
	if quarter := s.rec.Carrier.CPSamples(t.Slot, 1) / 4; signal.seen && max(signal.late, -signal.late) > quarter {
		out = append(out, ofStart(int64(signal.late)))
	} else if c := count(s.now); 2*c.fit >= c.heard {
		return nil, nil // where pilots fit, symbols begin where they should
	}
	for _, l := range []int{0, 1} {
		cp := int64(s.rec.Carrier.CPSamples(t.Slot, l))
		out = append(out, ofStart(-cp), ofStart(cp))
	}
	return out, nil
}

// offsets lists the subcarriers and common resource blocks by which pilots fit best.
func (s *searcher) offsets(b *bench, t *sigmf.Transmission) []variant {
	var out []variant
	c := s.rec.Carrier
	if k := s.pilots.findSubcarriers(&c, &b.grid, &t.Grant); k != 0 {
		if k%6 == 0 {
			// A grid of k/6 PRBs more begins 6 · k/6 subcarriers lower.
			for _, n := range []int{c.NumPRB - k/6, c.NumPRB + k/6} {
				out = append(out, ofCarrier("n_size_grid", fmt.Sprint(c.NumPRB), fmt.Sprint(n), func(c *nr.Carrier) { c.NumPRB = n }))
			}
		}
		out = append(out, variant{[]Change{{"core:frequency", "", fmt.Sprintf("the carrier is %d subcarriers beside 0 Hz", k)}},
			func(rec *sigmf.Recording) (*sigmf.Recording, error) { return shifted(rec, -k) }})
	}
	if crb := s.pilots.findCRB(&c, &b.grid, &t.Grant); crb != c.StartCRB && crb >= 0 {
		out = append(out, ofCarrier("n_start_grid", fmt.Sprint(c.StartCRB), fmt.Sprint(crb), func(c *nr.Carrier) { c.StartCRB = crb }))
	}
	return out
}
