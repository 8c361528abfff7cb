// SPDX-License-Identifier: Apache-2.0

package gnb

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"io"
	"math/rand/v2"
	"time"

	"github.com/neuroran/neuroran/mac"
	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/ran/block"
)

// Loop is one cell in virtual time: UEs, scheduler and air. In slot n it
//
//  1. lets UEs arrive and leave, and packets come into their buffers; UEs with data and no
//     grant ask for one, and some are sounded;
//  2. tells the scheduler so, and the feedback and soundings of slot n − k, k being
//     [mac.Config].FeedbackSlots, and has it make the schedule of slot n + k₂;
//  3. lets the UEs transmit by the schedule of slot n, which was made k₂ slots ago, and
//     keeps what the receiver says of it for slot n + k. With a scheduler beside the receiver
//     of a [Station] it is the receiver that tells the scheduler.
//
// One goroutine at a time may use a Loop. Its history follows from the seed.
type Loop struct {
	cfg   Config
	maker Maker
	air   Air
	rbgs  []RBG
	slot  nr.Slot
	ues   []terminal
	index map[uint16]int // of each RNTI

	schedules []nr.Schedule // ring over slots, for k₂
	coming    []news        // ring over the slots in which they are told
	lost      news          // takes what is lost
	who       []int
	heard     []Reception
	rng       *rand.Rand // of impairments
	length    time.Duration

	inside  *waveform // whose receiver tells the scheduler what becomes of grants; nil where the loop does
	ticker  ticker    // of a loop by the clock whose schedules are made elsewhere; nil otherwise
	byClock bool      // slots begin by a clock
	worked  []Worked
	budget  float64 // receiver work per slot, µs
	history hash.Hash
	line    []byte
	stats   cellStats
	watch   []Watcher
}

// Maker makes schedules. One goroutine at a time may use it.
type Maker interface {
	// Make tells what has become of grants, and then what the beginning of a slot says, and
	// writes the schedule of the slot k₂ after it.
	Make(dst *nr.Schedule, in *block.SlotIndication, heard []block.Feedback) error
	// UE returns what is known of a UE, and whether it is attached.
	UE(rnti uint16) (mac.UE, bool)
}

// plain is a cell of package mac, without a runtime.
type plain struct{ *mac.Cell }

// Make implements [Maker]. It does not allocate once dst has grown.
func (p plain) Make(dst *nr.Schedule, in *block.SlotIndication, heard []block.Feedback) error {
	for i := range heard {
		heard[i].Tell(p.Cell)
	}
	if err := in.Tell(p.Cell); err != nil {
		return err
	}
	return p.Schedule(dst, in.Slot+nr.Slot(p.Config().K2))
}

// news is what the scheduler is told in one slot.
type news struct {
	block.SlotIndication
	feedback []block.Feedback
}

// of returns an empty message about the grants of a slot, behind those that are there.
func (x *news) of(slot nr.Slot) *block.Feedback {
	if n := len(x.feedback); n < cap(x.feedback) {
		x.feedback = x.feedback[:n+1]
	} else {
		x.feedback = append(x.feedback, block.Feedback{})
	}
	f := &x.feedback[len(x.feedback)-1]
	f.Reset(slot)
	return f
}

// forget empties the news, and keeps their memory.
func (x *news) forget() {
	x.Reset(0)
	x.feedback = x.feedback[:0]
}

// Watcher is told what happened in a slot; what it is given is valid until it returns.
type Watcher func(s *nr.Schedule, receptions []Reception)

// New returns the loop of a cell. It returns the errors of [Config.Validate] and of the
// air.
func New(cfg Config) (*Loop, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	cfg = cfg.withDefaults()
	cell, err := mac.New(cfg.MAC) // which knows defaults and resource block groups
	if err != nil {
		return nil, err
	}
	cfg.MAC = cell.Config()
	for i := range cfg.UEs { // now, and not when it arrives
		if err := cell.Attach(cfg.UEs[i].RNTI, cfg.UEs[i].MAC); err != nil {
			return nil, fmt.Errorf("gnb: ues[%d]: %w", i, err)
		}
		cell.Detach(cfg.UEs[i].RNTI)
	}
	l := &Loop{
		cfg: cfg, index: map[uint16]int{}, history: sha256.New(), budget: cfg.MAC.BudgetMicros,
		schedules: make([]nr.Schedule, cfg.MAC.K2+1),
		coming:    make([]news, cfg.MAC.FeedbackSlots+cfg.Impairments.FeedbackJitter+1),
		who:       make([]int, nr.MaxGrants), heard: make([]Reception, nr.MaxGrants),
		length: cfg.MAC.Carrier.Numerology().SlotDuration(),
		rng:    rand.New(rand.NewPCG(cfg.Seed, 0x6c6f6f70)), // "loop"
	}
	for i := range cell.NumRBGs() {
		start, num := cell.RBG(i)
		l.rbgs = append(l.rbgs, RBG{start, num})
	}
	for i := range cfg.UEs {
		t, err := newTerminal(&cfg.UEs[i], mixSeed(cfg.Seed, uint64(i)<<8|1))
		if err != nil {
			return nil, err
		}
		l.ues = append(l.ues, t)
		l.index[cfg.UEs[i].RNTI] = i
	}
	l.air, err = cfg.NewAir(AirConfig{
		Carrier: cfg.MAC.Carrier, RBGs: l.rbgs, NumRx: cfg.NumRx, UEs: cfg.UEs,
		Receiver: cfg.Receiver, Samples: cfg.Samples, NoCombining: cfg.NoCombining, Workers: cfg.Workers, Seed: cfg.Seed,
	})
	if err != nil {
		return nil, err
	}
	if l.maker, err = cfg.NewMaker(cfg.MAC); err != nil {
		return nil, errors.Join(err, l.air.Close())
	}
	if err := l.listen(); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	l.stats.init(len(l.rbgs))
	return l, nil
}

// listen finds out who tells the scheduler what becomes of grants. A scheduler that hears it
// from the receiver of its station must have that one's air, and nothing of it can be lost or
// changed on the way.
func (l *Loop) listen() error {
	m, ok := l.maker.(*functionMaker)
	if !ok || m.receiver == nil {
		return nil
	}
	w, ok := l.air.(*waveform)
	if !ok || w.station.rx != m.receiver {
		return &nr.FieldError{Field: "new_air", Got: fmt.Sprintf("%T", l.air), Want: "the NewAir of the scheduler's station, or AirConfig.FeedbackByHost"}
	}
	if x := &l.cfg.Impairments; x.FeedbackLoss > 0 || x.FeedbackJitter > 0 || l.cfg.Quality != nil {
		return &nr.FieldError{Field: "impairments.feedback", Got: "feedback inside the station that is lost, late or replaced", Want: "AirConfig.FeedbackByHost"}
	}
	l.inside = w
	return w.calibrate(l.slot, l.cfg.BiasDB)
}

// Watch has a function told of every slot from now on.
func (l *Loop) Watch(w Watcher) { l.watch = append(l.watch, w) }

// Slot returns the slot that comes next.
func (l *Loop) Slot() nr.Slot { return l.slot }

// UE returns what the scheduler knows of UE i of the configuration, and whether it is
// attached.
func (l *Loop) UE(i int) (mac.UE, bool) { return l.maker.UE(l.cfg.UEs[i].RNTI) }

// SetBudget bounds the receiver's work per slot from now on, see [mac.Cell.SetBudget].
func (l *Loop) SetBudget(micros float64) { l.budget = micros }

// SetBias changes by how many dB reported SINRs are too high from now on. It returns the error
// of telling the receiver of a station so.
func (l *Loop) SetBias(dB float64) error {
	l.cfg.BiasDB = dB
	if l.inside != nil {
		return l.inside.calibrate(l.slot, dB)
	}
	return nil
}

// Close releases the air, and the scheduler where that is a function: its cell may then have
// another loop.
func (l *Loop) Close() error {
	err := l.air.Close()
	if c, ok := l.maker.(io.Closer); ok {
		err = errors.Join(err, c.Close())
	}
	return err
}

// Run goes through so many slots.
func (l *Loop) Run(slots int) error {
	for range slots {
		if err := l.Step(); err != nil {
			return fmt.Errorf("slot %d: %w", l.slot, err)
		}
	}
	return nil
}

// Step goes through one slot. Once every buffer has grown it allocates nothing with the
// abstract air.
func (l *Loop) Step() error {
	n := l.slot
	told := &l.coming[int(n)%len(l.coming)]
	told.Slot, told.BudgetMicros = n, l.budget
	l.people(&told.SlotIndication)
	var began, made time.Time // by the clock: reading it takes as long as a UE's share of the slot
	if l.byClock {
		began = time.Now()
	}
	if err := l.schedule(told); err != nil {
		return err
	}
	if l.byClock {
		made = time.Now()
	}
	told.forget()
	if n < nr.Slot(l.cfg.MAC.K2) {
		l.scheduleOf(n).Set(n) // nobody has made a schedule for the first slots
	}
	if err := l.transmit(l.scheduleOf(n)); err != nil {
		return err
	}
	if l.byClock {
		l.stats.ticking.add(made.Sub(began))
		l.stats.sending.add(time.Since(made))
	}
	l.slot++
	return nil
}

func (l *Loop) scheduleOf(n nr.Slot) *nr.Schedule { return &l.schedules[int(n)%len(l.schedules)] }

// people lets UEs arrive and leave, packets come, and UEs ask and be sounded.
func (l *Loop) people(told *block.SlotIndication) {
	n := told.Slot
	now := time.Duration(n) * l.length
	for i := range l.ues {
		t := &l.ues[i]
		here := now >= t.cfg.Arrive && (t.cfg.Leave == 0 || now < t.cfg.Leave)
		if here != t.present {
			l.changePresence(told, t, here)
		}
		if !here {
			continue
		}
		t.stats.slots++
		t.arrivals(now)
		if t.asks(n, now) {
			told.Requests = append(told.Requests, t.cfg.RNTI)
		}
		if every := l.cfg.SoundingSlots; every > 0 && (int(n)+i)%every == 0 {
			l.sound(i, n)
		}
	}
}

// changePresence lets a UE arrive or leave.
func (l *Loop) changePresence(told *block.SlotIndication, t *terminal, here bool) {
	t.present = here
	if here {
		told.Attach = append(told.Attach, block.Attachment{RNTI: t.cfg.RNTI, Config: t.cfg.MAC})
		return
	}
	if u, ok := l.maker.UE(t.cfg.RNTI); ok {
		t.stats.final = u
	}
	told.Detach = append(told.Detach, t.cfg.RNTI)
	for i := range t.processes {
		t.giveUp(&t.processes[i])
		t.processes[i] = blockOfUE{}
	}
}

// sound measures UE i, or asks who knows, which is told as late as feedback.
func (l *Loop) sound(i int, n nr.Slot) {
	x := block.Sounding{RNTI: l.cfg.UEs[i].RNTI, Slot: n, NumRBGs: len(l.rbgs)}
	values := x.SINRdB[:x.NumRBGs]
	if l.cfg.Quality != nil {
		l.cfg.Quality(values, i, n)
	} else {
		l.air.Sound(values, i, n)
	}
	for k := range values {
		values[k] += float32(l.cfg.BiasDB)
	}
	to := &l.coming[(int(n)+l.cfg.MAC.FeedbackSlots)%len(l.coming)]
	to.Soundings = append(to.Soundings, x)
}

// transmit lets UEs send by a schedule, and keeps the feedback.
func (l *Loop) transmit(s *nr.Schedule) error {
	grants := s.Grants
	who, heard := l.who[:len(grants)], l.heard[:len(grants)]
	clear(heard)
	for i := range grants {
		who[i] = l.sender(&grants[i])
	}
	if err := l.air.Transmit(heard, s, who); err != nil {
		return err
	}
	end := time.Duration(s.Slot+1) * l.length
	p := l.destination(s.Slot).of(s.Slot)
	l.measure(p)
	for i := range grants {
		g := &grants[i]
		f := mac.Feedback{
			RNTI: g.RNTI, HARQProcess: uint8(g.HARQProcess), Outcome: heard[i].Outcome,
			SINRObserved: heard[i].SINRObserved && l.cfg.Quality == nil, SINRdB: heard[i].SINRdB + float32(l.cfg.BiasDB),
			Iterations: heard[i].Iterations, MeanIterations: heard[i].MeanIterations,
		}
		if who[i] >= 0 {
			l.ues[who[i]].received(&f, &heard[i], g, end)
			l.ues[who[i]].stats.granted(g)
		}
		p.Grants = append(p.Grants, f)
	}
	l.note(s, heard)
	for _, w := range l.watch {
		w(s, heard)
	}
	return nil
}

// measure takes what the receiver has worked meanwhile.
func (l *Loop) measure(p *block.Feedback) {
	a, ok := l.air.(Timed)
	if !ok {
		return
	}
	l.worked = a.Worked(l.worked[:0])
	for _, w := range l.worked {
		if w.Took > 0 {
			l.stats.receiving.add(w.Took)
			p.Efforts = append(p.Efforts, block.Effort{Slot: w.Slot, Micros: micros(w.Took)})
		}
		if w.Late {
			l.stats.isLate(w.Slot)
		}
	}
}

// sender returns the UE that sends by a grant, −1 if nobody does.
func (l *Loop) sender(g *nr.Grant) int {
	i, ok := l.index[g.RNTI]
	if !ok || !l.ues[i].present {
		return -1
	}
	if x := l.cfg.Impairments.GrantLoss; x > 0 && l.rng.Float64() < x {
		return -1
	}
	if !l.ues[i].send(g, time.Duration(l.slot)*l.length, l.headroom(i, g)) {
		return -1
	}
	if w, ok := l.air.(carrier); ok && g.NewData {
		b := &l.ues[i].processes[g.HARQProcess]
		w.carry(i, g.HARQProcess, b.data, &b.elements)
	}
	return i
}

// headroom returns by how much UE i could raise its power with a grant of the present slot, dB.
func (l *Loop) headroom(i int, g *nr.Grant) float64 {
	u := &l.cfg.UEs[i]
	if u.Power.none() {
		return mostHeadroomDB
	}
	snrDB, _ := u.Trajectory.At(slotTime(&l.cfg.MAC.Carrier, l.slot))
	_, dB := u.Power.grant(snrDB, l.cfg.MAC.Carrier.Numerology(), g)
	return dB
}

// carrier is an air whose blocks say themselves what a UE reports.
type carrier interface {
	// carry says what the next block of a HARQ process of a UE holds: octets of data, and
	// control elements.
	carry(ue, process, data int, e *mac.Elements)
}

// destination returns the news with which the feedback of a slot is told; where it is lost, or
// somebody else tells it, some that nobody reads.
func (l *Loop) destination(n nr.Slot) *news {
	delay, x := l.cfg.MAC.FeedbackSlots, &l.cfg.Impairments
	if x.FeedbackJitter > 0 {
		delay += l.rng.IntN(x.FeedbackJitter + 1)
	}
	if l.inside != nil || x.FeedbackLoss > 0 && l.rng.Float64() < x.FeedbackLoss {
		l.lost.forget()
		return &l.lost
	}
	return &l.coming[(int(n)+delay)%len(l.coming)]
}

// note adds a slot to the history and to the statistics: who sent what where, and what
// came of it, no floating-point value.
func (l *Loop) note(s *nr.Schedule, heard []Reception) {
	b := binary.LittleEndian.AppendUint64(l.line[:0], uint64(s.Slot))
	for i := range s.Grants {
		g := &s.Grants[i]
		b = binary.LittleEndian.AppendUint16(b, g.RNTI)
		b = append(b, byte(g.HARQProcess), byte(g.RV), byte(g.MCSIndex), byte(heard[i].Outcome))
		b = binary.LittleEndian.AppendUint16(b, uint16(g.StartPRB))
		b = binary.LittleEndian.AppendUint16(b, uint16(g.NumPRB))
		l.stats.prbs += int64(g.NumPRB)
	}
	l.line = b
	l.history.Write(b)
	l.stats.slots++
}
