// SPDX-License-Identifier: Apache-2.0

package sfaas

import (
	"unsafe"

	"github.com/neuroran/neuroran/sfaas/internal/base"
	"github.com/neuroran/neuroran/sfaas/internal/core"
	"github.com/neuroran/neuroran/sfaas/internal/layout"
	"github.com/neuroran/neuroran/sfaas/internal/plan"
)

// What generic code of this package needs of the rooms below on the path of a
// slot. It is compiled in the package of the program that gives it its types,
// and the compiler inlines a function of a lower room there only if this
// package has inlined it already. These do, each by its one call; so a cell
// costs the same as if there were no rooms.

func (c *Ctx) in(i int) any                         { return c.inv().In(i) }
func (c *Ctx) out() any                             { return c.inv().Out() }
func (c *Ctx) cell(d *plan.CellDecl) plan.CellStore { return c.inv().Cell(d) }
func (c *Ctx) touch(s plan.CellStore)               { c.inv().Touch(s) }
func (c *Ctx) read(n int)                           { c.inv().Read(n) }
func (c *Ctx) wrote(n int)                          { c.inv().Wrote(n) }

func body(m *core.Message) any                         { return m.Body() }
func plain(l *layout.Layout) bool                      { return l.Plain() }
func flat(l *layout.Layout) bool                       { return l.Flat() }
func (c *Ctx) open(s plan.CellStore)                   { c.inv().Open(s) }
func measure(l *layout.Layout, p unsafe.Pointer) int   { return l.Measure(p) }
func staged(d *plan.CellDecl) bool                     { return d.Staged() }
func expiry(h *plan.CellHead, now base.Time) base.Time { return h.Expiry(now) }
