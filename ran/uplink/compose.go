// SPDX-License-Identifier: Apache-2.0

package uplink

import (
	"context"
	"errors"
	"slices"

	"github.com/neuroran/neuroran/accel"
	"github.com/neuroran/neuroran/phy/neural"
	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/ran/block"
	"github.com/neuroran/neuroran/sfaas"
)

// Edges are the ways into, through and out of a receiver that [Compose] has wired
// into a graph. Until the graph is built a program may apply further functions to
// any of them, and lead any stream to the ports of the functions in Steps.
type Edges struct {
	Config Config // as given to [Compose], without the identity of a cell
	Steps  Steps  // the functions, with their ports for grants

	// Slots takes the samples of a slot under the key of the cell, see [block.CellKey].
	Slots sfaas.Input[nr.Baseband]
	// Grants takes the schedule of a slot under the key of the cell. A slot without
	// transmissions has an empty one.
	Grants sfaas.Input[nr.Schedule]

	// With [Config].Scheduler the schedules are made here, and there is no input Grants:
	// Ticks takes the beginning of a slot under the key of the cell, Schedules carries what
	// is made of it, and Scheduled tells it to the host, which must know who sends. Budgets
	// bounds what the receiver may work per slot, from a slot on, under the key of the cell.
	//
	// What becomes of the grants of a slot goes back to the scheduler over Feedback, and
	// Calibrations corrects it, from a slot on; with [Config].FeedbackByHost the host says it
	// instead, in HostFeedback, under the slot in which the scheduler is to know it.
	Ticks        sfaas.Input[block.SlotIndication]
	Budgets      sfaas.Input[block.Budget]
	Scheduler    block.Scheduler
	Schedules    sfaas.Edge[nr.Schedule]
	Scheduled    sfaas.Output[nr.Schedule]
	Feedback     sfaas.Edge[block.Feedback]
	Calibrations sfaas.Input[block.Calibration]
	HostFeedback sfaas.Input[block.Feedback]

	Grid     sfaas.Edge[block.Grid]           // of the slot, under the key of the cell
	PDU      sfaas.Edge[block.PDU]            // of each PRB group, under [block.GroupKey], as are the next four
	Pilots   sfaas.Edge[block.Pilots]         // a field of the PDU; with tracking, with what earlier slots have seen
	Data     sfaas.Edge[block.Data]           // a field of the PDU
	Aligned  sfaas.Edge[block.Aligned]        // pilots with delay and carrier offset
	Channel  sfaas.Edge[block.Channel]        // estimated channel and noise
	Symbols  sfaas.Edge[block.Symbols]        // of each UE, under [block.HARQKey], as are all that follow
	LLRs     sfaas.Edge[block.LLRs]           // soft bits as the demapper writes them
	SoftBits sfaas.Edge[block.SoftBits]       // soft bits at their places in the circular buffers
	Bits     sfaas.Edge[block.Bits]           // decided bits
	Blocks   sfaas.Edge[block.TransportBlock] // transport blocks, whatever their CRC
	UEGrants sfaas.Edge[nr.Grant]             // the grants of a schedule, one by one

	// Out receives every transport block, whatever its CRC.
	Out sfaas.Output[block.TransportBlock]

	graph    *sfaas.Graph
	networks *neural.Networks
	replay   replay         // what takes the place of an edge; nil for none
	outputs  []sfaas.Option // what receives the messages of taps

	reporter, collector string // functions on the way of the feedback, "" where the host tells it
}

// Compose wires a receiver into a graph and returns its edges. It serves all cells
// whose carriers have one form, each under a key of its own; a graph holds one
// receiver. [Edges.Build] builds the graph; who builds it otherwise closes the edges
// when all runtimes are closed.
//
//	g := sfaas.NewGraph("mine")
//	e, err := uplink.Compose(g, cfg)
//	...
//	quality := sfaas.Apply(e.Channel, Measure)         // a further function
//	uplink.Tap(e, quality, "quality", show)            // a tap
//	sfaas.Control(sfaas.Source[Limit](g, "limit"), Measure.Limits) // a port
//	chain, err := e.Build()
//
// It returns the errors of [Config.Validate] and of opening the networks of a neural
// receiver. Wiring errors of functions that stand in the place of others are
// reported when the graph is built.
func Compose(g *sfaas.Graph, cfg Config) (*Edges, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	cfg.Carrier = cfg.Carrier.Form()
	e := &Edges{Config: cfg, graph: g}
	var err error
	if cfg.Receiver == "neural" && !cfg.Steps.Demap.Fn.Defined() {
		if e.networks, err = neural.Open(context.Background(), cfg.Networks); err != nil {
			return nil, err
		}
	}
	if e.Steps, err = cfg.steps(e.networks); err != nil {
		return nil, err
	}
	if cfg.schedules() {
		if e.Scheduler, err = block.NewScheduler(cfg.Scheduler); err != nil {
			return nil, errors.Join(err, e.Close())
		}
	}
	e.wire()
	return e, nil
}

// wire applies the steps.
func (e *Edges) wire() {
	g, s, cfg := e.graph, &e.Steps, &e.Config
	e.Slots = sfaas.Source[nr.Baseband](g, "slots")
	grants := e.grants()
	if cfg.Replay == EdgeSlots {
		e.replay = source[nr.Baseband]{e.Slots}
	}

	e.Grid = through(e, EdgeGrid, sfaas.Apply(e.Slots, s.Demodulate))
	e.PDU = through(e, EdgePDU, sfaas.Apply(e.Grid, s.Extract.Fn))
	e.Pilots = sfaas.Select(e.PDU, func(p *block.PDU) *block.Pilots { return &p.Pilots })
	e.Data = through(e, EdgeData, sfaas.Select(e.PDU, func(p *block.PDU) *block.Data { return &p.Data }))
	e.measure()
	e.Symbols = through(e, EdgeSymbols, sfaas.Apply(sfaas.Join(e.Data, e.Channel), s.Equalize))
	e.LLRs = through(e, EdgeLLRs, sfaas.Apply(e.Symbols, s.Demap.Fn))
	e.SoftBits = through(e, EdgeSoftBits, sfaas.Apply(cutAt(e, EdgeLLRs, e.LLRs), s.Recover))
	e.Bits = through(e, EdgeBits, sfaas.Apply(e.SoftBits, s.Decode.Fn))
	e.Blocks = through(e, EdgeBlocks, sfaas.Apply(e.Bits, s.CheckCRC))
	e.Out = sfaas.Sink(cutAt(e, EdgeBlocks, e.Blocks), "blocks")

	e.UEGrants = through(e, EdgeUEGrants, sfaas.Apply(grants, block.NewDistribute(cfg.Config)))
	sfaas.Control(grants, s.Extract.Grants)
	sfaas.Control(e.UEGrants, s.Demap.Grants)
	sfaas.Control(cutAt(e, EdgeLLRs, e.UEGrants), s.Decode.Grants)
	if cfg.schedules() {
		e.report(grants)
	}
}

// report leads what becomes of grants back to the scheduler, over a cut: one message of each
// slot, without a promise. The scheduler takes it as a setting, so that it waits for nothing
// that may never come.
func (e *Edges) report(grants sfaas.Stream[nr.Schedule]) {
	if e.Config.FeedbackByHost {
		e.HostFeedback = sfaas.Source[block.Feedback](e.graph, "feedback")
		sfaas.Control(e.HostFeedback, e.Scheduler.Feedback)
		return
	}
	reporter, collector := block.NewReport(e.Config.Config), block.NewCollect(e.Config.Config, e.Scheduler.Config.FeedbackSlots)
	e.reporter, e.collector = reporter.Name(), collector.Fn.Name()
	e.Feedback = sfaas.Apply(sfaas.Apply(e.Blocks, reporter), collector.Fn)
	sfaas.Control(grants, collector.Grants)
	e.Calibrations = sfaas.Source[block.Calibration](e.graph, "calibrations")
	sfaas.Control(e.Calibrations, collector.Calibrations)
	sfaas.Control(e.Feedback.Cut("feedback"), e.Scheduler.Feedback)
}

// cutAt returns what leads over a place where the configuration has a cut: as it is, or cut.
func cutAt[T any](e *Edges, x Edge, from sfaas.Edge[T]) sfaas.Edge[T] {
	if slices.Contains(e.Config.Cuts, x) {
		return from.Cut(string(x))
	}
	return from
}

// grants returns where schedules come from: a source, or the scheduler, which stands apart
// from the receiver so that its unit is one of its own: what it knows must survive, soft
// bits need not.
func (e *Edges) grants() sfaas.Stream[nr.Schedule] {
	if !e.Config.schedules() {
		e.Grants = sfaas.Source[nr.Schedule](e.graph, "grants")
		return e.Grants
	}
	e.Ticks = sfaas.Source[block.SlotIndication](e.graph, ticksName)
	e.Schedules = sfaas.Apply(e.Ticks, e.Scheduler.Fn)
	e.Scheduled = sfaas.Sink(e.Schedules, "schedules")
	e.Budgets = sfaas.Source[block.Budget](e.graph, "budgets")
	sfaas.Control(e.Budgets, e.Scheduler.Budgets)
	return e.Schedules.Cut("grants")
}

// measure wires the steps from pilots to channel, in a loop with the tracker if there
// is one.
func (e *Edges) measure() {
	s, cfg := &e.Steps, &e.Config
	var tracker block.Tracker
	if cfg.tracks() {
		tracker = block.NewTrack(cfg.Config, cfg.Tracking)
		e.Pilots = sfaas.Apply(e.Pilots, tracker.Fn)
	}
	e.Pilots = through(e, EdgePilots, e.Pilots)
	e.Aligned = through(e, EdgeAligned, sfaas.Apply(e.Pilots, s.Synchronize))
	e.Channel = through(e, EdgeChannel, sfaas.Apply(e.Aligned, s.Estimate))
	if cfg.tracks() {
		sfaas.Control(sfaas.Apply(e.Channel, block.NewSight(cfg.Config)), tracker.Sights)
	}
}

// Device returns the device of the neural demapper, "" without one.
func (e *Edges) Device() accel.Device {
	if e.networks == nil {
		return ""
	}
	return e.networks.Device()
}

// Close releases the networks of a neural receiver. All runtimes of the graph must be
// closed before.
func (e *Edges) Close() error {
	if e.networks == nil {
		return nil
	}
	return e.networks.Close()
}
