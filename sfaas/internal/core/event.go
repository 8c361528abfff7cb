// SPDX-License-Identifier: Apache-2.0

package core

import (
	"github.com/neuroran/neuroran/sfaas/internal/base"
)

// EventKind says what happened.
type EventKind uint8

// The events of a [Core].
const (
	EventRun       EventKind = iota // time to run the next ready invocation
	EventPush                       // a source pushed Msg
	EventMessage                    // Msg arrived on Edge for Key
	EventTimer                      // the clock reached the moment of an EffectWake
	EventCommitted                  // Batch is done, with Err
	EventFault                      // the running handler is given up, with Err
	EventTask                       // Task of a parallel function is to be run here
	EventTaskDone                   // Task was run elsewhere
	EventAck                        // the consumer of the message of Stamp has committed
	EventSignal                     // Signal arrived, about a unit
	EventPeer                       // runtime From.Node is linked, in its life Life, or with Err, is gone
	EventPublish                    // publish the counters
)

// Event is one input of [Core.Step]. Only the fields of its kind matter.
//
// An event carries what a core cannot know: the clock, what has arrived and from where,
// and how something that it asked for has ended. It owns what it carries: the step gives
// a message back, or keeps it.
type Event struct {
	Kind   EventKind   // what happened
	Edge   base.EdgeID // edge of Msg
	Host   bool        // Msg is a call of host code
	Waits  bool        // with EventAck: the message waits at its consumer, and is not done
	Epoch  uint32      // of the unit, as the runtime that sent Msg knows it
	Offer  uint32      // of Batch: the one that is answered
	Life   uint32      // of EventPeer: the incarnation that is linked
	From   Endpoint    // core that sent Msg
	Now    base.Time   // the shell's clock
	Msg    *Message    // the event owns one hold on it
	Key    base.Key    // key of the consumer
	Batch  *Batch      // batch of EventCommitted
	Task   *Task       // task of EventTask and EventTaskDone
	Stamp  *Stamp      // of Msg, if its sender keeps it
	Signal *Signal     // of EventSignal
	Err    error       // outcome of a commit or move, cause of a fault; of EventPeer: [base.ErrClosed] for a life that is over
}

// Endpoint names one core of one runtime.
//
// A key group falls to core group mod cores, so that two runtimes with different numbers
// of cores disagree about the core and agree about everything else.
type Endpoint struct {
	Node base.NodeID // runtime
	Core int         // index of the core in it
}
