// SPDX-License-Identifier: Apache-2.0

package gnb

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"hash"
	"math/rand/v2"
	"time"

	"github.com/neuroran/neuroran/mac"
	"github.com/neuroran/neuroran/phy/nr"
)

// Loop is one cell in virtual time: UEs, scheduler and air. In slot n it
//
//  1. lets UEs arrive and leave, and packets come into their buffers; UEs with data and no
//     grant ask for one, and some are sounded;
//  2. gives the scheduler the feedback of slot n − k, k being [mac.Config].FeedbackSlots;
//  3. has it make the schedule of slot n + k₂;
//  4. lets the UEs transmit by the schedule of slot n, which was made k₂ slots ago, and
//     keeps what the receiver says of it for slot n + k.
//
// One goroutine at a time may use a Loop. Its history follows from the seed.
type Loop struct {
	cfg   Config
	cell  *mac.Cell
	air   Air
	rbgs  []RBG
	slot  nr.Slot
	ues   []terminal
	index map[uint16]int // of each RNTI

	schedules []nr.Schedule // ring over slots, for k₂
	feedback  []indication  // ring over the slots in which it is delivered
	who       []int
	heard     []Reception
	sounding  []float32
	rng       *rand.Rand // of impairments
	length    time.Duration
	took      []time.Duration // ring of the receiver's work per slot; 0 where it is not known

	history hash.Hash
	line    []byte
	stats   cellStats
	watch   []Watcher
}

// indication is the feedback that is delivered in one slot: that of several slots, where
// some came late.
type indication struct {
	parts []part
}

// part is the feedback of one slot.
type part struct {
	slot     nr.Slot
	feedback []mac.Feedback
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
	cell, err := mac.New(cfg.MAC)
	if err != nil {
		return nil, err
	}
	cfg.MAC = cell.Config()
	l := &Loop{
		cfg: cfg, cell: cell, index: map[uint16]int{}, history: sha256.New(),
		schedules: make([]nr.Schedule, cfg.MAC.K2+1),
		feedback:  make([]indication, cfg.MAC.FeedbackSlots+cfg.Impairments.FeedbackJitter+1),
		who:       make([]int, nr.MaxGrants), heard: make([]Reception, nr.MaxGrants),
		took:     make([]time.Duration, cfg.MAC.FeedbackSlots+cfg.Impairments.FeedbackJitter+1),
		sounding: make([]float32, cell.NumRBGs()), length: cfg.MAC.Carrier.Numerology().SlotDuration(),
		rng: rand.New(rand.NewPCG(cfg.Seed, 0x6c6f6f70)), // "loop"
	}
	for i := range cell.NumRBGs() {
		start, num := cell.RBG(i)
		l.rbgs = append(l.rbgs, RBG{start, num})
	}
	l.air, err = cfg.NewAir(AirConfig{
		Carrier: cfg.MAC.Carrier, RBGs: l.rbgs, NumRx: cfg.NumRx, UEs: cfg.UEs,
		Receiver: cfg.Receiver, Samples: cfg.Samples, NoCombining: cfg.NoCombining, Workers: cfg.Workers, Seed: cfg.Seed,
	})
	if err != nil {
		return nil, err
	}
	for i := range cfg.UEs {
		t, err := newTerminal(&cfg.UEs[i], mixSeed(cfg.Seed, uint64(i)<<8|1))
		if err != nil {
			return nil, err
		}
		l.ues = append(l.ues, t)
		l.index[cfg.UEs[i].RNTI] = i
	}
	l.stats.init(len(l.rbgs))
	return l, nil
}

// Watch has a function told of every slot from now on.
func (l *Loop) Watch(w Watcher) { l.watch = append(l.watch, w) }

// Slot returns the slot that comes next.
func (l *Loop) Slot() nr.Slot { return l.slot }

// UE returns what the scheduler knows of UE i of the configuration, and whether it is
// attached.
func (l *Loop) UE(i int) (mac.UE, bool) { return l.cell.UE(l.cfg.UEs[i].RNTI) }

// SetBudget bounds the receiver's work per slot from now on, see [mac.Cell.SetBudget].
func (l *Loop) SetBudget(micros float64) {
	l.cell.SetBudget(micros)
}

// Close releases the air.
func (l *Loop) Close() error { return l.air.Close() }

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
	if err := l.people(n); err != nil {
		return err
	}
	began := time.Now()
	l.deliver(n)
	ahead := n + nr.Slot(l.cfg.MAC.K2)
	if err := l.cell.Schedule(l.scheduleOf(ahead), ahead); err != nil {
		return err
	}
	l.stats.scheduling.add(time.Since(began))
	if n < nr.Slot(l.cfg.MAC.K2) {
		l.scheduleOf(n).Set(n) // nobody has made a schedule for the first slots
	}
	if err := l.transmit(l.scheduleOf(n)); err != nil {
		return err
	}
	l.slot++
	return nil
}

func (l *Loop) scheduleOf(n nr.Slot) *nr.Schedule { return &l.schedules[int(n)%len(l.schedules)] }

// people lets UEs arrive and leave, packets come, and UEs ask and be sounded.
func (l *Loop) people(n nr.Slot) error {
	now := time.Duration(n) * l.length
	for i := range l.ues {
		t := &l.ues[i]
		here := now >= t.cfg.Arrive && (t.cfg.Leave == 0 || now < t.cfg.Leave)
		if here != t.present {
			if err := l.changePresence(t, here); err != nil {
				return err
			}
		}
		if !here {
			continue
		}
		t.stats.slots++
		t.arrivals(now)
		if t.asks(n) {
			l.cell.Request(t.cfg.RNTI)
		}
		if every := l.cfg.SoundingSlots; every > 0 && (int(n)+i)%every == 0 {
			l.air.Sound(l.sounding, i, n)
			for k := range l.sounding {
				l.sounding[k] += float32(l.cfg.BiasDB)
			}
			l.cell.Sound(t.cfg.RNTI, n, l.sounding)
		}
	}
	return nil
}

// changePresence lets a UE arrive or leave.
func (l *Loop) changePresence(t *terminal, here bool) error {
	t.present = here
	if here {
		return l.cell.Attach(t.cfg.RNTI, t.cfg.MAC)
	}
	if u, ok := l.cell.UE(t.cfg.RNTI); ok {
		t.stats.final = u
	}
	l.cell.Detach(t.cfg.RNTI)
	for i := range t.processes {
		t.giveUp(&t.processes[i])
		t.processes[i] = blockOfUE{}
	}
	return nil
}

// deliver gives the scheduler the feedback that is due in a slot.
func (l *Loop) deliver(n nr.Slot) {
	due := &l.feedback[int(n)%len(l.feedback)]
	for i := range due.parts {
		p := &due.parts[i]
		l.cell.Feedback(p.slot, p.feedback)
		if took := &l.took[int(p.slot)%len(l.took)]; *took > 0 {
			l.cell.Measured(p.slot, micros(*took))
			*took = 0
		}
	}
	due.parts = due.parts[:0]
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
	l.measure(s.Slot)
	end := time.Duration(s.Slot+1) * l.length
	p := l.reserve(s.Slot)
	for i := range grants {
		g := &grants[i]
		f := mac.Feedback{
			RNTI: g.RNTI, HARQProcess: uint8(g.HARQProcess), Outcome: heard[i].Outcome,
			SINRObserved: heard[i].SINRObserved, SINRdB: heard[i].SINRdB + float32(l.cfg.BiasDB), Iterations: heard[i].Iterations,
		}
		if who[i] >= 0 {
			l.ues[who[i]].received(&f, &heard[i], g, end)
			l.ues[who[i]].stats.granted(g)
		}
		if p != nil {
			p.feedback = append(p.feedback, f)
		}
	}
	l.note(s, heard)
	for _, w := range l.watch {
		w(s, heard)
	}
	return nil
}

// measure takes how long the receiver has worked on a slot.
func (l *Loop) measure(n nr.Slot) {
	a, ok := l.air.(Timed)
	if !ok {
		return
	}
	took := a.Took()
	if took == 0 {
		return // nothing was sent
	}
	l.stats.receiving.add(took)
	l.took[int(n)%len(l.took)] = took
	if took > l.length {
		l.stats.late++
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
	if !l.ues[i].send(g) {
		return -1
	}
	return i
}

// reserve returns where the feedback of a slot is kept until it is delivered; nil where it
// is lost.
func (l *Loop) reserve(n nr.Slot) *part {
	delay, x := l.cfg.MAC.FeedbackSlots, &l.cfg.Impairments
	if x.FeedbackJitter > 0 {
		delay += l.rng.IntN(x.FeedbackJitter + 1)
	}
	if x.FeedbackLoss > 0 && l.rng.Float64() < x.FeedbackLoss {
		return nil
	}
	due := &l.feedback[(int(n)+delay)%len(l.feedback)]
	if len(due.parts) < cap(due.parts) {
		due.parts = due.parts[:len(due.parts)+1]
	} else {
		due.parts = append(due.parts, part{})
	}
	p := &due.parts[len(due.parts)-1]
	p.slot, p.feedback = n, p.feedback[:0]
	return p
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
