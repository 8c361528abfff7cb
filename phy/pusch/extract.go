// SPDX-License-Identifier: Apache-2.0

package pusch

import (
	"github.com/neuroran/neuroran/internal/simd/mimo"
	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/tensor"
)

// ExtractPilots copies the symbols of a group that carry DM-RS.
//
//   - dst: [rx, DM-RS symbol, 12·NumPRB], resized as needed; its group is set,
//     nothing is known of its UEs
//   - grid: [rx, 14, subcarrier] of the carrier
//
// An antenna is cleared of which a pilot is infinite, not a number, or too great for its
// square to be one: as one that hears nothing, it does not disturb the others.
//
// It returns a [*tensor.ShapeError] if the group lies outside the grid. It does
// not allocate once dst has grown.
func ExtractPilots(dst *nr.Pilots, grid *nr.Grid, group *nr.Group) error {
	view, err := window(grid, group)
	if err != nil {
		return err
	}
	dst.Group, dst.Priors = *group, [nr.MaxUEs]nr.Prior{}
	dst.RE.Resize(view.NumRx, group.NumDMRSSymbols(), view.NumSubcarriers)
	out := nr.ViewOf(&dst.RE)
	for r := range view.NumRx {
		n := 0
		for l := range group.NumSymbols {
			if group.IsDMRS(group.StartSymbol + l) {
				copy(out.Row(r, n), view.Row(r, l))
				n++
			}
		}
		antenna := dst.RE.Data()[r*n*view.NumSubcarriers:][:n*view.NumSubcarriers]
		if energy := real(mimo.DotConj(antenna, antenna)); energy-energy != 0 {
			clear(antenna)
		}
	}
	return nil
}

// ExtractData copies all symbols of a group's allocation.
//
//   - dst: [rx, NumSymbols, 12·NumPRB], resized as needed; its group is set
//   - grid: [rx, 14, subcarrier] of the carrier
//
// It returns a [*tensor.ShapeError] if the group lies outside the grid. It does
// not allocate once dst has grown.
func ExtractData(dst *nr.Data, grid *nr.Grid, group *nr.Group) error {
	view, err := window(grid, group)
	if err != nil {
		return err
	}
	dst.Group = *group
	dst.RE.Resize(view.NumRx, view.NumSymbols, view.NumSubcarriers)
	out := nr.ViewOf(&dst.RE)
	for r := range view.NumRx {
		for l := range view.NumSymbols {
			copy(out.Row(r, l), view.Row(r, l))
		}
	}
	return nil
}

// window returns the allocation of a group within the grid, without a copy.
func window(grid *nr.Grid, group *nr.Group) (nr.View, error) {
	if grid == nil {
		return nr.View{}, &nr.FieldError{Field: "grid", Got: "nil", Want: "the grid of a slot"}
	}
	first, n := nr.SubcarriersPerPRB*group.StartPRB, group.NumSubcarriers()
	if grid.RE.Rank() != 3 || grid.RE.Dim(1) != nr.SymbolsPerSlot || first < 0 || n < 0 || grid.RE.Dim(2) < first+n ||
		group.StartSymbol < 0 || group.NumSymbols < 0 || group.StartSymbol+group.NumSymbols > nr.SymbolsPerSlot {
		return nr.View{}, &tensor.ShapeError{
			Op:   "pusch: extract: grid",
			Want: []int{grid.RE.Dim(0), nr.SymbolsPerSlot, first + n}, Got: grid.RE.Dims(),
		}
	}
	return nr.ViewOf(&grid.RE).Window(group.StartSymbol, group.NumSymbols, first, n), nil
}
