// SPDX-License-Identifier: Apache-2.0

package core

import (
	"fmt"

	"github.com/neuroran/neuroran/sfaas/internal/base"
	"github.com/neuroran/neuroran/sfaas/internal/plan"
)

// AppendCell appends the content of a cell of an instance as it leaves memory, in a
// commit or an image: encoded, and sealed if its class is [base.Sealed].
func AppendCell(dst []byte, sealer Sealer, at base.Address, s plan.CellStore, now base.Time) []byte {
	n, d := len(dst), s.Head().Decl
	dst = s.Encode(dst, now)
	if d.Class != base.Sealed {
		return dst
	}
	sealed := sealer.Seal(nil, dst[n:], cellLabel(at, d.Name))
	clear(dst[n:])
	return append(dst[:n], sealed...)
}

// ReadCell is the inverse of AppendCell, for content of a version of the cell.
func ReadCell(src []byte, sealer Sealer, at base.Address, s plan.CellStore, version int, when plan.Moments) error {
	d := s.Head().Decl
	if d.Class == base.Sealed {
		plain, err := sealer.Open(nil, src, cellLabel(at, d.Name))
		if err != nil {
			return fmt.Errorf("cell %s: %w", d.Name, err)
		}
		src = plain
	}
	return s.Decode(src, version, when)
}

// cellLabel ties sealed content to its cell.
func cellLabel(at base.Address, cell string) []byte {
	b := base.AppendString(nil, at.Function)
	b = at.Key.AppendBinary(b)
	return base.AppendString(b, cell)
}
