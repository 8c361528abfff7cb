// SPDX-License-Identifier: Apache-2.0

package core

import (
	"fmt"

	"github.com/neuroran/neuroran/sfaas/internal/base"
)

// EffectKind says what a shell has to do.
type EffectKind uint8

// The effects of a [Core].
const (
	EffectSend     EffectKind = iota // deliver Msg on Edge for Key to To as an EventMessage
	EffectCommit                     // hand Batch to the engine; EventCommitted follows
	EffectWake                       // EventTimer at At; replaces an earlier one
	EffectReply                      // Msg, or Err, is the reply to call Call of host code
	EffectNotice                     // Notice is to be logged and reported
	EffectTask                       // run Task on core To
	EffectTaskDone                   // Task is done, return it to To
	EffectAck                        // acknowledge the message of Stamp to To, as an EventAck
	EffectSignal                     // bring Signal to To as an EventSignal; behind what was sent there before
	EffectRoute                      // Signal.Route holds now: for those who watch routes
	EffectMoved                      // what Signal was about is complete, or failed with Err: tell who asked
)

// Effect is one output of [Core.Step]. Pointers are recycled: a shell has
// carried out an effect, or passed its pointers on, before it steps again.
//
// Order is part of the promise. Two sends to one core arrive in their order; a signal
// arrives behind what was sent before it, which is how a move knows that it has seen
// everything; an acknowledgement follows the commit that makes it true.
type Effect struct {
	Kind   EffectKind  // what is to be done
	Edge   base.EdgeID // edge of Msg
	Waits  bool        // with EffectAck: the message waits at its consumer, and is not done
	Epoch  uint32      // of the unit to which Msg goes, at another runtime
	To     Endpoint    // core that is concerned
	At     base.Time   // moment of EffectWake
	Call   uint64      // call that EffectReply answers
	Msg    *Message    // message to deliver or reply
	Key    base.Key    // key of the consumer
	Batch  *Batch      // batch of EffectCommit
	Task   *Task       // task of EffectTask and EffectTaskDone
	Stamp  *Stamp      // of Msg, if its sender keeps it
	Signal *Signal     // of EffectSignal, EffectRoute and EffectMoved
	Notice *Notice     // notice of EffectNotice
	Err    error       // outcome of a call or move
}

// NoticeKind says what a [Notice] is about.
type NoticeKind uint8

// The kinds of notices; all are counted in [FunctionStats] too.
const (
	NoticeFault   NoticeKind = iota // an invocation failed
	NoticeSkipped                   // a stage was skipped because it was late
	NoticeLate                      // a stage ended late
	NoticeDropped                   // a message was dropped: overflow, no grant, no partner
	NoticeRepeat                    // a repeated message was dropped
	NoticeStale                     // a message or commit of an old owner was refused
	NoticeLost                      // volatile content was lost
)

// String returns one word.
func (k NoticeKind) String() string {
	if k > NoticeLost {
		return fmt.Sprintf("notice %d", uint8(k))
	}
	return [...]string{"fault", "skipped", "late", "dropped", "repeat", "stale", "lost"}[k]
}

// Notice reports one thing that went otherwise than in a good slot.
type Notice struct {
	Kind   NoticeKind   // what it is about
	At     base.Address // instance concerned
	Header base.Header  // of the message concerned
	Reason string       // for people
	Err    error        // a *Fault for NoticeFault
}
