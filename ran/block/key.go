// SPDX-License-Identifier: Apache-2.0

package block

import (
	"time"

	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/sfaas"
)

// forgetAfter is for how long the state of a HARQ process outlives its last
// transmission. A retransmission follows within milliseconds; without an end,
// every UE that has left would be remembered.
const forgetAfter = time.Minute

// CellKey returns the key of samples, grids and schedules of a radio cell: usually of its
// physical identity, [nr.Carrier.CellID]. An app that serves two cells of one identity
// needs a number of its own for each, such as that of the site; to the blocks any
// root key will do.
func CellKey(id int) sfaas.Key { return sfaas.NewKey(sfaas.KindCell, uint64(id)) }

// UEKey returns the key of a UE of a cell.
func UEKey(cell sfaas.Key, rnti uint16) sfaas.Key { return cell.Child(sfaas.KindUE, uint64(rnti)) }

// GroupKey returns the key of a PRB group: that of its first UE, which is usually
// the only one. It spreads the work, and keeps the slots of a UE in order as long
// as the same UE comes first. State under it is that of [NewTrack] alone.
func GroupKey(cell sfaas.Key, g *nr.Group) sfaas.Key { return UEKey(cell, g.UEs[0].RNTI) }

// HARQKey returns the key of one HARQ process of a UE. A process sends at most
// once a slot, and again only after an answer, so that slots which overtake each
// other on the way to different groups do not meet here.
func HARQKey(cell sfaas.Key, rnti uint16, process int) sfaas.Key {
	return UEKey(cell, rnti).Child(sfaas.KindProcess, uint64(process))
}
