// SPDX-License-Identifier: Apache-2.0

package core

import "fmt"

// Outstanding tells in words what keeps the core from being [Core.Settled], for
// errors; "" if nothing does.
func (k *Core) Outstanding() string {
	switch {
	case k.Ready() || k.cur.active:
		return fmt.Sprintf("core %v: work is ready", k.self)
	case k.offered > 0:
		return fmt.Sprintf("core %v: %d commits are not answered", k.self, k.offered)
	}
	for _, u := range k.sortedUnits() {
		switch {
		case u.phase == unitLeft || u.phase == unitStopping:
			return fmt.Sprintf("core %v: unit %v is moving (phase %d)", k.self, u.Unit(), u.phase)
		case u.inMove():
			return fmt.Sprintf("core %v: the move of unit %v has not ended", k.self, u.Unit())
		case u.more != nil && u.more.out.first != nil && k.out.underWay() > 0:
			x := u.more.out.first
			return fmt.Sprintf("core %v: %s[%v] of node %d (epoch %d, phase %d) has not acknowledged %+v", k.self, x.edge.Name, x.key, u.owner, u.epoch, u.phase, *x.stamp)
		}
	}
	return ""
}

// Settled reports whether everything that reached the core has been processed,
// committed and acknowledged, and no move is under way: what is left waits for
// something else, a move that feeds both owners for slots to come.
//
// It is what Drain waits for, and differs from Still: settled means that nothing is left
// to do, still that nothing is being done.
func (k *Core) Settled() bool {
	if k.Ready() || k.cur.active || k.offered+len(k.stopping)+k.out.underWay()+k.flushes > 0 {
		return false
	}
	for _, u := range k.inMotion() {
		if u.phase == unitLeft || u.phase == unitStopping || (u.inMove() && u.feeding() == nil) {
			return false
		}
	}
	return true
}
