// SPDX-License-Identifier: Apache-2.0

package core

import (
	"github.com/neuroran/neuroran/sfaas/internal/base"
	"github.com/neuroran/neuroran/sfaas/internal/plan"
)

// What a core hears from a runtime of another process is what it would hear from one
// of its own, as values that nobody else has: a [Move] or a [Resignation] is known by
// its name, and an image is [Packed]. Whoever reads bytes says the rest in terms of
// this core's graph, and asks [Signal.Foreign] before a core hears of it.

// Packed is an image in bytes. Open makes it one in terms of a core's graph, on the
// goroutine that steps the core; an image of another unit is refused. It is opened
// once at most.
type Packed interface {
	// Open returns the image, or an error that says what of it cannot be.
	Open(k *Core, id plan.UnitID) (*Image, error)
}

// Carries says which parts of a signal its kind needs.
type Carries struct {
	Route  bool // Route
	Move   bool // Move
	Image  bool // Image or Packed
	Resign bool // Resign
}

// foreign says, for each kind that passes between runtimes, what it carries.
//
// The table is the whole of what one process may make another one do. A kind that is not
// in it stays within a runtime, and is refused when it arrives.
var foreign = [...]struct {
	ok bool
	Carries
}{
	signalImage:     {true, Carries{Move: true, Image: true}},
	signalOutcome:   {true, Carries{Move: true}},
	signalRoute:     {true, Carries{Route: true}},
	signalFence:     {true, Carries{Move: true}},
	signalFenced:    {true, Carries{Move: true}},
	signalFeed:      {true, Carries{Move: true}},
	signalUnfeed:    {true, Carries{Move: true}},
	signalReached:   {true, Carries{Move: true}},
	signalAsk:       {true, Carries{Route: true}},
	signalMarks:     {true, Carries{Route: true}},
	signalForget:    {true, Carries{Route: true}},
	signalHeir:      {true, Carries{Resign: true}},
	signalInherited: {true, Carries{Resign: true}},
	signalRest:      {true, Carries{Resign: true}},
	signalInquire:   {true, Carries{Move: true}},
}

// Foreign returns what signals of a kind carry between runtimes, and false for a
// kind that stays within one.
func (k SignalKind) Foreign() (Carries, bool) {
	if int(k) >= len(foreign) {
		return Carries{}, false
	}
	return foreign[k].Carries, foreign[k].ok
}

// Foreign returns an error for a signal that a runtime does not send to this one: what
// a core may do with one of its kind is there, and nothing else, and it concerns the two.
func (s *Signal) Foreign(self base.NodeID) error {
	c, ok := s.Kind.Foreign()
	from, to := base.NodeID(0), base.NodeID(0) // as the move, or the attempt, says
	switch {
	case c.Move && s.Move != nil:
		from, to = s.Move.From, s.Move.To
	case c.Resign && s.Resign != nil:
		from, to = s.Resign.From, s.Resign.Owner
		// Beyond form: an answer to a move must concern a move of ours and come from where it
		// goes; an image must be for us. A peer with a bug, or a forged frame, moves nothing.
	}
	switch s.Kind {
	case signalOutcome, signalReached, signalInherited: // an answer
		ok = ok && from == self && to == s.From.Node
	case signalFenced:
		ok = ok && from == self
	case signalImage, signalHeir, signalInquire:
		ok = ok && from == s.From.Node && to == self
	case signalFence, signalFeed, signalUnfeed:
		ok = ok && from == s.From.Node
	}
	switch {
	case !ok:
	case c.Route != (s.Route.Unit.Part != ""), c.Move != (s.Move != nil), c.Image != (s.Packed != nil), c.Resign != (s.Resign != nil):
	case c.Move && s.Move.Mode > base.Fed:
	default:
		return nil
	}
	return base.ErrInvalid
}
