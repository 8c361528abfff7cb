// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"slices"
	"sync"
	"time"

	"github.com/neuroran/neuroran/placement/internal/beat"
	"github.com/neuroran/neuroran/sfaas"
	"github.com/neuroran/neuroran/sfaas/peer"
)

// Deployment is an app on the nodes that have deployed it, as one of them sees it: the
// part of the data plane that lies in this process.
//
//	         units ──push──>  runtime  <──frames──>  peer connections, to each other node
//	                             │                        │ lost
//	program <──outputs──  gate ──┘                        ▼
//	                       │                          detection ──claim──> runtime
//	                     floor <── gap ── beat thread ────┘ silent
//
// Each deployment has a runtime and connections of its own, so that what is heavy in one
// delays no message of another. Where units are to be is the node's business; that they
// are served, and by one owner at a time, is the deployment's.
//
// All methods may be called concurrently.
type Deployment struct {
	app    *sfaas.App
	cfg    Spec
	site   site
	ctl    control
	opts   deployOptions
	placed []sfaas.PartInfo // parts that are placed
	makers []string         // by edge: the part of who sends there, "" for a source
	kept   map[string]bool  // parts that are

	rt    *sfaas.Runtime
	node  *peer.Node
	gate  gate
	floor floor
	notes *beat.Notes // of what units have used
	said  *said       // what others have said in theirs
	at    string      // address

	tuning sync.Mutex // orders what the pulse is told; held around mu

	// Routes are heard under the lock of the runtime's routes: nothing of the runtime, and
	// nothing of the pulse, is called while mu is held.
	mu      sync.Mutex
	others  map[sfaas.NodeID]*neighbour
	stands  map[sfaas.Unit]stand          // units for which this node stands by
	follows map[sfaas.Unit][]sfaas.NodeID // units of this node that others stand by for, by rank
	routes  []sfaas.Route                 // that the node is to hear of
	news    chan struct{}                 // has room for one: there are some
	changed chan struct{}                 // closed, and replaced, with each route and connection
	ups     map[sfaas.NodeID]sfaas.Time   // when connections were made last
	warm    *warming                      // that runs, or has ended well; nil for none
	closed  bool

	signs  chan sign // from the thread that beats
	events lines     // to the program: one line, so that it hears of them in order

	ctx  context.Context // ends with the deployment
	stop context.CancelFunc
	wg   sync.WaitGroup
}

// site is where a deployment is, and what it has in common with all others of its node.
type site struct {
	network     string // "tcp" or "unix"
	host        string // to listen on: an address without port, or a folder for sockets
	tls         *peer.TLS
	plain       bool
	token       []byte
	incarnation uint32
	meters      *meters // nil where nothing is held to limits
	log         *slog.Logger
}

// nobody is a number that no node has: it owns the units that have no route.
const nobody = sfaas.NodeID(4096)

// control is what a deployment asks of its node. None of it blocks but ensure, release and relocate.
type control interface {
	ID() sfaas.NodeID
	// ensure lets a unit have an owner and its standbys, and returns the epoch of a route
	// that is no older than that. Who has called says whether it stands: then the nodes keep it
	// so; or it is taken back.
	ensure(ctx context.Context, c carrier, u sfaas.Unit) (epoch uint32, settle func(stands bool), err error)
	// release takes a unit out of service, and returns the epoch of a route that says so.
	release(ctx context.Context, c carrier, u sfaas.Unit) (epoch uint32, err error)
	// relocate brings a unit to a node, with a lease there, and returns when it is there.
	relocate(ctx context.Context, c carrier, u sfaas.Unit, to sfaas.NodeID) error
	// owned says that this node owns a unit now: by a claim, or since it has come.
	owned(c carrier, u sfaas.Unit, epoch uint32)
	// routed says that another node owns a unit.
	routed(c carrier, r sfaas.Route)
	// suspected says that the process of a node is dead, as its kernel says. One that is only
	// silent may speak again at any moment, and is not reported.
	suspected(id sfaas.NodeID, dead bool)
	// claimEpoch returns the epoch under which this node, and no other one, may claim a unit
	// whose last known one is given; 0 if there is none left.
	claimEpoch(after uint32) uint32
}

func newDeployment(ctl control, at site, app *sfaas.App, cfg Spec, opts ...DeployOption) (*Deployment, error) {
	if err := cfg.Validate(app); err != nil {
		return nil, err
	}
	if cfg.Name == "" {
		cfg.Name = app.Name()
	}
	d := &Deployment{
		app: app, cfg: cfg, site: at, ctl: ctl, kept: map[string]bool{},
		others: map[sfaas.NodeID]*neighbour{}, stands: map[sfaas.Unit]stand{}, follows: map[sfaas.Unit][]sfaas.NodeID{}, ups: map[sfaas.NodeID]sfaas.Time{},
		said: newSaid(),
		news: make(chan struct{}, 1), changed: make(chan struct{}), signs: make(chan sign, maxSigns),
	}
	d.ctx, d.stop = context.WithCancel(context.Background())
	for i, o := range opts {
		if o == nil {
			d.stop()
			return nil, &sfaas.OptionError{Option: "placement.Deploy", Got: fmt.Sprintf("nil for option %d", i+1), Want: "an option"}
		}
		o.apply(&d.opts)
	}
	d.survey()
	if b := &d.opts.budget; b.tell != nil {
		f, err := app.Function(b.function)
		if err != nil {
			return nil, err
		}
		b.part = f.Part
	}
	if err := d.open(); err != nil {
		return nil, errors.Join(fmt.Errorf("placement: deploy %s: %w", cfg.Name, err), d.shut())
	}
	d.wg.Go(d.tellRoutes)
	d.wg.Go(d.readSigns)
	return d, nil
}

// survey notes what of the app is asked for later.
func (d *Deployment) survey() {
	d.placed, _ = d.cfg.parts(d.app) // has been validated
	for _, p := range d.app.Parts() {
		d.kept[p.Name] = !p.Soft
	}
	d.makers = make([]string, len(d.app.Edges())+1)
	for _, e := range d.app.Edges() {
		if f, err := d.app.Function(e.From); err == nil {
			d.makers[e.ID] = f.Part
		}
	}
}

// open starts the runtime, its connections and its beats.
func (d *Deployment) open() (err error) {
	opts := append([]sfaas.Option{sfaas.WithLogger(d.site.log)}, d.opts.runtime...)
	for _, o := range d.opts.outputs {
		opts = append(opts, o(d))
	}
	opts = append(opts, sfaas.WithNode(d.ctl.ID()), sfaas.WithDefaultOwner(nobody))
	if err := d.startRuntime(opts); err != nil {
		return err
	}
	d.rt.WatchRoutes(d.hear)
	// What the engine has kept of an earlier life of this node goes on before anybody is met.
	if err := d.rt.Recover(d.ctx); err != nil {
		return err
	}
	d.node, err = peer.New(d.rt, peer.Config{TLS: d.site.tls, Plain: d.site.plain, OnEvent: d.onPeer, Logger: d.site.log})
	if err != nil {
		return err
	}
	listens, err := d.node.Listen(d.site.network, d.site.socket(d.cfg.Name))
	if err != nil {
		return err
	}
	a := endpoint{network: d.site.network, address: listens.String()}
	if d.cfg.SLA.Standbys > 0 {
		if err := d.startPulse(); err != nil {
			return err
		}
		a.beats = d.floor.pulse.Address()
	}
	if err := d.openNotes(); err != nil {
		return err
	}
	a.notes = d.notes.Address()
	d.at = a.String()
	return nil
}

// startRuntime starts the runtime in the life of its node: or in a later one, if its engine has
// records of that. It has them if the clock of the node was set back, and if the deployment
// has been opened in this life already, and could not be.
func (d *Deployment) startRuntime(opts []sfaas.Option) (err error) {
	opts = slices.Clip(opts)
	d.rt, err = sfaas.NewRuntime(d.app, append(opts, sfaas.WithIncarnation(d.site.incarnation))...)
	if life := (*sfaas.LifeError)(nil); errors.As(err, &life) && life.Last < math.MaxUint32 {
		d.rt, err = sfaas.NewRuntime(d.app, append(opts, sfaas.WithIncarnation(life.Last+1))...)
	}
	return err
}

// startPulse starts the thread that beats: before all others if the kernel lets it, and
// otherwise more slowly.
func (d *Deployment) startPulse() (err error) {
	cfg := beat.Config{
		Node: d.ctl.ID(), Incarnation: d.rt.Incarnation(), Key: d.site.beatKey(d.cfg.Name), Host: d.site.ip(),
		Period: promptBeat, Misses: promptMisses, Threads: sfaas.Threads{Policy: sfaas.SchedFIFO, Priority: beatPriority},
		OnSilent: func(n sfaas.NodeID, since sfaas.Time) { d.sign(sign{kind: Suspected, node: n, at: since}) },
		OnDied: func(w beat.Watched, life uint32, at sfaas.Time) {
			d.sign(sign{kind: Died, node: w.Node, from: w.At, life: life, at: at})
		},
		OnGap: func(gap time.Duration) { d.sign(sign{kind: Doubted, doubt: d.floor.doubts.Add(1), gap: gap}) },
	}
	set := func() {
		if d.cfg.Beat > 0 {
			cfg.Period = d.cfg.Beat
		}
		if d.cfg.Misses > 0 {
			cfg.Misses = d.cfg.Misses
		}
	}
	set()
	d.floor.pulse, err = beat.Start(cfg)
	if refused := (*sfaas.ThreadError)(nil); errors.As(err, &refused) {
		cfg.Period, cfg.Misses, cfg.Threads = commonBeat, commonMisses, sfaas.Threads{}
		set()
		d.site.log.Warn("placement: heartbeats run on a common thread: a lost owner is noticed later", "period", cfg.Period, "misses", cfg.Misses, "err", err)
		d.floor.pulse, err = beat.Start(cfg)
	}
	return err
}

// spawn runs f on a goroutine that close waits for, unless the deployment is closed.
func (d *Deployment) spawn(f func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.closed {
		d.wg.Go(f)
	}
}

// publishes reports whether an output goes to the program.
func (d *Deployment) publishes(h *sfaas.Header) bool {
	if _, ok := h.Key.ID(kindWarm); ok {
		return false
	}
	part := d.makers[h.Edge]
	if part == "" {
		return true // from a source: it has no owner
	}
	t := d.turnOf(sfaas.Unit{Part: part, Root: h.Source.Root()})
	if (t.floor.Load() && !d.floor.held()) || !t.passes(h.Epoch, h.Slot) {
		d.gate.refused.Add(1)
		return false
	}
	return true
}

// turnOf returns what the gate knows of a unit.
func (d *Deployment) turnOf(u sfaas.Unit) *turn {
	if t := d.gate.of(u); t != nil {
		return t
	}
	return d.gate.meet(u, d.route)
}

// Refused returns how many outputs of old owners have been refused at this node.
func (d *Deployment) Refused() uint64 { return d.gate.refused.Load() }

// Runtime returns the runtime of the deployment at this node, for who wants to look: at
// counters, cells and routes. Who moves or claims units by it does so behind the back of
// the node that has leased their place.
func (d *Deployment) Runtime() *sfaas.Runtime { return d.rt }

// Name returns the name of the deployment.
func (d *Deployment) Name() string { return d.cfg.Name }

// hear takes a route. It is called under the lock of the routes and must not block: what
// the node is to hear goes on from another goroutine.
func (d *Deployment) hear(r sfaas.Route) {
	if _, ok := r.Unit.Root.ID(kindWarm); ok {
		return
	}
	d.gate.hear(r)
	d.mu.Lock()
	defer d.mu.Unlock()
	d.wake()
	d.routes = append(d.routes, r)
	select {
	case d.news <- struct{}{}:
	default:
	}
}

// tellRoutes takes routes in order: first what they mean for standing by, then the node.
func (d *Deployment) tellRoutes() {
	for {
		select {
		case <-d.news:
		case <-d.ctx.Done():
			return
		}
		d.mu.Lock()
		all := d.routes
		d.routes = nil
		d.mu.Unlock()
		for _, r := range all {
			d.turn(r)
			if !d.places(r.Unit.Part) {
				continue
			}
			if r.Owner == d.ctl.ID() {
				d.ctl.owned(d, r.Unit, r.Epoch)
			} else {
				d.ctl.routed(d, r)
			}
		}
	}
}

// places reports whether a part is placed.
func (d *Deployment) places(part string) bool {
	return slices.ContainsFunc(d.placed, func(p sfaas.PartInfo) bool { return p.Name == part })
}

// wake lets those look again who wait for something; d.mu is held.
func (d *Deployment) wake() {
	close(d.changed)
	d.changed = make(chan struct{})
}

// await waits until a condition holds, which is looked at with each route and connection.
func (d *Deployment) await(ctx context.Context, holds func() bool) error {
	for {
		d.mu.Lock()
		changed := d.changed
		d.mu.Unlock()
		if holds() {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		case <-d.ctx.Done():
			return sfaas.ErrClosed
		}
	}
}

// event tells the program of something, and does not wait for it: what comes next on the
// failure path does not either.
func (d *Deployment) event(e Event) {
	if d.opts.onEvent != nil {
		e.At = sfaas.Now()
		d.events.add(0, func() { d.opts.onEvent(e) })
	}
}

// close ends the deployment at this node: units that are still here are lost. No
// goroutine is left when it returns, but in functions of the program that wait for it, see
// [awaitProgram]. It is idempotent.
func (d *Deployment) close(context.Context) error {
	d.mu.Lock()
	closed := d.closed
	d.mu.Unlock()
	if closed {
		return awaitProgram(d.wait)
	}
	return d.shut()
}

// shut closes what is open: the beats first, since who has closed is not to be believed
// alive; then the runtime, and its connections after it.
func (d *Deployment) shut() error {
	d.mu.Lock()
	d.closed = true
	d.mu.Unlock()
	d.stop()
	if d.site.meters != nil {
		d.site.meters.forget(d)
	}
	var errs []error
	if d.floor.pulse != nil {
		errs = append(errs, d.floor.pulse.Close())
	}
	if d.rt != nil {
		errs = append(errs, d.rt.Close())
	}
	if d.node != nil {
		errs = append(errs, d.node.Close())
	}
	if d.notes != nil {
		errs = append(errs, d.notes.Close()) // no worker writes any more
	}
	return errors.Join(append(errs, awaitProgram(d.wait))...)
}

// wait waits for all goroutines; what warms up is one of them.
func (d *Deployment) wait() {
	d.wg.Wait()
	d.events.wait()
}
