// SPDX-License-Identifier: Apache-2.0

// Package neural keeps neural networks in service of a program, without a
// runtime: a network is created from a model, opened on a device, run, replaced
// while it runs, rolled back and saved.
//
//	inst := neural.Create(model)
//	err := inst.Instantiate(ctx, accel.Options{}, "ort/cpu", "ref")
//	run, err := inst.Bind(inputs, outputs)
//	err = run.Run()                        // infers
//	err = inst.Train(ctx, recipe, nil)     // run now uses the new weights
//
// An [Instance] is trained by any [Trainer] while inference goes on, and new
// weights are opened on the device before they take the place of the old ones:
// no run waits for that. Package sfaas/neural makes a network a stateful
// function of a graph.
package neural
