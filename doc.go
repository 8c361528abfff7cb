// SPDX-License-Identifier: Apache-2.0

// Package neuroran composes 5G radio receivers, and whatever else a RAN
// computes, from typed stateful functions whose body is Go or a neural network,
// and runs them slot by slot inside a Go program.
//
// # Three calls
//
// A receiver needs three calls: open a recording, compose the chain, play one through
// the other. sigmf.Open reads a recording of your own; sigmf.Sample is one that is part
// of the library:
//
//	rec := sigmf.Sample()
//	chain, err := uplink.New(uplink.Config{Config: block.Config{Carrier: rec.Carrier, NumRx: rec.NumChannels}})
//	report, err := chain.Play(ctx, rec, uplink.PlayConfig{})
//
// Then report.Transmissions says of every grant what became of it. The example of this
// package is that program, with one step of the chain replaced by another.
//
// # Packages
//
// The root package holds no code. Lower floors come first, and a package imports lower
// floors only, so each can be used without those that follow.
//
// Tensors and files of them:
//
//   - tensor: dense tensors with named axes over Arrow memory
//   - tensor/ipc: messages made of tensors as rows of Arrow files
//
// The runtime, which knows no radio:
//
//   - sfaas: stateful functions, graphs, keys, cells, guarantees, deadlines, moves
//   - sfaas/sim: the same functions in a seeded simulator; sfaas/sim/cmd runs its world
//   - sfaas/tape: what travels on an edge, recorded and played back
//   - sfaas/peer: connections between runtimes of several processes
//   - sfaas/store: commits kept on disk, a module of its own
//   - sfaas/neural: networks as functions whose weights are state
//
// Devices, which know neither:
//
//   - accel: ONNX models on devices, and a reference in pure Go
//   - accel/onnx: models read, written, checked and built
//   - accel/neural: networks in service: opened, run, replaced while they run
//   - accel/backend: the seam for further devices; accel/acceltest is what each must pass
//   - accel/ortlib: a command that installs ONNX Runtime
//
// The physical layer, a plain library of signal processing, in the order of the signal:
//
//   - phy/nr: numerology, grants, tables, and the messages between blocks
//   - phy/crc, phy/scramble, phy/noise, phy/dmrs: what all blocks share
//   - phy/sigmf, phy/resample: recordings, and samples at any rate
//   - phy/channel: tapped delay lines with Doppler, and noise
//   - phy/ofdm: samples to resource grids and back
//   - phy/sync, phy/chest, phy/dtx, phy/track: delay and carrier offset, channel and
//     noise, whether anybody transmits, and what the last slots say of the next
//   - phy/equalizer, phy/modem: layers apart, and symbols to soft bits
//   - phy/ratematch, phy/ldpc, phy/sch: rate matching, the code, and both as the coding
//     of a shared channel with the soft bits of HARQ
//   - phy/pusch: all of it as a transmitter and a receiver
//   - phy/capture: recordings of others, whose start is not known
//   - phy/diagnose: why a recording does not decode
//   - phy/link: block error rates with intervals
//   - mac: who transmits where and how in each slot, a plain library too; mac/coord: links
//     adapted by where UEs are
//   - phy/neural: neural twins of blocks; phy/neural/train is the command that trains one
//   - phy/chest/chesttest, phy/equalizer/equalizertest, phy/modem/modemtest,
//     phy/sync/synctest, phy/dmrs/dmrstest: what an implementation of your own must pass
//
// Where functions run, which knows no radio either:
//
//   - placement/resource: what a node has, and leases of it;
//     placement/resource/resourcetest: what a driver of your own must pass
//   - placement/isolate: processes with a lease, apart from all else; a module of its own
//   - placement/nvml: NVIDIA GPUs and their energy; a module of its own
//   - placement/admission: whether slot work fits on a set of workers, by response time
//   - placement/meter: what units have used, limits, shares of tenants, SLAs
//   - placement: units on the nodes that have room, moved, and taken over when a node is lost;
//     placement/gossip finds and misses nodes by SWIM, a module of its own
//   - placement/plan: where units should be: what places cost, plans that save energy, and a
//     shield in front of them
//   - placement/sim: instances of placement problems; placement/sim/cmd generates them
//
// Where radio meets runtime:
//
//   - ran: the folder of what follows
//   - ran/block: the blocks as functions with their state
//   - ran/uplink: the whole chain, each step of which can be replaced, tapped and recorded
//   - ran/gnb: the loop from a scheduler over UEs, channels and receiver back to it
//
// The programs below examples do whole tasks: examples/uplink decodes recordings,
// examples/devices measures a model on every device, examples/extend adds to the chain,
// examples/host receives over UDP, examples/gnb closes the loop with a scheduler,
// examples/durable goes on where it was killed, and examples/edge runs cells on five
// processes that agree where.
// docs/ARCHITECTURE.md follows one slot through the floors.
package neuroran
