// SPDX-License-Identifier: Apache-2.0

package mac

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/neuroran/neuroran/phy/nr"
)

// ErrFull is returned by [Cell.Attach] and [Cell.Restore] where the cell has no room for
// another UE.
var ErrFull = errors.New("mac: the cell is full")

// ErrAttached is returned by [Cell.Attach] and [Cell.Restore] for an RNTI that is in use.
var ErrAttached = errors.New("mac: the RNTI is in use")

// Cell is the MAC of one cell. All its memory is allocated by [New]; it is for one
// goroutine at a time. The same calls in the same order give the same grants.
//
// Its state is the [State] and the [UE] of each UE. Everything else follows from them.
type Cell struct {
	cfg     Config
	groups  []rbg
	groupOf []uint8 // of each PRB
	inner   *thresholds
	ues     []UE                   // room for every UE
	settled []settled              // what follows from the configuration of each of ues
	derived []derived              // what follows from each of ues as it is
	sums    [][MaxRBGs + 1]float32 // see refreshShared, for each of ues; none without pairing
	index   [1 << 16]uint16        // 1 + index in ues of each RNTI; 0 for none
	vacant  []int32                // unused entries of ues
	order   []int32                // used entries of ues, ascending in RNTI
	changed []uint64               // entries of ues that have changed since [Cell.Changed], bit i for ues[i]
	stale   []uint64               // and since derived was worked out
	state   State
	work    slotWork
	checker *Checker
	pattern nr.Grant // scratch of admit

	view   *View
	free   []bool
	prbs   []int
	owner  []int16
	due    []int32
	plans  []plan
	runs   []run
	inSlot []bool // UEs with a grant in the slot, for each of ues
}

// State is what a cell knows beside its UEs. It is a comparable value of fixed size.
type State struct {
	Slot         nr.Slot // last slot that was scheduled
	Started      bool    // whether there was one
	LastServed   uint16  // how far round robin has come
	BudgetMicros float64 // receiver work per slot, µs; 0 for no bound
	WorkPrice    float64 // what a microsecond of it is worth while the budget binds, weighted bits, on average
	Work         Work    // what the receiver's work takes
}

// rbg is a resource block group: PRBs start to end − 1.
type rbg struct{ start, end int }

// New returns an empty cell. It returns the error of [Config.Validate].
func New(cfg Config) (*Cell, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	cfg = cfg.withDefaults()
	if cfg.Curves == nil {
		cfg.Curves = DefaultCurves()
	}
	if cfg.Bounds == nil {
		cfg.Bounds = DefaultBounds()
	}
	n := cfg.MaxUEs
	c := &Cell{
		cfg: cfg, groups: groupsOf(&cfg), inner: newThresholds(cfg.Curves, cfg.Bounds, cfg.TargetBLER),
		ues: make([]UE, n), settled: make([]settled, n), derived: make([]derived, n),
		vacant: make([]int32, 0, n), order: make([]int32, 0, n), changed: make([]uint64, (n+63)/64), stale: make([]uint64, (n+63)/64),
		due: make([]int32, 0, n), plans: make([]plan, 0, nr.MaxGrants), runs: make([]run, n), inSlot: make([]bool, n),
	}
	for i := n - 1; i >= 0; i-- {
		c.vacant = append(c.vacant, int32(i))
	}
	c.prbs, c.owner, c.groupOf = make([]int, len(c.groups)), make([]int16, len(c.groups)), make([]uint8, cfg.Carrier.NumPRB)
	for i, g := range c.groups {
		c.prbs[i] = g.end - g.start
		for prb := g.start; prb < g.end; prb++ {
			c.groupOf[prb] = uint8(i)
		}
	}
	if cfg.Pairing.Enabled {
		c.sums = make([][MaxRBGs + 1]float32, n)
	}
	c.view = NewView(c.prbs, n)
	c.view.SlotDuration, c.view.Contiguous = cfg.Carrier.Numerology().SlotDuration(), true
	c.free = c.view.Free
	c.state.BudgetMicros = cfg.BudgetMicros
	c.state.Work = newWork()
	c.work.model, c.work.quantile = &c.state.Work, cfg.BudgetQuantile
	if cfg.Check {
		c.checker = NewChecker(cfg)
	}
	return c, nil
}

// groupsOf returns the resource block groups of the carrier. The first is shorter where the
// carrier does not begin at a multiple of the nominal size.
//
// TS 38.214 §6.1.2.2.1.
func groupsOf(cfg *Config) []rbg {
	p := rbgSize(cfg.Carrier.NumPRB, cfg.RBGConfig)
	var all []rbg
	for start := 0; start < cfg.Carrier.NumPRB; {
		end := min((start+cfg.Carrier.StartCRB)/p*p+p-cfg.Carrier.StartCRB, cfg.Carrier.NumPRB)
		all = append(all, rbg{start, end})
		start = end
	}
	return all
}

// Config returns the configuration with its defaults filled in.
func (c *Cell) Config() Config { return c.cfg }

// NumRBGs returns the resource block groups of the carrier.
func (c *Cell) NumRBGs() int { return len(c.groups) }

// RBG returns first PRB and PRBs of a resource block group.
func (c *Cell) RBG(i int) (start, num int) {
	return c.groups[i].start, c.groups[i].end - c.groups[i].start
}

// NumUEs returns how many UEs are attached.
func (c *Cell) NumUEs() int { return len(c.order) }

// Attach adds a UE. It returns a [*nr.FieldError] or [*nr.UnsupportedError] for a
// configuration that gives no valid grants, [ErrAttached] and [ErrFull]. It does not
// allocate when it succeeds.
func (c *Cell) Attach(rnti uint16, cfg UEConfig) error {
	if cfg.NumProcesses == 0 {
		cfg.NumProcesses = NumProcesses
	}
	if cfg.TargetBLER == 0 {
		cfg.TargetBLER = c.cfg.TargetBLER
	}
	if cfg.StepDB == 0 {
		cfg.StepDB = c.cfg.StepDB
	}
	u := UE{RNTI: rnti, Config: cfg, Average: AverageRate{1, c.state.Slot}, OwedAt: c.state.Slot}
	for i := range u.Quality {
		u.Quality[i] = float32(cfg.StartSINRdB)
	}
	return c.Restore(u)
}

// Restore puts back a UE as [Cell.UE] or [Cell.Changed] gave it, with its HARQ processes and
// all that was learned of it. Its errors are those of [Cell.Attach], and a [*nr.FieldError]
// for contents that no cell makes.
func (c *Cell) Restore(u UE) error {
	switch {
	case u.RNTI == 0:
		return &nr.FieldError{Field: "mac.rnti", Got: 0, Want: "1…65535"}
	case c.find(u.RNTI) >= 0:
		return ErrAttached
	case len(c.vacant) == 0:
		return ErrFull
	}
	at := c.vacant[len(c.vacant)-1]
	c.ues[at] = u
	if err := c.admit(&c.ues[at]); err != nil {
		c.ues[at] = UE{}
		return err
	}
	c.vacant = c.vacant[:len(c.vacant)-1]
	c.index[u.RNTI] = uint16(at) + 1
	c.order = slices.Insert(c.order, c.place(u.RNTI), at)
	c.settle(int(at))
	c.refresh(int(at))
	c.touch(int(at))
	if c.checker != nil {
		c.checker.Attach(&c.ues[at])
	}
	return nil
}

// admit checks a context, and leaves the smallest grant of the UE in c.pattern.
func (c *Cell) admit(u *UE) error {
	g := &c.pattern
	*g = u.Config.Grant
	g.RNTI, g.StartPRB, g.NumPRB, g.MCSIndex, g.RV, g.HARQProcess, g.NewData = 1, 0, 1, 0, 0, 0, true
	if err := g.Validate(&c.cfg.Carrier); err != nil {
		return err
	}
	if err := u.Config.validate(); err != nil {
		return err
	}
	return u.validate(&c.cfg)
}

// validate reports a context that no cell makes.
func (u *UE) validate(cfg *Config) error {
	bad := func(field string, got any, want string) error {
		return &nr.FieldError{Field: "mac.ue." + field, Got: got, Want: want}
	}
	if n := u.Config.NumProcesses; n < 1 || (u.InFlight|u.Due)>>n != 0 || u.InFlight&u.Due != 0 {
		return bad("in_flight, due", [2]uint16{u.InFlight, u.Due}, "processes that the UE has, each in one of them")
	}
	for i := range u.Processes {
		p := &u.Processes[i]
		if (u.InFlight|u.Due)>>i&1 != 0 && (p.Transmissions < 1 || p.NumPRB < 1 || int(p.NumPRB) > cfg.Carrier.NumPRB ||
			int(p.Start) >= cfg.Carrier.NumPRB || p.MCS > nr.MaxMCSIndex || p.Bits < 1 || p.SentAt < p.FirstAt) {
			return bad(fmt.Sprintf("processes[%d]", i), *p, "a block that was sent")
		}
	}
	for i := range u.Buffers {
		b := &u.Buffers[i]
		if b.Bytes < 0 || b.Bytes > maxBufferBytes || int(b.Used) > len(b.Arrivals) {
			return bad(fmt.Sprintf("buffers[%d]", i), b.Bytes, "a number of bytes")
		}
	}
	for _, q := range u.Quality {
		if !(q > -1000 && q < 1000) {
			return bad("quality", q, "a SINR in dB")
		}
	}
	if x := u.Average.Bits; !(x >= 0 && !math.IsInf(x, 0)) {
		return bad("average", x, "at least 0")
	}
	if n := u.Config; !(n.TargetBLER > 0) || !(n.StepDB > 0) {
		return bad("config", n.TargetBLER, "target and step of the outer loop above 0")
	}
	return nil
}

// Detach removes a UE and all that is known of it; feedback that still comes is left out.
// It reports whether the UE was attached. It does not allocate.
func (c *Cell) Detach(rnti uint16) bool {
	at := c.find(rnti)
	if at < 0 {
		return false
	}
	i := c.place(rnti)
	c.order = slices.Delete(c.order, i, i+1)
	c.vacant = append(c.vacant, int32(at))
	c.index[rnti] = 0
	c.ues[at] = UE{}
	c.changed[at>>6] &^= 1 << (at & 63)
	c.stale[at>>6] &^= 1 << (at & 63)
	if c.checker != nil {
		c.checker.Detach(rnti)
	}
	return true
}

// UE returns a copy of what is known of a UE, and whether it is attached.
func (c *Cell) UE(rnti uint16) (UE, bool) {
	at := c.find(rnti)
	if at < 0 {
		return UE{}, false
	}
	return c.ues[at], true
}

// All calls yield with every UE, ascending in RNTI, until it returns false. What it points
// to must not be changed, and is valid until the next call of the cell.
func (c *Cell) All(yield func(*UE) bool) {
	for _, at := range c.order {
		if !yield(&c.ues[at]) {
			return
		}
	}
}

// Changed calls yield with every UE that was added or has changed since it was last called,
// ascending in RNTI, until it returns false: what a host must write to keep its copies. A
// UE to which nothing happened does not change from slot to slot. What it points to must
// not be changed, and is valid until the next call of the cell.
func (c *Cell) Changed(yield func(*UE) bool) {
	for _, at := range c.order {
		if c.changed[at>>6]>>(at&63)&1 == 0 {
			continue
		}
		c.changed[at>>6] &^= 1 << (at & 63)
		if !yield(&c.ues[at]) {
			return
		}
	}
}

// State returns what the cell knows beside its UEs.
func (c *Cell) State() State { return c.state }

// SetState puts back what [Cell.State] returned. It returns a [*nr.FieldError] for
// contents that no cell makes.
func (c *Cell) SetState(s State) error {
	if !(s.BudgetMicros >= 0) || !(s.WorkPrice >= 0 && s.WorkPrice < math.MaxFloat32) || !s.Work.valid() {
		return &nr.FieldError{Field: "mac.state", Got: s.BudgetMicros, Want: "what Cell.State has returned"}
	}
	c.state = s
	if c.checker != nil {
		c.checker.last, c.checker.started = s.Slot, s.Started
	}
	return nil
}

// Reset makes the cell empty, as [New] does. It does not allocate.
func (c *Cell) Reset() {
	for len(c.order) > 0 {
		c.Detach(c.ues[c.order[len(c.order)-1]].RNTI)
	}
	c.state = State{BudgetMicros: c.cfg.BudgetMicros, Work: newWork()}
	c.work.reset()
	if c.checker != nil {
		c.checker = NewChecker(c.cfg)
	}
}

// SetBudget bounds the receiver's work in the slots that are scheduled from now on, µs;
// 0 stands for no bound, and so does what is below, or no number.
func (c *Cell) SetBudget(micros float64) {
	if !(micros > 0) {
		c.state.BudgetMicros, c.state.WorkPrice = 0, 0
		return
	}
	c.state.BudgetMicros = micros
}

// Measured takes what the receiver's work in one slot took, µs, after the feedback of the
// slot, and improves the prediction with it.
func (c *Cell) Measured(slot nr.Slot, micros float64) { c.work.measured(slot, micros) }

// find returns the index of a UE in ues, or -1.
func (c *Cell) find(rnti uint16) int { return int(c.index[rnti]) - 1 }

// place returns where an RNTI stands in order, or would stand.
func (c *Cell) place(rnti uint16) int {
	i, _ := slices.BinarySearchFunc(c.order, rnti, func(at int32, r uint16) int { return int(c.ues[at].RNTI) - int(r) })
	return i
}

// touch notes that a UE changes. Whoever changes the context of a UE calls it.
func (c *Cell) touch(at int) {
	c.changed[at>>6] |= 1 << (at & 63)
	c.stale[at>>6] |= 1 << (at & 63)
}

// effectiveDB returns the SINR in dB that a UE is expected to have on PRBs; those beyond the
// carrier count as nothing.
func (c *Cell) effectiveDB(u *UE, start, num int) float32 {
	first, end := c.groupOf[start], c.groupOf[min(start+num, len(c.groupOf))-1]+1
	return c.inner.effectiveDB(u.Quality[first:end], c.groups[first:end], start, num)
}
