// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"errors"

	"github.com/neuroran/neuroran/sfaas"
)

// Deploy lets this node run an app: from now on units of it may come here, and handles of
// them may be had. Every node that shall run the app deploys it, under the same Spec.
//
// It returns an error that names the field of the Spec that cannot be, and what the runtime
// or the network has against it. The deployment ends with [Node.Leave].
func (n *Node) Deploy(app *sfaas.App, spec Spec, opts ...DeployOption) (*Deployment, error) {
	d, err := newDeployment(n, n.site(), app, spec, opts...)
	if err != nil {
		return nil, err
	}
	if err := n.register(d); err != nil {
		return nil, errors.Join(err, d.close(n.ctx))
	}
	return d, nil
}
