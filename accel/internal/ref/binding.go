// SPDX-License-Identifier: Apache-2.0

package ref

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/neuroran/neuroran/accel/backend"
	"github.com/neuroran/neuroran/accel/onnx"
	"github.com/neuroran/neuroran/tensor"
)

// Binding is a plan over fixed memory. It implements [backend.Binding].
type Binding struct {
	session *Session
	in, out []backend.Buffer
	runs    []func()
	fault   *fault
	planned bool
}

// fault is what a kernel reports when it meets data that the operator forbids.
// It belongs to a plan.
type fault struct {
	err error
}

// errMoved says that a value on which lengths depend is not what it was when the
// plan was made.
var errMoved = errors.New("ref: plan is out of date")

// maxPlans bounds how often one Run plans: once for the data it finds is enough
// unless somebody changes the inputs meanwhile.
const maxPlans = 3

// Bind implements [backend.Session].
//
// Where lengths depend on the elements of inputs, the plan is made for those that
// the buffers hold now, and Run makes another when they have changed. If no plan
// can be made for what they hold now, since they are yet to be filled, the first
// Run makes it.
func (s *Session) Bind(in, out []backend.Buffer) (backend.Binding, error) {
	b := &Binding{session: s, in: in, out: out}
	depends, err := b.plan()
	if err != nil && (!depends || errors.As(err, new(*onnx.OpError))) {
		return nil, err
	}
	return b, nil
}

// plan makes the closures for the data that the inputs hold now. It reports
// whether the plan depends on that data.
func (b *Binding) plan() (depends bool, err error) {
	p := b.session.newPlan(context.Background(), false)
	if err := p.resolve(b.in); err != nil {
		return len(p.guards) > 0, err
	}
	for i, v := range b.session.model.Graph.Outputs {
		o := p.scope.find(v.Name)
		if !slices.Equal(o.dims, b.out[i].Dims) || o.typ != b.out[i].Type {
			return len(p.guards) > 0, &tensor.ShapeError{Op: fmt.Sprintf("accel: ref: bind: port %q", v.Name), Want: o.dims, Got: b.out[i].Dims}
		}
	}
	if b.runs, err = p.finish(b.out); err != nil {
		return len(p.guards) > 0, err
	}
	b.fault, b.planned = p.fault, true
	return len(p.guards) > 0, nil
}

// Run implements [backend.Binding]. It returns an [*onnx.NodeError] when a node
// meets data that its operator forbids, such as an index out of range. It
// allocates only when it must plan anew; see [Session.Bind].
func (b *Binding) Run() error {
	for range maxPlans {
		if !b.planned {
			if _, err := b.plan(); err != nil {
				return err
			}
		}
		err := b.pass()
		if err != errMoved {
			return err
		}
		b.planned = false
	}
	return errMoved
}

// pass calls the closures in order.
func (b *Binding) pass() error {
	for _, run := range b.runs {
		run()
		if err := b.fault.err; err != nil {
			b.fault.err = nil
			return err
		}
	}
	return nil
}

// Close implements [backend.Binding].
func (b *Binding) Close() error {
	b.runs, b.planned = nil, false
	return nil
}
