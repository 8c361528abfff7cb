// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"context"
	"errors"
	"io/fs"
	"maps"
	"net"
	"net/netip"
	"slices"
	"syscall"
	"time"

	"github.com/neuroran/neuroran/sfaas"
	"github.com/neuroran/neuroran/sfaas/peer"
)

// A lost owner is found in two ways, and taken over from in one.
//
//		connection lost ─────> its address is dialled ──refused──> it has died ────────┐
//		 (the kernel knows)        │ accepted: it lives, or is being torn down         │
//		                           └──> once more, as long as it is silent             ▼
//		beats missed ────────> its connection is asked ──no answer, no beat──> claim by rank
//		 (nobody knows)            │ answers
//		                           └──> nothing happens; asked again while it is silent
//
//	 1. When a process ends, the kernel closes its connections. That alone may also be a cable:
//	    so the address is dialled. If nobody listens there, the process is gone. Package beat
//	    does so with a line of its own, which ends before the memory of the process is taken
//	    apart; the connection over which messages go ends milliseconds later, and is looked
//	    after in the same way for those who have no such line.
//	 2. When a process is stopped, or the network is cut, nothing is closed. Its standbys miss
//	    its beats. A suspicion never turns a route while the owner's connection answers: so
//	    the connection is asked first, and beats that come meanwhile clear it as well.
//	 3. The standby of the first rank claims at once, those behind it later, if the route has
//	    not turned by then. Each claims under an epoch of its own, so that of two the newer
//	    one holds everywhere.
//
// A process that comes back in another life has nothing of what it had: as soon as it says who
// it is, or closes, its units are taken over as those of one that has died. What nobody has
// taken over by then it takes out of service itself, see disown.
//
// All of it goes without any letter to other nodes, and without the optimiser.
const (
	beatPriority = 20                     // of SCHED_FIFO: below workers that keep slots, which rarely run for long
	askTime      = 5 * time.Millisecond   // for an answer of a node that is suspected
	askAgain     = 25 * time.Millisecond  // while it answers and its beats do not come
	probeTime    = 100 * time.Millisecond // for which a lost node is dialled; then its beats decide
	probeFirst   = 200 * time.Microsecond // between two dials, at first; it doubles
	probeLast    = 5 * time.Millisecond
	rankTime     = 20 * time.Millisecond // by which a rank waits for the one before it
	claimTries   = 20
	movingTime   = 2 * time.Millisecond // for the end of a move to here
)

// sign is what the thread that beats has noticed. It hands it over without waiting, and
// without a lock that a goroutine holds.
type sign struct {
	kind  EventKind // Suspected, Died or Doubted
	node  sfaas.NodeID
	from  netip.AddrPort // of who has died
	life  uint32         // of who has died, 0 if it is not known
	at    sfaas.Time     // the last sign of life, or the first one of death
	doubt uint64
	gap   time.Duration
}

// maxSigns is how many may wait: a process that does not get to reading more of them has
// other worries, and is not one that should take units over.
const maxSigns = 1024

func (d *Deployment) sign(s sign) {
	select {
	case d.signs <- s:
	default:
	}
}

// readSigns does what the signs say, and nothing that waits: that has goroutines of its own.
func (d *Deployment) readSigns() {
	for {
		select {
		case s := <-d.signs:
			switch s.kind {
			case Died:
				if x := d.neighbour(s.node); x != nil && x.at.beats == s.from {
					d.bury(x, s.life, s.at)
				}
			case Suspected:
				d.spawn(func() { d.question(s.node, s.at) })
			case Doubted:
				d.spawn(func() { d.settleDoubt(s.doubt, s.gap) })
			}
		case <-d.ctx.Done():
			return
		}
	}
}

// bury takes over from a process that has ended, once. The claims come first: what else ends
// with its connection, such as moves from and to it, does not hold them up. It does not wait.
func (d *Deployment) bury(x *neighbour, life uint32, since sfaas.Time) {
	d.mu.Lock()
	known := d.others[x.node] == x && !x.died // else another life has come, and it is Gone
	x.died = true
	d.mu.Unlock()
	if !known {
		return
	}
	d.takeOver(x.node)
	d.event(Event{Kind: Died, Since: since, Node: x.node})
	d.spawn(func() {
		if life != 0 {
			d.node.Forget(x.node, life)
		}
		d.ctl.suspected(x.node, true)
	})
}

// onPeer hears of connections. It must not block.
func (d *Deployment) onPeer(e peer.Event) {
	switch e.Kind {
	case peer.Up:
		d.mu.Lock()
		d.ups[e.Node] = sfaas.Now()
		d.wake()
		d.mu.Unlock()
		d.spawn(d.disown)
	case peer.Lost:
		d.spawn(func() { d.probe(e.Node, e.Incarnation) })
	case peer.Gone:
		d.spawn(func() { d.takeOver(e.Node) })
	}
}

// probe finds out what has become of a life of a node to which the connection is lost.
func (d *Deployment) probe(node sfaas.NodeID, incarnation uint32) {
	x := d.neighbour(node)
	if x == nil {
		return
	}
	begin := sfaas.Now()
	for pause := probeFirst; sfaas.Now().Sub(begin) < probeTime; pause = min(2*pause, probeLast) {
		if d.node.Connected(node) || (d.floor.pulse != nil && d.floor.pulse.HeardSince(node, begin.Add(probeFirst))) {
			return // it lives
		}
		if refuses(d.ctx, x.at) {
			d.bury(x, incarnation, begin)
			return
		}
		if !d.sleep(pause) {
			return
		}
	}
}

// refuses reports whether nobody listens at an address, as its kernel says.
func refuses(ctx context.Context, at endpoint) bool {
	conn, err := (&net.Dialer{Timeout: probeLast}).DialContext(ctx, at.network, at.address)
	if err == nil {
		conn.Close()
		return false
	}
	return errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, fs.ErrNotExist)
}

// question asks a node that is silent for a sign of life, and takes over from it if none
// comes.
func (d *Deployment) question(node sfaas.NodeID, since sfaas.Time) {
	d.event(Event{Kind: Suspected, Since: since, Node: node})
	for d.floor.pulse.Silent(node) {
		lives, hears := d.ask(node)
		switch {
		case !d.floor.pulse.Silent(node):
		case !lives && hears:
			d.takeOver(node)
			return
		case !d.sleep(askAgain):
			return
		}
	}
	d.event(Event{Kind: Cleared, Node: node})
}

// ask asks a node on its connection, and all others at the same time. It reports whether the
// node answers within askTime, and whether this process hears anybody: one of the others, if
// there are any. Without an answer of the node it takes that time, so that a beat may come.
func (d *Deployment) ask(node sfaas.NodeID) (lives, hears bool) {
	ctx, stop := context.WithTimeout(d.ctx, askTime)
	defer stop()
	d.mu.Lock()
	others := slices.DeleteFunc(slices.Collect(maps.Keys(d.others)), func(n sfaas.NodeID) bool { return n == node })
	d.mu.Unlock()
	answers := make(chan bool, len(others))
	for _, n := range others {
		d.spawn(func() { answers <- d.node.Ping(ctx, n) == nil })
	}
	if d.node.Ping(ctx, node) == nil {
		return true, true
	}
	<-ctx.Done()
	hears = len(others) == 0
	for range len(answers) {
		hears = <-answers || hears
	}
	return false, hears
}

// takeOver claims all units of a node that is lost for which this one stands by.
func (d *Deployment) takeOver(node sfaas.NodeID) {
	d.mu.Lock()
	defer d.mu.Unlock()
	stood := false
	for u, s := range d.stands {
		if s.owner == node && !d.closed {
			d.wg.Go(func() { d.claim(u, s) })
			stood = true
		}
	}
	if stood {
		d.wg.Go(func() {
			if d.sleep(inheritAfter) {
				d.inherit(node)
			}
		})
	}
}

// claim takes one unit over. The claim holds from the moment at which this runtime has
// it; it returns when all others have heard of it, those that are lost too, for which it
// waits as long as a handler may block.
func (d *Deployment) claim(u sfaas.Unit, s stand) {
	if s.rank > 0 && !d.sleep(time.Duration(s.rank)*rankTime) {
		return
	}
	for try := range claimTries {
		r, err := d.rt.Route(u)
		if err != nil || r.Owner != s.owner {
			return // somebody else has it
		}
		epoch := d.ctl.claimEpoch(r.Epoch)
		if epoch == 0 {
			d.site.log.Error("placement: a unit has no owner, and no epoch is left to claim it under", "unit", u.String(), "owner", s.owner, "epoch", r.Epoch)
			return
		}
		switch err = d.rt.Claim(u, epoch); {
		case err == nil || d.ctx.Err() != nil:
			return
		case errors.Is(err, sfaas.ErrMoving):
			// It was on its way here. If its owner does not end that, forgetting the owner does:
			// then all its slots are this node's.
			if try == 1 {
				d.node.Forget(s.owner, 0)
			}
		case !errors.Is(err, sfaas.ErrStaleEpoch):
			d.site.log.Error("placement: a lost unit cannot be claimed", "unit", u.String(), "owner", s.owner, "err", err)
			return
		}
		if !d.sleep(movingTime) {
			return
		}
	}
}

// settleDoubt ends the n-th doubt of this process about its own units: when each standby
// has answered behind all that it has said before, and this runtime has taken that in, what
// was claimed is known to be.
func (d *Deployment) settleDoubt(n uint64, gap time.Duration) {
	d.site.log.Warn("placement: this process has not run for a while", "deployment", d.cfg.Name, "for", gap)
	d.event(Event{Kind: Doubted})
	asked := map[sfaas.NodeID]bool{}
	for {
		left := false
		for _, node := range d.followers() {
			if asked[node] {
				continue
			}
			ctx, stop := context.WithTimeout(d.ctx, probeTime)
			asked[node] = d.node.Ping(ctx, node) == nil
			stop()
			left = left || !asked[node]
		}
		if !left {
			break
		}
		if !d.sleep(probeLast) {
			return
		}
	}
	d.rt.Stats() // the workers have read what came before
	for {
		old := d.floor.ended.Load()
		if old >= n || d.floor.ended.CompareAndSwap(old, n) {
			break
		}
	}
	d.event(Event{Kind: Settled})
}

// followers returns all nodes that stand by for units of this one.
func (d *Deployment) followers() (all []sfaas.NodeID) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, list := range d.follows {
		all = append(all, list...)
	}
	return all
}

// sleep waits, and reports false if the deployment ends meanwhile.
func (d *Deployment) sleep(t time.Duration) bool {
	select {
	case <-time.After(t):
		return true
	case <-d.ctx.Done():
		return false
	}
}
