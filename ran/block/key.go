// SPDX-License-Identifier: Apache-2.0

package block

import (
	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/sfaas"
)

// CellKey returns the key of samples, grids and schedules of a cell.
func CellKey(c *nr.Carrier) sfaas.Key { return sfaas.Cell(uint64(c.CellID)) }

// GroupKey returns the key of the rank-th PRB group of a cell's slot. Groups
// have no state: their keys only spread the work and bring inputs together.
func GroupKey(cell sfaas.Key, rank int) sfaas.Key { return cell.Group(uint64(rank)) }

// UEKey returns the key of everything that belongs to one UE of a cell.
func UEKey(cell sfaas.Key, rnti uint16) sfaas.Key { return cell.UE(uint64(rnti)) }
