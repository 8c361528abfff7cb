// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"context"
	"errors"

	"github.com/neuroran/neuroran/sfaas"
)

// Deploy makes this process one that can run the units of an app, as spec says, under the
// name of the spec. Every node on which units of the app may be calls it, with the same spec
// and an app of the same graph; one that only pushes, or receives what comes out, calls it
// too, and lends no resources.
//
//	dep, err := node.Deploy(chain.App, placement.Spec{
//		Unit: sfaas.KindCell, Slot: slot,
//		SLA:  placement.SLA{Deadline: time.Millisecond, Quantile: 0.999, Standbys: 1},
//	}, placement.WithOutput(chain.Out, send))
//
// It returns what [Spec.Validate] and [sfaas.NewRuntime] do, and an error if the node has left or
// has a deployment of that name; and a [*sfaas.DigestError], with both digests, if a member has
// deployed another build of the parts that are placed under it: a new build has a name of its
// own. Where the other one is heard of later, each build has units of its own. The deployment
// ends with the node, in [Node.Leave].
func (n *Node) Deploy(app *sfaas.App, spec Spec, opts ...DeployOption) (*Deployment, error) {
	if !n.meters.knows(spec.Tenant) {
		return nil, &sfaas.OptionError{Option: "placement.Spec.Tenant", Got: spec.Tenant, Want: "one of Config.Tenants"}
	}
	d, err := newDeployment(n, n.site(), app, spec, opts...)
	if err != nil {
		return nil, err
	}
	if err := n.register(d); err != nil {
		return nil, errors.Join(err, d.close(context.Background()))
	}
	return d, nil
}
