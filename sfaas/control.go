// SPDX-License-Identifier: Apache-2.0

package sfaas

import (
	"reflect"

	"github.com/neuroran/neuroran/sfaas/internal/plan"
)

// Controller is a port of a function that takes control messages.
type Controller[C any] struct{ p *plan.Port }

// OnControl declares a port for control messages that hold for one slot, such
// as scheduling grants. The key of a control message is that of the instance.
//
// On one key, every control message for slots up to n is applied before the
// data of slot n, in the order of slots. Data whose slot has no control message
// on each of these ports waits for it, for FunctionConfig.Window slots and at most
// until its due time in [RealTime]; then it is dropped and counted. It never
// runs under an older one.
//
// OnControl belongs to the definition of f: call it before the graph is built.
func OnControl[C any](f Function, h func(c *Ctx, in *C) error) Controller[C] {
	return newController(f, plan.PortGrant, "control", h)
}

// OnSetting declares a port for control messages that hold from their slot
// until the next one, such as keys or thresholds. They are applied in order as
// those of [OnControl] are, but data does not wait for them. One for a slot whose
// data has run already is applied in its turn: so a function may hear, through a
// stream that leads back to it, what came of a slot before it gets the next.
func OnSetting[C any](f Function, h func(c *Ctx, in *C) error) Controller[C] {
	return newController(f, plan.PortSetting, "setting", h)
}

// newController returns a port for control messages, or none if there is no function.
func newController[C any](f Function, kind plan.PortKind, word string, h func(c *Ctx, in *C) error) Controller[C] {
	if f == nil || f.function() == nil {
		return Controller[C]{}
	}
	return Controller[C]{newPort(f.function(), kind, word, h)}
}

func newPort[C any](f *plan.Function, kind plan.PortKind, word string, h func(c *Ctx, in *C) error) *plan.Port {
	t := reflect.TypeFor[C]()
	p := &plan.Port{
		Name: word + "(" + t.String() + ")", Kind: kind, Type: t, Fn: f,
		Make: func() any { return new(C) },
	}
	if h != nil { // else Build says so
		p.Run = func(x any) error {
			c := ctxOf(x)
			return h(c, c.in(0).(*C))
		}
	}
	f.Ports = append(f.Ports, p)
	return p
}
