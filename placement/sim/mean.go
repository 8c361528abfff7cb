// SPDX-License-Identifier: Apache-2.0

package sim

// Mean returns what several runs of one instance have shown together: means, the worst of
// the times to settle, and sums of violations and of units without a place, of which one
// is too many. It returns nil for none.
func Mean(all []*Result) *Result {
	if len(all) == 0 {
		return nil
	}
	sum := &Result{BoundW: all[0].BoundW, Placed: all[0].Placed}
	n := float64(len(all))
	var moves, rejects, stopped float64
	for _, r := range all {
		sum.EnergyW += r.EnergyW / n
		sum.Placed = min(sum.Placed, r.Placed)
		sum.Unplaced += r.Unplaced
		sum.Violations += r.Violations
		sum.SecondsSettle = max(sum.SecondsSettle, r.SecondsSettle)
		sum.LettersPerS += r.LettersPerS / n
		moves += float64(r.Moves) / n
		rejects += float64(r.Rejects) / n
		stopped += float64(r.ShieldRejects) / n
		sum.CPUSeconds += r.CPUSeconds / n
		if r.Day == nil {
			continue
		}
		if sum.Day == nil {
			sum.Day = new(Day)
		}
		sum.Day.KWh += r.Day.KWh / n
		sum.Day.KWhStatic += r.Day.KWhStatic / n
		sum.Day.MovesPerUnitHour += r.Day.MovesPerUnitHour / n
	}
	sum.Moves, sum.Rejects, sum.ShieldRejects = int(moves+0.5), int(rejects+0.5), int(stopped+0.5)
	return sum
}
