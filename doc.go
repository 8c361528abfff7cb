// SPDX-License-Identifier: Apache-2.0

// Package neuroran composes 5G radio receivers, and whatever else a RAN
// computes, from typed stateful functions whose body is Go or a neural network,
// and runs them slot by slot inside a Go program.
//
// The root package holds no code. Import the floor that you need; every package
// imports lower floors only:
//
//   - tensor: dense tensors with named axes over Arrow memory; tensor/ipc writes
//     messages made of them as Arrow files
//   - sfaas: stateful functions, graphs, cells, guarantees, deadlines; sfaas/sim
//     runs the same functions in a seeded simulator
//   - accel: ONNX models on devices: ONNX Runtime, or pure Go as the reference
//   - phy: the NR physical layer as a plain DSP library: phy/nr has the tables
//     and the structs, then one package a block (phy/ofdm, phy/sync, phy/chest,
//     phy/equalizer, phy/modem, phy/ratematch, phy/ldpc, phy/crc, …), then
//     phy/pusch, phy/channel and phy/link; phy/sigmf reads recordings, and
//     phy/capture those of others, at any sample rate
//   - phy/neural: neural twins of blocks, with the recipes that train them
//   - ran: the blocks as functions (ran/block) and whole chains (ran/uplink)
//
// The example of this package decodes a recorded slot in thirty lines. The
// programs below examples do whole tasks; docs/ARCHITECTURE.md follows one slot
// through the floors.
package neuroran
