// SPDX-License-Identifier: Apache-2.0

package base

// Token names a delayed message or a call of one instance.
type Token uint64

// Address is a function type and a key.
type Address struct {
	Function string // name of the function
	Key      Key    // key of the instance
}

// String returns "function[key]".
func (a Address) String() string { return a.Function + "[" + a.Key.String() + "]" }

// EdgeID numbers the edges of an sfaas.App in the order in which they were wired.
type EdgeID uint16

// NodeID names one runtime among those that are linked; 0 stands for none.
type NodeID uint16

// Header is what the runtime knows about a message. Handlers read it with
// sfaas.Ctx.Header; only the runtime writes it.
type Header struct {
	Edge   EdgeID // edge on which the message travels
	Node   NodeID // runtime whose source pushed its origin
	Epoch  uint32 // epoch under which the producer owned its key group
	Source Key    // key of the producer
	Key    Key    // key of the consumer
	Slot   Slot   // slot to which the work belongs

	// Seq is the place of the origin among the messages of its source, key and
	// slot, from 0. Joins match on (Key, Slot, Seq) and Index.
	Seq uint32
	// Index tells apart what one invocation emitted under one key.
	Index uint64
	// ID rises with every message of a source and key; receivers on an
	// ExactlyOnce edge drop what they have seen by (ID, Index).
	ID uint64
	// Due is the moment at which the slot's work should be done.
	Due Time
}
