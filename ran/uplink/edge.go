// SPDX-License-Identifier: Apache-2.0

package uplink

import (
	"fmt"
	"io"
	"strings"

	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/ran/block"
	"github.com/neuroran/neuroran/sfaas"
	"github.com/neuroran/neuroran/sfaas/tape"
)

// Edge names an edge of the receiver, for those who choose one at run time: to record
// it, or to replace what it carries by a recording.
type Edge string

// The edges, in the order of a slot's way. [Edges] has each with its type.
const (
	EdgeSlots    Edge = "slots"
	EdgeGrants   Edge = "grants"
	EdgeUEGrants Edge = "ue-grants"
	EdgeGrid     Edge = "grid"
	EdgePDU      Edge = "pdu"
	EdgePilots   Edge = "pilots"
	EdgeData     Edge = "data"
	EdgeAligned  Edge = "aligned"
	EdgeChannel  Edge = "channel"
	EdgeSymbols  Edge = "symbols"
	EdgeLLRs     Edge = "llrs"
	EdgeSoftBits Edge = "softbits"
	EdgeBits     Edge = "bits"
	EdgeBlocks   Edge = "blocks"
)

// AllEdges returns all edges in the order of a slot's way.
func AllEdges() []Edge {
	return []Edge{
		EdgeSlots, EdgeGrants, EdgeUEGrants, EdgeGrid, EdgePDU, EdgePilots, EdgeData,
		EdgeAligned, EdgeChannel, EdgeSymbols, EdgeLLRs, EdgeSoftBits, EdgeBits, EdgeBlocks,
	}
}

// unknown is the error for an edge that there is not.
func (x Edge) unknown(want []Edge) error {
	names := make([]string, len(want))
	for i := range want {
		names[i] = string(want[i])
	}
	return &nr.FieldError{Field: "edge", Got: string(x), Want: "one of " + strings.Join(names, ", ")}
}

// Record writes everything that travels on an edge to a file, see [tape.Recorder]. It
// adds a sink to the graph; call it before that is built, and close what it returns
// after the runtimes. What a chain plays to warm up is not recorded. It returns a
// [*nr.FieldError] for another edge, and the error of w.
func (e *Edges) Record(x Edge, w io.Writer) (io.Closer, error) {
	switch x {
	case EdgeSlots:
		return record(e, e.Slots, x, w)
	case EdgeGrants:
		if e.Config.schedules() {
			return record(e, e.Schedules, x, w)
		}
		return record(e, e.Grants, x, w)
	case EdgeUEGrants:
		return record(e, e.UEGrants, x, w)
	case EdgeGrid:
		return record(e, e.Grid, x, w)
	case EdgePDU:
		return record(e, e.PDU, x, w)
	case EdgePilots:
		return record(e, e.Pilots, x, w)
	case EdgeData:
		return record(e, e.Data, x, w)
	case EdgeAligned:
		return record(e, e.Aligned, x, w)
	case EdgeChannel:
		return record(e, e.Channel, x, w)
	case EdgeSymbols:
		return record(e, e.Symbols, x, w)
	case EdgeLLRs:
		return record(e, e.LLRs, x, w)
	case EdgeSoftBits:
		return record(e, e.SoftBits, x, w)
	case EdgeBits:
		return record(e, e.Bits, x, w)
	case EdgeBlocks:
		return record(e, e.Blocks, x, w)
	}
	return nil, x.unknown(AllEdges())
}

func record[M any](e *Edges, from sfaas.Stream[M], x Edge, w io.Writer) (io.Closer, error) {
	r, err := tape.NewRecorder[M](w)
	if err != nil {
		return nil, fmt.Errorf("uplink: record %s: %w", x, err)
	}
	Tap(e, from, "record "+string(x), r.Add)
	return r, nil
}

// needsSamples reports whether the samples are still needed where an edge is replayed:
// where its messages are joined with others.
func (x Edge) needsSamples() bool {
	switch x {
	case "", EdgeGrants, EdgeUEGrants, EdgePilots, EdgeData, EdgeAligned, EdgeChannel:
		return true
	}
	return false
}

// schedulesOn returns the grants of each slot on a recording of the edge of schedules.
func schedulesOn(r io.ReaderAt, size int64) (map[nr.Slot][]nr.Grant, error) {
	t, err := tape.Open[nr.Schedule](r, size)
	if err != nil {
		return nil, err
	}
	all := map[nr.Slot][]nr.Grant{}
	for _, slot := range t.Slots() {
		if _, err := t.Read(slot, 0, func(_ sfaas.Key, s *nr.Schedule) error {
			all[nr.Slot(slot)] = append(all[nr.Slot(slot)], s.Grants...)
			return nil
		}); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// replay is a recording that takes the place of what an edge carries.
type replay interface {
	// open reads the recording.
	open(r io.ReaderAt, size int64) (player slotPlayer, err error)
}

// slotPlayer pushes what was recorded of a slot, from the given message on, and returns
// how many it has pushed.
type slotPlayer func(h sfaas.Host, slot sfaas.Slot, from int) (int, error)

// source is a source in the place of an edge.
type source[M any] struct{ in sfaas.Input[M] }

func (s source[M]) open(r io.ReaderAt, size int64) (slotPlayer, error) {
	t, err := tape.Open[M](r, size)
	if err != nil {
		return nil, err
	}
	return func(h sfaas.Host, slot sfaas.Slot, from int) (int, error) {
		return t.Play(h, s.in, slot, from, func(m *M) { forgetTrace(m) })
	}, nil
}

// forgetTrace takes the moments of another run out of a message.
func forgetTrace(m any) {
	switch x := m.(type) {
	case interface{ Restart() }:
		x.Restart()
	case *block.PDU:
		x.Pilots.Restart()
	}
}

// through returns a stream of the receiver: what its function makes, or what a source
// in its place gets.
func through[M any](e *Edges, x Edge, made sfaas.Edge[M]) sfaas.Edge[M] {
	if e.Config.Replay != x {
		return made
	}
	in := sfaas.Source[M](e.graph, "replay "+string(x))
	e.replay = source[M]{in}
	return sfaas.Select(in, func(m *M) *M { return m })
}
