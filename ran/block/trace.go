// SPDX-License-Identifier: Apache-2.0

package block

import "github.com/neuroran/neuroran/sfaas"

// Stage numbers the functions of the chain in the order of a slot's way.
type Stage uint8

// The stages of the uplink.
const (
	StageDemodulate Stage = iota
	StageExtract
	StageTrack // only with a tracker
	StageSynchronize
	StageEstimate
	StageEqualize
	StageDemap
	StageRecover
	StageDecode
	StageCheckCRC
	NumStages
)

// stageNames are the names of the functions.
var stageNames = [NumStages]string{
	"phy/demodulate", "phy/extract", "phy/track", "phy/synchronize", "phy/estimate", "phy/equalize",
	"phy/demap", "phy/recover", "phy/decode", "phy/crc",
}

// String returns the name of the stage's function, such as "phy/estimate".
func (s Stage) String() string {
	if s < NumStages {
		return stageNames[s]
	}
	return "none"
}

// Trace travels with a slot's work and notes when each function began it. The
// differences are the latencies of the functions in this slot.
type Trace struct {
	Began [NumStages]sfaas.Time // start of each function's invocation; 0 where it did not run
	Late  uint16                // bit s: stage s began after the slot's due time
	Due   sfaas.Time            // due time of the slot
}

// Mark continues the trace from in an invocation of stage s. Functions that
// replace a stage of the chain call it first.
func (t *Trace) Mark(c *sfaas.Ctx, s Stage, from *Trace) {
	*t = *from
	t.begin(c, s)
}

func (t *Trace) begin(c *sfaas.Ctx, s Stage) {
	t.Began[s] = c.Now()
	if c.Now() > t.Due {
		t.Late |= 1 << s
	}
}

// Restart forgets the moments of another run, as of a message that was recorded: none
// of its stages has begun, and nothing is due.
func (t *Trace) Restart() { *t = Trace{Due: sfaas.Never} }

// Start begins a trace in the first function of a chain.
func (t *Trace) Start(c *sfaas.Ctx, s Stage) {
	*t = Trace{Due: c.Header().Due}
	t.begin(c, s)
}
