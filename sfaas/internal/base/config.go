// SPDX-License-Identifier: Apache-2.0

package base

import "time"

// FunctionConfig describes one function to the runtime. The zero value is usable.
type FunctionConfig struct {
	// Budget caps one invocation; 0 means no cap of its own. Exceeding it is
	// counted as late. It also bounds sfaas.Ctx.Left.
	Budget time.Duration
	// Cost is what one invocation takes on the virtual clock of a simulator.
	Cost time.Duration
	// Window is for how many slots a half-joined message, or data without its
	// slot's grant, waits for the rest: when the key reaches slot n+Window,
	// what waits from slot n is dropped and counted. 0 means 4. It bounds what is
	// late, not what is early: grants of later slots are kept until data of their
	// slots comes.
	Window int
	// History is how many slots back the content of the function's Volatile
	// cells reaches: feeding it that many slots rebuilds them. It is the
	// default for moves in mode Fed.
	History int
	// Parallel lets invocations of one key run side by side on several
	// workers. Their outputs leave in the order of their inputs. Only
	// functions without cells and ports of control may ask for it.
	Parallel bool
	// Params is what the function was constructed with: scalars, strings,
	// slices and structs of these. Its digest travels with a move.
	Params any
}

// DefaultWindow is what a zero [FunctionConfig.Window] stands for.
const DefaultWindow = 4

// Guarantee says what an edge promises about its messages.
type Guarantee uint8

const (
	// AtMostOnce edges drop and count what is late or overflows.
	AtMostOnce Guarantee = iota
	// AtLeastOnce edges deliver again after a failure or loss; the consumer
	// may see a message twice.
	AtLeastOnce
	// ExactlyOnce edges commit the input's identity, the changed cells and the
	// outputs as one batch. Outputs leave after the commit, repeats are
	// dropped.
	ExactlyOnce
)

// String returns the name of the guarantee.
func (g Guarantee) String() string {
	switch g {
	case AtMostOnce:
		return "at most once"
	case AtLeastOnce:
		return "at least once"
	default:
		return "exactly once"
	}
}

// Drop says what a full edge does.
type Drop uint8

const (
	// DropNone never drops: the edge pushes back to the sources before it. Those of other
	// processes hear of what is on its way to the consumer, not of what waits there: an
	// AtMostOnce message that comes from there and finds no room is dropped and counted.
	DropNone Drop = iota
	// DropOldest makes room by dropping the message that waits longest.
	DropOldest
	// DropNewest drops the message that arrives.
	DropNewest
)

// EdgeConfig describes one edge. The zero value is an inline edge with
// [AtMostOnce]: the consumer runs right after the producer, on its worker.
type EdgeConfig struct {
	Guarantee Guarantee // what the edge promises
	Messages  int       // capacity in messages, 0 for no bound; a capacity makes the edge a queue
	Bytes     int       // capacity in payload bytes, 0 for no bound
	Drop      Drop      // only with AtMostOnce
	// Retries is how often a failed invocation is repeated on an AtLeastOnce
	// or ExactlyOnce edge; 0 means 3 and -1 none.
	Retries int
}

// DefaultRetries is what a zero [EdgeConfig.Retries] stands for.
const DefaultRetries = 3

// Mode says what lateness leads to.
type Mode uint8

const (
	// RealTime skips and counts a stage that would start after its due time.
	RealTime Mode = iota
	// Replay runs every stage; lateness is only reported.
	Replay
)

// Class says what the content of a cell must survive.
type Class uint8

const (
	// Volatile content may be lost when its owner is lost, as a radio
	// impairment would lose it. It changes in place and survives a failed
	// handler as the handler left it.
	Volatile Class = iota
	// Replicated content survives a node. Changes are staged and discarded if
	// the handler fails.
	Replicated
	// Sealed content is as Replicated, and encrypted wherever it is stored or
	// sent.
	Sealed
)

// String returns the lower-case name of the class.
func (c Class) String() string {
	switch c {
	case Volatile:
		return "volatile"
	case Replicated:
		return "replicated"
	default:
		return "sealed"
	}
}
