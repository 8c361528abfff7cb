// SPDX-License-Identifier: Apache-2.0

// Package neural makes neural networks functions: it is where package sfaas,
// which knows no devices, and package accel, which knows no messages, meet.
//
// An [Instance] is a network in service of a program: created from a model,
// instantiated on a device, used for inference, trained by any [Trainer] while
// inference goes on, rolled back, saved.
//
//	inst := neural.Create(model)
//	err := inst.Instantiate(ctx, accel.Options{}, "ort/cpu", "ref")
//	run, err := inst.Bind(inputs, outputs)
//	err = run.Run()                        // infers
//	err = inst.Train(ctx, recipe, nil)     // run now uses the new weights
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
