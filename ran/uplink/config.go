// SPDX-License-Identifier: Apache-2.0

package uplink

import (
	"fmt"
	"slices"

	"github.com/neuroran/neuroran/mac"
	"github.com/neuroran/neuroran/phy/neural"
	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/phy/pusch"
	"github.com/neuroran/neuroran/phy/track"
	"github.com/neuroran/neuroran/ran/block"
	"github.com/neuroran/neuroran/sfaas"
)

// Config says what a receiver is made of. It is a plain value. Beside the carrier and
// the antennas in [block.Config], which are required, everything has a default.
type Config struct {
	block.Config

	// Receiver names the algorithms of all steps that are not replaced one by one:
	//
	//   - "ls": least squares, linear interpolation, LMMSE equalizer, max-log
	//   - "lmmse", or "": LMMSE estimation in frequency and time, LMMSE equalizer, max-log
	//   - "neural": as "lmmse" with the neural demapper of phy/neural
	Receiver string

	// Tracking follows delay, carrier offset, Doppler frequency and power delay
	// profile of each UE over slots, and tells synchronization and estimation before
	// a slot what to expect in it. It helps where a slot says little by itself: few
	// PRBs, low SNR. [track.DefaultConfig] is a good choice; the zero value stands for
	// no tracking.
	Tracking track.Config

	// Networks chooses devices, session options and networks of the neural demapper.
	// Without devices it runs on "ref".
	Networks neural.Config

	// Cuts names edges where a network may lie: what is on the two sides has owners of its
	// own, on different nodes perhaps. [EdgeLLRs] divides the chain between demapper and
	// decoder; [EdgeBlocks] lets transport blocks come out where whoever wants
	// them is. Others are not worth it: a grid or channel is larger, and takes longer to send
	// than to make.
	Cuts []Edge

	// Replay names an edge into which a recording is played, see [PlayConfig].Replay,
	// in the place of what the receiver's functions make. All before it have nothing to
	// do, unless what is replayed is joined with others: grants, pilots, data, the channel
	// and what lies between. Replayed grants take the place of those of the radio's
	// recording. "" stands for none.
	Replay Edge

	// Scheduler, if its carrier is set, puts a scheduler in the place of the source of
	// grants: [Edges].Ticks then takes the beginning of each slot, and the schedule of the
	// slot k₂ later goes to the receiver.
	Scheduler mac.Config

	// FeedbackByHost, with a scheduler, lets the host say what became of grants: one whose
	// receptions are modelled, while the receiver works for the sake of the work. Otherwise the
	// receiver itself tells the scheduler, one message for each cell and slot.
	FeedbackByHost bool

	// Steps are functions that stand in the place of the receiver's own. Those that are
	// not defined are the receiver's.
	Steps Steps
}

// Steps are the functions of a receiver in the order of a slot's way. Each may be
// replaced by any function of the same ports. One that takes the place of a stage
// calls [block.Trace.Mark] first, so that its start is in the report.
type Steps struct {
	Demodulate  sfaas.Fn[nr.Baseband, block.Grid]                              // samples to grid
	Extract     block.Extractor                                                // grid to PDUs
	Synchronize sfaas.Fn[block.Pilots, block.Aligned]                          // measures delay and carrier offset
	Estimate    sfaas.Fn[block.Aligned, block.Channel]                         // pilots to channel
	Equalize    sfaas.Fn[sfaas.Pair[block.Data, block.Channel], block.Symbols] // emits the symbols of each UE under its [block.HARQKey]
	Demap       block.Demapper                                                 // symbols to soft bits
	Recover     sfaas.Fn[block.LLRs, block.SoftBits]                           // takes scrambling and rate matching back
	Decode      block.Decoder                                                  // soft bits to bits
	CheckCRC    sfaas.Fn[block.Bits, block.TransportBlock]                     // bits to transport block
}

// Validate reports what cannot be, as the errors of [block.Config.Validate] and
// [track.Config.Validate], and as a [*nr.FieldError] for another receiver.
func (c *Config) Validate() error {
	if err := c.Config.Validate(); err != nil {
		return err
	}
	if c.tracks() {
		if err := c.Tracking.Validate(); err != nil {
			return err
		}
	}
	if c.schedules() && c.Scheduler.Carrier.Form() != c.Carrier.Form() {
		return &nr.FieldError{Field: "scheduler.carrier", Got: c.Scheduler.Carrier, Want: "the form of the receiver's"}
	}
	if c.Replay != "" && !slices.Contains(AllEdges(), c.Replay) {
		return c.Replay.unknown(AllEdges())
	}
	for _, x := range c.Cuts {
		if x != EdgeLLRs && x != EdgeBlocks {
			return &nr.FieldError{Field: "cuts", Got: string(x), Want: fmt.Sprintf("%s or %s", EdgeLLRs, EdgeBlocks)}
		}
	}
	if c.Replay == EdgeGrants && c.schedules() {
		return &nr.FieldError{Field: "replay", Got: "grants, and a scheduler of the chain's own", Want: "one of both"}
	}
	_, _, err := c.algorithms()
	return err
}

// schedules reports whether the chain has a scheduler of its own.
func (c *Config) schedules() bool { return c.Scheduler.Carrier != nr.Carrier{} }

// tracks reports whether the receiver follows UEs over slots.
func (c *Config) tracks() bool { return c.Tracking != track.Config{} }

// algorithms returns the model-driven algorithms of the receiver and their name.
func (c *Config) algorithms() (string, pusch.Algorithms, error) {
	name := c.Receiver
	if name == "" || name == "neural" {
		name = "lmmse"
	}
	a, err := pusch.AlgorithmsOf(name)
	if err != nil {
		err = &nr.FieldError{Field: "receiver", Got: c.Receiver, Want: "ls, lmmse or neural"}
	}
	return name, a, err
}
