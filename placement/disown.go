// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"time"

	"github.com/neuroran/neuroran/placement/internal/agent"
	"github.com/neuroran/neuroran/sfaas"
)

// Who comes back in another life may be taken for the owner of what its earlier life had: by
// those who have heard of that and not of the end of that life, since they were not there. They
// would wait for it for ever, and refuse what it comes to own under an older epoch. It alone
// knows better. So when nobody has claimed such a unit for a while it says that nobody has it,
// under an epoch that all believe: nobody has asked for that, so wishes stand, and have the
// unit placed again. What it receives at its sinks it claims anew.

// disownAfter is for how long standbys may claim first, and disownTries how often it is tried:
// a unit that moves at the moment cannot be disowned.
const (
	disownAfter = time.Second
	disownTries = 5
)

// disown takes units out of service that others take this node for the owner of.
func (d *Deployment) disown() {
	for range disownTries {
		if !d.sleep(disownAfter) {
			return
		}
		left := d.rt.Outlived()
		for _, r := range left {
			if err := d.disownOne(r); err != nil {
				d.site.log.Debug("placement: what an earlier life owned is not disowned yet", "unit", r.Unit.String(), "epoch", r.Epoch, "err", err)
			}
		}
		if len(left) == 0 {
			return
		}
	}
}

func (d *Deployment) disownOne(r sfaas.Route) error {
	if d.kept[r.Unit.Part] {
		return nil // its content may come back with its records
	}
	if _, ok := r.Unit.Root.ID(kindWarm); ok {
		return nil // nobody but this node sends to it
	}
	if d.places(r.Unit.Part) {
		return d.rt.Release(r.Unit, agent.RetireEpoch(r.Epoch, true))
	}
	if d.route(r.Unit).Owner == d.ctl.ID() {
		return d.rt.Claim(r.Unit, d.ctl.claimEpoch(r.Epoch))
	}
	return nil
}
