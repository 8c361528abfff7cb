// SPDX-License-Identifier: Apache-2.0

// Package wire writes and reads what nodes say to each other: letters of agents, cards, usage,
// rows of meters, questions about files, members.
//
// A [Writer] appends fields to bytes, a [Reader] takes them from the front in the same order. They
// have the same methods, so what is read and what is written look alike:
//
//	w.Uint(uint64(m.Node))              m.Node = NodeID(r.Uint("node", maxNode))
//	w.Text(m.Address)                   m.Address = r.Text("address", maxAddress)
//
// Numbers are unsigned variable-length integers, but for those of a fixed size, which are
// little-endian; texts have their length before them.
//
// What is read has come from the network: a Reader takes any bytes, bounds each field, and says
// which one is wrong, what it got and what it wants. The first error stays, and everything that is
// read after it is zero: so a whole message is read at once, and one look at the end is enough.
package wire
