// SPDX-License-Identifier: Apache-2.0

package diagnose_test

import (
	"context"
	"fmt"

	"github.com/neuroran/neuroran/phy/diagnose"
	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/phy/sigmf"
)

// Find out why nothing passes after a wrong position of the first DM-RS.
func Example() {
	rec := sigmf.Sample()
	outcomes := make([]nr.Outcome, len(rec.Transmissions))
	for i := range rec.Transmissions {
		rec.Transmissions[i].Grant.DMRS.TypeAPosition = 3
		outcomes[i] = nr.OutcomeFailed
	}
	seen, err := diagnose.Look(rec, outcomes, diagnose.Config{})
	if err != nil {
		panic(err)
	}
	fmt.Println(seen[0].Text)
	found, err := diagnose.Search(context.Background(), rec, outcomes, diagnose.Config{})
	if err != nil {
		panic(err)
	}
	fmt.Println(found[0].Text, found[0].Changes[0])
	// Output:
	// pilots fit in symbols 11, but not in 3
	// 5 of 5 pass with nr:pusch.dmrs.type_a_position: 2 instead of 3
}
