// SPDX-License-Identifier: Apache-2.0

// Package neural makes neural networks functions: it is where package sfaas,
// which knows no devices, and package accel, which knows no messages, meet.
//
// A [Function] is a network as a stateful function of a graph: its weights are
// a cell, so they move and survive with the key that owns them; the session on
// the device is a resource, opened again from the weights wherever the key
// goes. New weights arrive as control messages, for one key, from a slot on.
//
//	f, err := neural.Define("demap", neural.Config{Model: model})
//	out := sfaas.Apply(in, f.Fn)
//	sfaas.Control(weights, f.Weights)
package neural
