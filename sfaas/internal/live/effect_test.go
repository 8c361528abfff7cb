// SPDX-License-Identifier: Apache-2.0

package live

import (
	"testing"

	"github.com/neuroran/neuroran/sfaas/internal/core"
)

// TestUnknownEffect hands the shell an effect that it does not know, as one is that is
// added to the core and forgotten here: it does not vanish. It is the fourth fault of
// the structure's review, in production; the simulator has a test of the same name.
func TestUnknownEffect(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("an effect that nobody knows was swallowed")
		}
	}()
	(&worker{effects: []core.Effect{{Kind: 200}}}).carryOut()
}
