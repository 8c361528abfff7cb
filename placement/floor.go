// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"sync/atomic"

	"github.com/neuroran/neuroran/placement/internal/beat"
)

// floor says whether a node may still speak for the units that others stand by for.
//
// A process that has been stopped for longer than its standbys wait cannot know, when it
// goes on, whether one of them has claimed its units. It finds out in two ways, and until
// then publishes nothing of theirs:
//
//  1. Its beats have not gone out: the thread that sends them notes each turn, and who
//     publishes looks when that was. It costs a reading of the clock, and no message.
//  2. The thread notes the gap when it runs again, and doubts. The deployment then asks the
//     standbys over their connections, behind which every claim of theirs has come, and
//     ends the doubt: see [Deployment.settleDoubt].
//
// Between the look and the call of the program's function lie some nanoseconds in which a
// process may be stopped too. Nothing in that process can help there; a sink in another one
// can, since its gate knows the newer tenure.
type floor struct {
	pulse  *beat.Pulse   // nil without standbys
	doubts atomic.Uint64 // gaps that have begun,
	ended  atomic.Uint64 // and have been settled
}

// held reports whether the node has the floor.
func (f *floor) held() bool {
	return f.pulse == nil || (f.doubts.Load() == f.ended.Load() && f.pulse.Runs())
}
