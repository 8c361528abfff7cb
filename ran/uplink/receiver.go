// SPDX-License-Identifier: Apache-2.0

package uplink

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/ran/block"
	"github.com/neuroran/neuroran/sfaas"
)

// ReceiverConfig says how a chain receives. The zero value receives as fast as it goes,
// skips nothing and tells nobody.
type ReceiverConfig struct {
	// OnOutcome is told what became of each grant, once. The transport block is nil
	// where none came out of the chain. Both are read-only and valid until OnOutcome
	// returns; several goroutines call it at once.
	OnOutcome func(t *Transmission, tb *block.TransportBlock)
	// OnSchedule is told of each schedule that the chain's own scheduler has made, see
	// [Config].Scheduler, before any of its grants has an outcome. The schedule is
	// read-only and valid until OnSchedule returns; several goroutines call it at once.
	OnSchedule func(cell sfaas.Key, s *nr.Schedule)
	// OnMissed is told of each tick of which the chain's own scheduler has no schedule to
	// make, as far as the runtime knows it, and why: the scheduler has failed
	// ([sfaas.NoticeFault]), or it has moved while the tick was on its way and has not seen
	// it, so that the tick may be given again ([sfaas.NoticeStale]). A tick that is lost
	// between two processes is not told. Several goroutines call it at once.
	OnMissed func(cell sfaas.Key, slot nr.Slot, n *sfaas.Notice)
	// Timeline ties slots to a radio's clock: work that would start more than Budget
	// after the start of its slot is skipped as late. Without one nothing is late.
	Timeline *sfaas.Timeline
	// Budget is how long after the start of a slot work on it may start; 0 stands for
	// two slots, that is one after its last sample.
	Budget time.Duration
	// Workers is the number of workers; 0 stands for one per processor.
	Workers int
	// Logger is where faults are logged; nil stands for [slog.Default].
	Logger *slog.Logger
	// Options are further ones of the runtime, such as [sfaas.WithOutput] of sinks that
	// the program has added to the graph.
	Options []sfaas.Option
}

// Errors of a host that takes a chain for one with, or without, a scheduler of its own.
var (
	errNoScheduler  error = &nr.FieldError{Field: "tick", Got: "a chain without a scheduler", Want: "Config.Scheduler"}
	errOwnScheduler error = &nr.FieldError{Field: "schedule", Got: "a chain with a scheduler of its own", Want: "Receiver.Tick"}

	errNoHostFeedback error = &nr.FieldError{Field: "feedback", Got: "a chain that tells its scheduler itself, or has none", Want: "Config.Scheduler and Config.FeedbackByHost"}
	errNoCollector    error = &nr.FieldError{Field: "calibration", Got: "a chain that does not tell its scheduler", Want: "Config.Scheduler without Config.FeedbackByHost"}
)

// Receiver is a chain at work: a host hands it the schedule and the samples of each
// slot, and hears what became of each grant.
//
// Every grant of a schedule that [Receiver.Schedule] has taken has exactly one outcome.
// If no transport block comes of it, the outcome is told when nothing can come any
// more. That is so
//
//   - with a timeline: twice the budget after the start of its slot;
//   - without: when the samples of its slot, or of a later one of its cell, have been
//     handed over and the runtime has nothing to do;
//   - in any case: in Close.
//
// So a slot whose samples are lost has outcomes too, and so has one whose work is
// skipped, dropped, fails or ends nowhere. Functions of the program's own that answer
// after a delay of theirs are not waited for.
//
// All methods may be called concurrently. Those about one cell are called in the order
// of its slots; schedules may be ahead of the samples by any number of slots.
type Receiver struct {
	chain  *Chain
	cfg    ReceiverConfig
	rt     *sfaas.Runtime
	opts   []sfaas.Option // of every runtime
	ledger *ledger
	length time.Duration // of a slot

	mu        sync.Mutex
	joined    []*sfaas.Runtime // further ones
	processes processes
	warmed    nr.Slot // the next slot in which to warm up
	sheet     sheet
	hands     []*hand // that nobody uses

	tick int    // edge on which ticks come to the chain's own scheduler
	back []bool // by edge: leads there, or is on the way of the feedback, and is of no consequence for what becomes of a grant

	stop func() // ends watch
	wg   sync.WaitGroup
}

// sheet is on which a receiver works a schedule out, in memory that it uses again. The
// receiver's lock guards it.
type sheet struct {
	groups   nr.Grouper
	whole    nr.Schedule
	entries  []Transmission
	after    []process
	received nr.Schedule
	fill     func(s *nr.Schedule) error // writes received; made once
}

// hand is one call of [Receiver.Samples], kept so that its function is made once.
type hand struct {
	slotKey
	fill func(*nr.Baseband) error
	call func(*nr.Baseband) error // what the source gets
}

// takeHand returns a hand for a call.
func (r *Receiver) takeHand(k slotKey, fill func(*nr.Baseband) error) *hand {
	r.mu.Lock()
	defer r.mu.Unlock()
	var h *hand
	if n := len(r.hands); n > 0 {
		h, r.hands = r.hands[n-1], r.hands[:n-1]
	} else {
		h = &hand{}
		h.call = func(b *nr.Baseband) error {
			b.Slot = h.slot
			if err := h.fill(b); err != nil {
				return err
			}
			r.ledger.arrived(h.slotKey, time.Now())
			return nil
		}
	}
	h.slotKey, h.fill = k, fill
	return h
}

// giveHand takes a hand back.
func (r *Receiver) giveHand(h *hand) {
	r.mu.Lock()
	defer r.mu.Unlock()
	h.fill = nil
	r.hands = append(r.hands, h)
}

// Receive starts a receiver on a runtime of its own; the caller closes it. It returns
// the errors of [sfaas.NewRuntime].
func (c *Chain) Receive(cfg ReceiverConfig) (*Receiver, error) {
	length := c.Config.Carrier.Numerology().SlotDuration()
	cfg.Budget, cfg.Logger = cmp.Or(cfg.Budget, 2*length), cmp.Or(cfg.Logger, slog.Default())
	if cfg.OnOutcome == nil {
		cfg.OnOutcome = func(*Transmission, *block.TransportBlock) {}
	}
	r := &Receiver{chain: c, cfg: cfg, length: length, processes: processes{}}
	r.tick, r.back = c.edgesBack()
	r.ledger = newLedger(length, cfg.OnOutcome)
	r.sheet.fill = func(s *nr.Schedule) error {
		s.Set(r.sheet.received.Slot, r.sheet.received.Grants...)
		return nil
	}
	opts := []sfaas.Option{
		sfaas.WithMode(sfaas.Replay), sfaas.WithLogger(cfg.Logger),
		sfaas.WithNotices(r.notice),
	}
	if cfg.Timeline != nil {
		opts = append(opts, sfaas.WithMode(sfaas.RealTime), sfaas.WithTimeline(cfg.Timeline), sfaas.WithBudget(cfg.Budget))
	}
	if cfg.Workers > 0 {
		opts = append(opts, sfaas.WithWorkers(cfg.Workers))
	}
	if c.Config.schedules() {
		opts = append(opts, sfaas.WithOutput(c.Scheduled, func(h sfaas.Header, s *nr.Schedule) { r.scheduled(h.Key, s) }))
	}
	r.opts = opts
	var err error
	if r.rt, err = r.open(cfg.Options); err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancel(context.Background())
	r.stop = stop
	r.wg.Go(func() { r.watch(ctx) })
	return r, nil
}

// ticksName is the name of the source of ticks.
const ticksName = "ticks"

// edgesBack returns the edge of the ticks, and which edges lead to the chain's own scheduler or
// are on the way of the feedback.
func (c *Chain) edgesBack() (tick int, back []bool) {
	edges := c.App.Edges()
	back = make([]bool, len(edges)+1)
	if !c.Config.schedules() {
		return tick, back
	}
	for _, e := range edges {
		back[e.ID] = e.To == c.Scheduler.Fn.Name() || e.To == c.reporter || e.To == c.collector
		if e.From == ticksName && e.To == c.Scheduler.Fn.Name() {
			tick = int(e.ID)
		}
	}
	return tick, back
}

// notice takes what the runtime says of a message.
func (r *Receiver) notice(n sfaas.Notice) {
	switch {
	case !r.back[n.Header.Edge]:
		r.ledger.notice(&n)
	case int(n.Header.Edge) == r.tick && r.cfg.OnMissed != nil:
		r.cfg.OnMissed(n.At.Key, nr.Slot(n.Header.Slot), &n)
	}
}

// open opens a runtime whose outputs come to the receiver.
func (r *Receiver) open(opts []sfaas.Option) (*sfaas.Runtime, error) {
	return r.chain.Open(func(h sfaas.Header, tb *block.TransportBlock) {
		if !warming(h.Key) {
			r.ledger.result(h.Key.Root(), tb, time.Now())
		}
	}, slices.Concat(r.opts, opts)...)
}

// Join opens a further runtime of the chain, with the options, and links it, so that units
// may move to it while slots flow: what comes out of it comes to this receiver too. Both
// runtimes must have nodes of their own ([sfaas.WithNode]), and say who owns units that
// nobody has moved ([sfaas.WithDefaultOwner]). Close closes it. Join returns the errors of
// [sfaas.NewRuntime] and [sfaas.Link].
func (r *Receiver) Join(opts ...sfaas.Option) (*sfaas.Runtime, error) {
	rt, err := r.open(opts)
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := sfaas.Link(append([]*sfaas.Runtime{rt, r.rt}, r.joined...)...); err != nil {
		return nil, errors.Join(err, rt.Close())
	}
	r.joined = append(r.joined, rt)
	return rt, nil
}

// Runtimes returns all runtimes of the receiver, its first one and those that have joined.
func (r *Receiver) Runtimes() []*sfaas.Runtime {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]*sfaas.Runtime{r.rt}, r.joined...)
}

// Runtime returns the runtime, for its counters, snapshots and the program's own
// sources.
func (r *Receiver) Runtime() *sfaas.Runtime { return r.rt }

// Tick tells the chain's own scheduler that a slot begins, and what has happened since the
// last one; fill writes that into a recycled message, which is empty. The schedule of the
// slot k₂ later follows in OnSchedule; one that is never made, because the tick was lost or
// refused, leaves its slot without grants.
//
// It returns [sfaas.ErrBusy] if the runtime cannot take the message now, the error of fill,
// a [*nr.FieldError] where the chain has no scheduler, and [sfaas.ErrClosed].
func (r *Receiver) Tick(cell sfaas.Key, slot nr.Slot, fill func(*block.SlotIndication) error) error {
	if !r.chain.Config.schedules() {
		return errNoScheduler
	}
	return r.chain.Ticks.Push(r.rt, cell, sfaas.Slot(slot), func(s *block.SlotIndication) error {
		s.Reset(slot)
		return fill(s)
	})
}

// Feedback tells the chain's own scheduler what became of grants, which it is to know in the
// given slot, of a chain with [Config].FeedbackByHost; fill writes it into a recycled message.
// Slots must not fall from call to call. The errors are those of [Receiver.Tick].
func (r *Receiver) Feedback(cell sfaas.Key, slot nr.Slot, fill func(*block.Feedback) error) error {
	if !r.chain.Config.schedules() || !r.chain.Config.FeedbackByHost {
		return errNoHostFeedback
	}
	return r.chain.HostFeedback.Push(r.rt, cell, sfaas.Slot(slot), fill)
}

// Calibrate lets the receiver add so many dB to the SINRs of a cell that it tells the chain's
// own scheduler, from a slot on. Slots must not fall from call to call. The errors are those of
// [Receiver.Tick].
func (r *Receiver) Calibrate(cell sfaas.Key, slot nr.Slot, sinrDB float64) error {
	if !r.chain.Config.schedules() || r.chain.Config.FeedbackByHost {
		return errNoCollector
	}
	return r.chain.Calibrations.PushValue(r.rt, cell, sfaas.Slot(slot), &block.Calibration{SINRdB: sinrDB})
}

// SetBudget bounds what the receiver may work for a cell in each slot that is scheduled from a
// slot on, µs: the chain's own scheduler keeps to it. 0 is no bound. Slots must not fall from
// call to call. The errors are those of [Receiver.Tick].
func (r *Receiver) SetBudget(cell sfaas.Key, slot nr.Slot, micros float64) error {
	if !r.chain.Config.schedules() {
		return errNoScheduler
	}
	return r.chain.Budgets.PushValue(r.rt, cell, sfaas.Slot(slot), &block.Budget{Micros: micros})
}

// scheduled opens the account of a slot whose schedule the chain has made itself.
func (r *Receiver) scheduled(cell sfaas.Key, s *nr.Schedule) {
	entries := make([]Transmission, len(s.Grants))
	for i := range entries {
		entries[i] = newTransmission(cell, s.Slot, i, &s.Grants[i], nil)
	}
	if a := r.ledger.enter(slotKey{cell, s.Slot}, entries); a != nil {
		r.ledger.settled(a, nil)
	}
	if r.cfg.OnSchedule != nil {
		r.cfg.OnSchedule(cell, s)
	}
}

// Schedule hands over the grants of a slot of a cell, none for a slot in which nobody
// was scheduled. Those that the chain cannot receive have the outcome unsupported, with
// the reason; the rest of the slot is received without them.
//
// It returns [sfaas.ErrBusy] if the runtime cannot take the schedule now, a
// [*nr.FieldError] for grants that are not legal, a slot that has a schedule or a chain that
// makes its own, and [sfaas.ErrClosed]. With an error no grant of the slot is owed an outcome, and the same
// schedule may be handed over again. It does not allocate in the steady state, but for
// grants that cannot be received.
func (r *Receiver) Schedule(cell sfaas.Key, slot nr.Slot, grants ...nr.Grant) error {
	return r.schedule(cell, slot, grants, nil)
}

// schedule is Schedule with the reasons for which some of the grants are refused
// already; nil for none.
func (r *Receiver) schedule(cell sfaas.Key, slot nr.Slot, grants []nr.Grant, reasons []error) error {
	if r.chain.Config.schedules() {
		return errOwnScheduler
	}
	a, refused, err := r.enter(cell, slot, grants, reasons)
	if err != nil {
		return err
	}
	r.ledger.settled(a, refused)
	return nil
}

// enter opens the account of a slot and pushes its schedule. It returns the account,
// held, and which of its grants are refused.
func (r *Receiver) enter(cell sfaas.Key, slot nr.Slot, grants []nr.Grant, reasons []error) (*account, []int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	w := &r.sheet
	reasons, err := r.left(slot, grants, reasons)
	if err != nil {
		return nil, nil, err
	}
	w.entries, w.after = w.entries[:0], w.after[:0]
	w.received.Set(slot)
	var refused []int
	for i := range grants {
		p := r.processes[processKey{cell, grants[i].RNTI, grants[i].HARQProcess}]
		var reason error
		if reasons != nil {
			reason = reasons[i]
		}
		g, reason := p.next(slot, grants[i], reason)
		w.entries, w.after = append(w.entries, newTransmission(cell, slot, i, &grants[i], reason)), append(w.after, p)
		if reason != nil {
			refused = append(refused, i)
		} else {
			w.received.Grants = append(w.received.Grants, g)
		}
	}
	a := r.ledger.enter(slotKey{cell, slot}, w.entries)
	if a == nil {
		return nil, nil, &nr.FieldError{Field: "slot_number", Got: slot, Want: "a slot without a schedule"}
	}
	if err := r.chain.Grants.Push(r.rt, cell, sfaas.Slot(slot), w.fill); err != nil {
		r.ledger.cancel(a)
		return nil, nil, err
	}
	for i := range grants {
		r.processes.keep(processKey{cell, grants[i].RNTI, grants[i].HARQProcess}, w.after[i], nr.Slot(time.Minute/r.length))
	}
	return a, refused, nil
}

// left returns why each grant of a slot is left out, nil if all are received; reasons, if
// there are any, are known already. Grants that are not legal are an error.
func (r *Receiver) left(slot nr.Slot, grants []nr.Grant, reasons []error) ([]error, error) {
	w, c := &r.sheet, &r.chain.Config.Carrier
	if !slices.ContainsFunc(reasons, func(err error) bool { return err != nil }) {
		if w.whole.Set(slot, grants...); w.whole.ValidateWith(c, &w.groups) == nil {
			return nil, nil
		}
	}
	return unsupported(c, slot, grants, reasons)
}

// Samples hands over the samples of a slot of a cell; fill writes them into a recycled
// message, whose slot number is set.
//
// It returns [sfaas.ErrBusy] if the runtime cannot take them now, the error of fill,
// and [sfaas.ErrClosed]. A host may try again; as soon as it hands over a later slot
// those of this one are lost, and its grants have the outcome dropped.
func (r *Receiver) Samples(cell sfaas.Key, slot nr.Slot, fill func(*nr.Baseband) error) error {
	h := r.takeHand(slotKey{cell, slot}, fill)
	err := r.chain.Slots.Push(r.rt, cell, sfaas.Slot(slot), h.call)
	r.giveHand(h)
	if err == nil {
		r.ledger.pushed(slotKey{cell, slot})
	}
	if r.cfg.Timeline != nil {
		r.expire()
	}
	return err
}

// replay pushes, in the place of the samples of a slot, what follows from them; alone, if
// the samples do not come too.
func (r *Receiver) replay(cell sfaas.Key, slot nr.Slot, alone bool, push func() error) error {
	r.ledger.arrived(slotKey{cell, slot}, time.Now())
	err := push()
	if err == nil && alone {
		r.ledger.pushed(slotKey{cell, slot})
	}
	return err
}

// Wait waits until every grant of a slot has an outcome that can have one: without a
// timeline, once schedule and samples are handed over. It returns the error of the
// context.
func (r *Receiver) Wait(ctx context.Context, cell sfaas.Key, slot nr.Slot) error {
	done, bad := r.ledger.wait(slotKey{cell, slot})
	if done == nil {
		return nil
	}
	select {
	case <-done:
		return nil
	case <-bad:
	case <-time.After(stall): // a function of the program's may have no output
	case <-ctx.Done():
		return ctx.Err()
	}
	return r.Flush(ctx)
}

// stall is after which time a slot is asked whether anything is left to do.
const stall = 200 * time.Millisecond

// Flush waits until the runtime has nothing to do, and tells the outcomes of all slots
// whose samples, or those of a later slot of the cell, have been handed over before.
// It returns the error of the context, and [sfaas.ErrClosed].
func (r *Receiver) Flush(ctx context.Context) error {
	complete := r.ledger.complete()
	for _, rt := range r.Runtimes() {
		if err := rt.Drain(ctx); err != nil {
			return err
		}
	}
	r.ledger.end(func(a *account) (bool, bool) { return complete[a.slotKey], false })
	return nil
}

// expire tells the outcomes of the slots whose time is over.
func (r *Receiver) expire() {
	now := r.rt.Now()
	r.ledger.end(func(a *account) (bool, bool) {
		return r.cfg.Timeline.Start(sfaas.Slot(a.slot)).Add(2*r.cfg.Budget) < now, !a.handed.IsZero()
	})
}

// watch ends slots of which no call tells that they are over, until Close. A slot that is
// just being received is left alone: to flush takes memory, and keeps a core busy.
func (r *Receiver) watch(ctx context.Context) {
	tick := time.NewTicker(stall / 2)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		switch owes, stalls := r.ledger.age(); {
		case owes && r.cfg.Timeline != nil:
			r.expire()
		case stalls:
			_ = r.Flush(ctx) // of no consequence: the next tick tries again
		}
	}
}

// Close stops the runtime and tells the outcomes of all grants that have none. It is
// idempotent.
func (r *Receiver) Close() error {
	r.stop()
	r.wg.Wait()
	var err error
	for _, rt := range r.Runtimes() {
		err = errors.Join(err, rt.Close())
	}
	r.mu.Lock()
	//lint:ignore SA2001 a schedule that is being pushed has its account now, or an error
	r.mu.Unlock()
	r.ledger.end(func(*account) (bool, bool) { return true, false })
	return err
}

// unsupported returns why each grant of a slot is left out, nil where it is received;
// reasons, if there are any, are known already. Grants that are not legal are an error.
func unsupported(c *nr.Carrier, slot nr.Slot, grants []nr.Grant, reasons []error) ([]error, error) {
	out := make([]error, len(grants))
	copy(out, reasons)
	s := nr.Schedule{Slot: slot}
	var at []int
	for k := range grants {
		if out[k] == nil {
			s.Grants, at = append(s.Grants, grants[k]), append(at, k)
		}
	}
	more, err := s.Unsupported(c)
	for i, reason := range more {
		out[at[i]] = reason
	}
	return out, err
}

// newTransmission returns the entry of a grant: without an outcome, or that of one
// which is left out for a reason.
func newTransmission(cell sfaas.Key, slot nr.Slot, index int, g *nr.Grant, reason error) Transmission {
	t := Transmission{Cell: cell, Slot: slot, Index: index, Grant: *g, Err: reason}
	switch {
	case reason == nil:
		t.NumBits = g.TBS()
	case errors.Is(reason, nr.ErrUnsupported):
		t.Outcome = nr.OutcomeUnsupported
	default:
		t.Outcome = nr.OutcomeDropped
	}
	return t
}
