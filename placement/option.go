// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"context"
	"time"

	"github.com/neuroran/neuroran/sfaas"
)

// DeployOption adjusts a deployment at one node: what of it is this process's own.
type DeployOption interface{ apply(o *deployOptions) }

type deployOptions struct {
	runtime []sfaas.Option
	outputs []func(d *Deployment) sfaas.Option
	onEvent func(Event)
	onMode  func(u sfaas.Unit, kind string)
	warm    func(ctx context.Context, rt *sfaas.Runtime, keys []sfaas.Key) error
	budget  budgetSink
}

type deployOption func(o *deployOptions)

func (f deployOption) apply(o *deployOptions) { f(o) }

// WithOutput names what receives the messages of a sink at this node, as
// [sfaas.WithOutput] does, of owners in office alone: what a unit's old owner still makes
// after another one has claimed the unit is refused and counted, see [Deployment.Refused].
//
// A sink is where its part is: within the unit that feeds it, at the owner of that; behind a
// cut, at who receives, see [Deployment.Receive].
func WithOutput[T any](o sfaas.Output[T], f func(h sfaas.Header, in *T)) DeployOption {
	return deployOption(func(x *deployOptions) {
		x.outputs = append(x.outputs, func(d *Deployment) sfaas.Option {
			if f == nil {
				return sfaas.WithOutput(o, f) // which says so
			}
			return sfaas.WithOutput(o, func(h sfaas.Header, in *T) {
				if d.publishes(&h) {
					f(h, in)
					d.servedSlot(&h)
				}
			})
		})
	})
}

// WithRuntime gives the runtime of the deployment at this node further options, such as
// [sfaas.WithThreads]. Its number, its life and its default owners are the node's.
func WithRuntime(opts ...sfaas.Option) DeployOption {
	return deployOption(func(x *deployOptions) { x.runtime = append(x.runtime, opts...) })
}

// WithWarm names what is run once, before the first unit comes to this node or is stood by
// for: it pushes under keys that nothing else uses, and the runtime owns, what makes tables,
// buffers and memory that are made on first use. Nobody sees what comes out. Without it the
// first slots after a takeover take several times as long as others. It may take its time: units
// come when it is done, and ctx ends with the deployment. If it returns an error no unit comes,
// and it is run again for the next one.
func WithWarm(f func(ctx context.Context, rt *sfaas.Runtime, keys []sfaas.Key) error) DeployOption {
	return deployOption(func(x *deployOptions) { x.warm = f })
}

// WithBudget names what is told how much a unit may work in each of its slots, so that it
// and all others that share processors with it keep their deadlines: a scheduler, which then
// grants no more. The units are those of the part to which a function belongs, by the
// function's name; they count as work that adapts itself, and what is left beside work that does not is
// divided equally among those of a node.
//
// F is called at the node that owns such a unit: when it has come there, and whenever other
// work comes to that node, changes, or leaves. It gets a handle of what the app has under the
// unit's key, into which it pushes the setting. An error is logged, and f is called again. Calls
// do not overlap. Without a deadline in [SLA] it is never called.
func WithBudget(function string, f func(u *Unit, perSlot time.Duration) error) DeployOption {
	return deployOption(func(x *deployOptions) { x.budget = budgetSink{function: function, tell: f} })
}

// WithEvents names what is told of failures and of what was done about them, one call at a
// time, in order. Nothing waits for it but [Node.Leave].
func WithEvents(f func(Event)) DeployOption {
	return deployOption(func(x *deployOptions) { x.onEvent = f })
}

// WithMode names what is told in which of its modes a unit works that this node owns, see
// [Spec].Modes: with an accelerator of a kind, or "" for processors alone, which holds until
// something else is said. It is told when the unit has come, and when the node finds that
// another mode takes less; the lease covers that mode from then on.
func WithMode(f func(u sfaas.Unit, kind string)) DeployOption {
	return deployOption(func(x *deployOptions) { x.onMode = f })
}
