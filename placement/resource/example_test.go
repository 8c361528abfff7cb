// SPDX-License-Identifier: Apache-2.0

package resource_test

import (
	"fmt"
	"time"

	"github.com/neuroran/neuroran/placement/resource"
	"github.com/neuroran/neuroran/sfaas"
)

// Two cells ask for a node of two cores and one GPU: the second does not fit.
func Example() {
	table, err := resource.NewTable(resource.Inventory{
		CPUs: make([]resource.CPU, 2), Memory: 4 << 30,
		Accelerators: []resource.Accelerator{{ID: "GPU-0", Kind: "gpu", Memory: 16 << 30}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	need := resource.Need{
		CPU: 1200, Memory: 64 << 20,
		Accelerators: []resource.AcceleratorNeed{{Kind: "gpu", Share: 300}},
	}
	for cell := range uint64(2) {
		owner := resource.Owner{App: "uplink", Unit: sfaas.Unit{Part: "demodulate", Root: sfaas.NewKey(sfaas.KindCell, cell)}}
		lease, err := table.Grant(0, resource.Request{Need: need, Owner: owner, Epoch: 1, TTL: time.Second})
		if err != nil {
			fmt.Println(err)
			continue
		}
		fmt.Println(lease)
	}
	expired := table.Expire(sfaas.Time(2*time.Second), nil)
	var free resource.Need
	table.Free(&free)
	fmt.Printf("%d expired, free: %v\n", len(expired), free)
	// Output:
	// lease 0.1 (reserved): uplink demodulate/cell0: cpu 1.2, memory 64 MiB, gpu 0.3
	// resource: cpu: want 1.2, free 0.8 of 2
	// 1 expired, free: cpu 2, memory 4 GiB, gpu 1 with 16 GiB
}
