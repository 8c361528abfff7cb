// SPDX-License-Identifier: Apache-2.0

package channel_test

import (
	"fmt"

	"github.com/neuroran/neuroran/phy/channel"
)

func ExampleProfile_RMSDelaySpread() {
	for _, name := range []string{"TDLA30", "TDLB100", "TDLC300"} {
		p, err := channel.ProfileByName(name)
		if err != nil {
			panic(err)
		}
		fmt.Printf("%s: %d taps, %.0f ns\n", p.Name, len(p.Taps), p.RMSDelaySpread()*1e9)
	}
	// Output:
	// TDLA30: 12 taps, 30 ns
	// TDLB100: 12 taps, 100 ns
	// TDLC300: 12 taps, 300 ns
}
