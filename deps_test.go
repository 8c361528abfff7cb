// SPDX-License-Identifier: Apache-2.0

package neuroran_test

import (
	"testing"

	"github.com/neuroran/neuroran/internal/lint"
	"github.com/neuroran/neuroran/internal/testvec"
)

// floorRule says which package may import which; see [lint.ParseFloors] for
// the grammar. "a < b" lets b import a and all that a may import. What is not
// said is forbidden, except that a package may import a folder above its own.
// Tests may import anything.
const floorRule = `
	# Floor 0: kernels and test material import nothing of ours.
	NONE < internal/simd/..., internal/testvec, internal/svg, internal/lookup;

	# Floor 1: tensors, what else lies in the memory of Go values, and files of both.
	internal/simd/..., internal/testvec < tensor < internal/tensor/memory < tensor/ipc;

	# Floor 2: the runtime and the devices know no radio, and not each other.
	# Inside, the runtime is a stair: values, Go memory to bytes, the built graph,
	# the machine, bytes of state and messages, the production shell, and the
	# roof. Further shells and transports stand beside live.
	internal/tensor/memory < sfaas/internal/base < sfaas/internal/layout < sfaas/internal/plan < sfaas/internal/core
		< sfaas/internal/state < sfaas/internal/live < sfaas < sfaas/...;
	tensor/ipc < sfaas/tape;
	sfaas < sfaas/sim < sfaas/sim/internal/world < sfaas/sim/cmd;
	sfaas/sim < sfaas/sim/internal/endure < sfaas/sim/cmd;
	tensor < accel/onnx < accel/backend < accel/internal/ortlib
		< accel/internal/ref, accel/internal/ort < accel < accel/...;

	# Floor 3: signal processing, a library without sfaas and accel, on three
	# levels. What all blocks share:
	tensor < phy/nr < phy/crc, phy/scramble, phy/noise < phy/dmrs < phy/dmrs/...;

	# The blocks, none of which imports another:
	phy/dmrs/..., phy/crc, phy/scramble < phy/ofdm, phy/sync/..., phy/chest/..., phy/dtx, phy/equalizer/..., phy/track,
		phy/modem/..., phy/ratematch, phy/ldpc/..., phy/polar, phy/sigmf, phy/resample, phy/channel;

	# The coding that the shared channels have in common; processors, which
	# compose blocks; and the simulation of links:
	phy/ratematch, phy/ldpc/... < phy/sch;
	phy/ofdm, phy/sync/..., phy/chest/..., phy/dtx, phy/equalizer/..., phy/modem/..., phy/track, phy/sch,
		phy/polar, phy/sigmf < phy/pusch, phy/pdsch < phy/link;
	phy/ofdm, phy/sigmf, phy/resample < phy/capture;
	phy/capture, phy/pusch < phy/diagnose;
	phy/channel < phy/link;

	# Functions over accelerator sessions:
	sfaas, accel < sfaas/neural;

	# Floor 4: neural twins of phy blocks, and the MAC.
	phy/link, accel < phy/neural < phy/neural/...;
	phy/link, internal/lookup < mac/...;

	# Floor 5: where functions run. What a node has and lends; whether work fits there, and
	# what was used; where units should be; how agents agree on it; the roof, and the same
	# agents in a simulator.
	sfaas/..., sfaas/neural, accel/... < placement/resource < placement/admission, placement/meter < placement/plan
		< placement/internal/agent < placement/internal/ledger < placement < placement/sim < placement/sim/cmd;
	placement/resource < placement/resource/...;
	sfaas < placement/internal/beat < placement;
	sfaas < placement/internal/wire < placement/meter, placement/internal/agent;
	sfaas < placement/internal/field < placement/resource;

	# Floor 6: the only place where radio meets runtime.
	phy/neural, phy/capture, phy/diagnose, mac/..., placement, sfaas/..., sfaas/tape < ran/block < ran < ran/...;
	ran < ran/uplink < ran/gnb;
	internal/svg < ran/gnb;

	# Floor 7: programs, and what measures, breaks and checks the rest.
	ran/..., ran/gnb, phy/neural/..., placement/sim < examples/..., internal/bench/..., internal/chaos/...,
		internal/oracle/..., internal/lint;
`

func TestImportsRunDown(t *testing.T) {
	floors, err := lint.ParseFloors(floorRule)
	if err != nil {
		t.Fatal(err)
	}
	packages, err := lint.Load(testvec.Root())
	if err != nil {
		t.Fatal(err)
	}
	for _, issue := range floors.Check(packages) {
		t.Error(issue)
	}
	// What a reader sees are folders, not packages: they stand in an order too, so that
	// accel, phy and sfaas stand on nothing that stands on them.
	for _, issue := range lint.Folders(packages) {
		t.Error(issue)
	}
}
