// SPDX-License-Identifier: Apache-2.0

package block

import (
	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/phy/sch"
	"github.com/neuroran/neuroran/tensor"
)

// Grid is one slot of resource elements of the carrier.
type Grid struct {
	Trace
	nr.Grid
}

// PDU is what one PRB group sent in one slot, cut out of the grid. [Pilots] and
// [Data] go different ways until the equalizer.
type PDU struct {
	Pilots Pilots // resource elements of the symbols with DM-RS
	Data   Data   // all resource elements of the allocation
}

// Pilots are the DM-RS symbols of a PRB group.
type Pilots struct {
	Trace
	nr.Pilots
}

// Data are the symbols of a PRB group's allocation, with the parameters that
// stateless functions on their way need.
type Data struct {
	Codes [nr.MaxUEs]sch.Code // what each UE of the group sent
	nr.Data
}

// Aligned are the pilots of a PRB group with the measured offsets of its UEs.
type Aligned struct {
	Trace
	nr.Pilots
	Offsets nr.Offsets // delay and carrier offset of each UE, still in the pilots
}

// Channel is the channel of a PRB group.
type Channel struct {
	Trace
	nr.Channel
}

// Symbols are the equalized symbols of one UE.
type Symbols struct {
	Trace
	Code sch.Code // what the UE sent
	nr.Symbols
}

// LLRs are the soft bits of one transmission as the demapper writes them.
type LLRs struct {
	Trace
	Code sch.Code // what the UE sent
	nr.LLRs
}

// SoftBits are the soft bits of one transmission, descrambled, deinterleaved
// and at their places in the circular buffers of the code blocks.
type SoftBits struct {
	Trace
	Slot    nr.Slot        // slot number
	Quality nr.Quality     // measurements so far
	Code    sch.Code       // what the UE sent
	Soft    sch.SoftBuffer // of this transmission alone
}

// Bits are the decided bits of one transport block, with its CRC.
type Bits struct {
	Trace
	Slot    nr.Slot              // slot number
	Quality nr.Quality           // measurements so far
	Code    sch.Code             // what the UE sent
	Blocks  sch.BlockResult      // how the code blocks were decoded
	Packed  tensor.Tensor[uint8] `tensor:"byte"` // transport block and CRC, first bit most significant
}

// TransportBlock is the outcome of one transmission.
type TransportBlock struct {
	Trace
	nr.TransportBlock
}
