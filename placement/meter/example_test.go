// SPDX-License-Identifier: Apache-2.0

package meter_test

import (
	"errors"
	"fmt"
	"time"

	"github.com/neuroran/neuroran/placement/meter"
	"github.com/neuroran/neuroran/placement/resource"
	"github.com/neuroran/neuroran/sfaas"
)

// Two nodes have had a cell, one after the other. What they tell each other adds up, however
// often it is told.
func Example() {
	cell := sfaas.Unit{Part: "phy/demodulate", Root: sfaas.NewKey(sfaas.KindCell, 7)}
	power := resource.PowerModel{IdleWatts: 45, BusyWatts: 110}
	first, second := meter.NewLedger(1, power, 16), meter.NewLedger(2, power, 16)

	rows := []sfaas.UnitStats{{Unit: cell, Epoch: 1, Node: 1, Life: 1, CPU: 4 * time.Second}} // as Runtime.Units tells
	rows[0].Invocations = 30000
	first.Observe("uplink", nil, rows)
	rows[0] = sfaas.UnitStats{Unit: cell, Epoch: 2, Node: 2, Life: 1, CPU: time.Second}
	rows[0].Invocations = 7000
	second.Observe("uplink", nil, rows)

	told, _ := second.Rows(nil, 0)
	first.Merge(told)
	first.Merge(told)
	total := first.Total(resource.Owner{App: "uplink", Unit: cell})
	fmt.Println(total.Invocations, total.CPU, total.Energy)
	// Output: 37000 5s 20.31 J modelled
}

// A unit that has used up its limit is refused until it has some left.
func ExampleGate() {
	var limits meter.Limits
	limits.PerSecond[meter.Invocations] = 1000
	limits.Burst = 2 * time.Millisecond
	gate, _ := meter.NewGate("cell7", limits, nil)
	for i := range 4 {
		err := gate.Admit(sfaas.Time(i) * sfaas.Time(100*time.Microsecond))
		fmt.Println(err, errors.Is(err, sfaas.ErrBusy))
	}
	// Output:
	// <nil> false
	// <nil> false
	// meter: cell7 is at its limit of 1000 invocations a second false
	// meter: cell7 is at its limit of 1000 invocations a second false
}
