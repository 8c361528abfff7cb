// SPDX-License-Identifier: Apache-2.0

package tape_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/neuroran/neuroran/sfaas"
	"github.com/neuroran/neuroran/sfaas/tape"
)

// reading is a message of any type that files have columns for.
type reading struct {
	Name   string
	Values []float64
}

// Record what travels on an edge, and play it into another graph.
func Example() {
	g := sfaas.NewGraph("meter")
	readings := sfaas.Source[reading](g, "readings")
	sink := sfaas.Sink(readings, "tap")
	app, err := g.Build()
	if err != nil {
		fmt.Println(err)
		return
	}
	var file bytes.Buffer
	rec, err := tape.NewRecorder[reading](&file)
	if err != nil {
		fmt.Println(err)
		return
	}
	rt, err := sfaas.NewRuntime(app, sfaas.WithMode(sfaas.Replay), sfaas.WithOutput(sink, rec.Add))
	if err != nil {
		fmt.Println(err)
		return
	}
	for n := range sfaas.Slot(3) {
		r := reading{fmt.Sprint("meter ", n), make([]float64, n)}
		if err := readings.PushValue(rt, sfaas.NewKey(sfaas.KindCell, 7).Child(sfaas.KindUE, uint64(n)), n, &r); err != nil {
			fmt.Println(err)
		}
	}
	if err := errors.Join(rt.Drain(context.Background()), rt.Close(), rec.Close()); err != nil {
		fmt.Println(err)
	}

	t, err := tape.Open[reading](bytes.NewReader(file.Bytes()), int64(file.Len()))
	if err != nil {
		fmt.Println(err)
		return
	}
	rt, err = sfaas.NewRuntime(app, sfaas.WithMode(sfaas.Replay), sfaas.WithWorkers(1),
		sfaas.WithOutput(sink, func(h sfaas.Header, r *reading) { fmt.Println(h.Key, h.Slot, r.Name, len(r.Values)) }))
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, n := range t.Slots() {
		if _, err := t.Play(rt, readings, n, 0, nil); err != nil {
			fmt.Println(err)
		}
	}
	if err := errors.Join(rt.Drain(context.Background()), rt.Close()); err != nil {
		fmt.Println(err)
	}
	// Output:
	// cell7/ue0 0 meter 0 0
	// cell7/ue1 1 meter 1 1
	// cell7/ue2 2 meter 2 2
}
