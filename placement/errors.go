// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"errors"
	"fmt"
	"strings"

	"github.com/neuroran/neuroran/sfaas"
)

// ErrLeft is returned by calls on a node that has left its zone.
var ErrLeft = errors.New("placement: the node has left")

// UnplacedError says why no node takes a unit, with its standbys: what each of them lacks.
type UnplacedError struct {
	Deployment string     // name of the deployment
	Unit       sfaas.Unit // what should be somewhere
	Refusals   []Refusal  // one per node that is known
}

// Refusal is why one node does not take a unit: the line of its demand that is not met.
type Refusal struct {
	Node sfaas.NodeID // who refuses
	Line string       // such as "memory", "deadline", "deployment" or "standbys"
	Got  string       // what there is
	Want string       // what is asked for
}

// String returns a form such as "node 3: memory: 1 GiB, want 2 GiB".
func (r Refusal) String() string {
	return fmt.Sprintf("node %d: %s: got %s, want %s", r.Node, r.Line, r.Got, r.Want)
}

// Error names the unit, and each node with its line.
func (e *UnplacedError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "placement: %s: unit %v: no node takes it", e.Deployment, e.Unit)
	sep := ": "
	for _, r := range e.Refusals {
		b.WriteString(sep + r.String())
		sep = "; "
	}
	return b.String()
}
