// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"net"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/neuroran/neuroran/placement/internal/agent"
	"github.com/neuroran/neuroran/placement/meter"
	"github.com/neuroran/neuroran/placement/resource"
	"github.com/neuroran/neuroran/sfaas"
	"github.com/neuroran/neuroran/sfaas/peer"
)

// Node is this process's place in a zone: its agent, what the agent knows of others, and
// the deployments that this process can run.
//
// All methods may be called concurrently.
type Node struct {
	cfg         Config
	log         *slog.Logger
	id          sfaas.NodeID
	incarnation uint32
	at          string // what others dial
	place       site

	rt      *sfaas.Runtime // of the control app
	peer    *peer.Node
	letters sfaas.Input[envelope]
	rowsIn  sfaas.Input[zoneRows]
	agents  sfaas.Reference[envelope]
	handles sync.Mutex // by the control app's function, which touches the agent alone: see handle
	agent   *agent.Agent
	books   *books
	thinker *thinker // the agent's too
	usage   *meter.Ledger
	meters  *meters
	files   *files
	out     []agent.Effect
	in      agent.Letter

	mail  mailbox
	lines lines
	tells lines // to functions of the program: nothing of the node waits for them

	mu         sync.Mutex
	cards      map[sfaas.NodeID]*card  // what members say of themselves
	linked     map[sfaas.NodeID]uint32 // connections, with the life of the other end
	greeted    map[sfaas.NodeID]uint32 // who has written, and so has taken this node in
	outlived   uint32                  // a life of this node that is not before this one, as another node says
	turn       int                     // of members that are shown all cards
	dialled    map[string]*dialled
	complained map[string]time.Time // about what, and when last
	carriers   map[uint32]carrier   // by what agents call them
	lastToken  uint64
	waiting    map[uint64]chan agent.Effect // answers, by token
	heard      chan struct{}                // closed, and replaced, when members change
	drained    chan struct{}                // closed when nothing is here any more
	stuck      map[agent.UnitID]agent.Effect

	names    map[agent.UnitID]unitName // of units of which the agent has a row
	modes    map[agent.UnitID]int8     // of units that this node owns
	used     map[agent.UnitID]usage    // by measure, of units that this node owns
	busy     atomic.Int64              // millionths of a core that units were busy on
	drawn    resource.Sensor           // by measure
	hop      hop
	joining  bool  // Join has not returned
	checks   int   // nodes of this number that are being dialled
	barred   error // why the node must not be: another one that lives has the number, or a later life is known
	leaving  bool  // units go, and nothing new comes
	left     bool
	tellNext int    // whose turn it is to be told of usage; of the beat alone
	tellTurn uint64 // rounds
	budgets  budgets

	ctx   context.Context // ends with the node
	stop  context.CancelFunc
	wg    sync.WaitGroup
	once  sync.Once
	ended chan struct{} // closed when Leave has ended
	end   error         // of it
}

// How often an agent thinks about its own units, and for how long one that has moved stays.
const (
	thinkPeriod = time.Second
	settleTime  = 3 * time.Second
)

// joinPatience is for how long Join waits for a seed to answer, and for those that it knows.
const joinPatience = time.Second

// Join makes this process a node of a zone. It returns when a seed, and all members that it
// knows, have taken the node in; or after a second, or when ctx ends: members that come later
// are found then.
//
// It returns a [*sfaas.OptionError] for a Config that cannot be, a [*peer.TakenError] that says
// where another node is that lives and has the number, and what the network or the certificate
// has against it. The caller ends the node by [Node.Leave].
//
// Of two nodes of one number that have joined while the zone was cut the one of the earlier life
// ends by itself when they hear of each other: calls return an error that is both [ErrLeft] and
// a [*peer.TakenError] then, and Leave returns the latter. A node that hears only after it has
// joined that the zone knows a later life of it, since its clock was set back, ends so with a
// [*sfaas.LifeError]; joining again helps.
func Join(ctx context.Context, cfg Config) (*Node, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	for after := uint32(0); ; {
		n, last, err := begin(ctx, cfg, after)
		if err != nil {
			return nil, fmt.Errorf("placement: join: %w", err)
		}
		if last > 0 {
			n.shut()
			if ctx.Err() != nil {
				return nil, fmt.Errorf("placement: join: %w", &sfaas.LifeError{Node: n.id, Life: n.incarnation, Last: last})
			}
			n.log.Warn("placement: the zone knows a later life of this node: its clock may have been set back; it begins again after that", "life", n.incarnation, "later", last)
			after = last
			continue
		}
		if m := cfg.Membership; m != nil {
			if err := m.Start(Member{n.id, n.incarnation, n.at}, n.onMembership); err != nil {
				n.shut()
				return nil, fmt.Errorf("placement: join: %w", err)
			}
		}
		return n, nil
	}
}

// begin begins a life of a node, after one that is known if that is not 0, and looks for others.
// Outlived is not 0 if they know a life after that which is not before the new one.
func begin(ctx context.Context, cfg Config, after uint32) (n *Node, outlived uint32, err error) {
	n = &Node{
		cfg: cfg, log: cfg.Logger, joining: true, cards: map[sfaas.NodeID]*card{}, linked: map[sfaas.NodeID]uint32{}, greeted: map[sfaas.NodeID]uint32{}, dialled: map[string]*dialled{}, complained: map[string]time.Time{},
		carriers: map[uint32]carrier{}, waiting: map[uint64]chan agent.Effect{},
		heard: make(chan struct{}), drained: make(chan struct{}), ended: make(chan struct{}), stuck: map[agent.UnitID]agent.Effect{}, used: map[agent.UnitID]usage{}, names: map[agent.UnitID]unitName{}, modes: map[agent.UnitID]int8{},
	}
	n.log = cmp.Or(n.log, slog.Default())
	n.cfg.Round = cmp.Or(n.cfg.Round, 20*time.Millisecond)
	n.ctx, n.stop = context.WithCancel(context.Background())
	if err := n.open(after); err != nil {
		n.shut()
		return nil, 0, err
	}
	n.seek(ctx)
	if outlived, err = n.admitted(after); err != nil {
		n.shut()
		return nil, 0, err
	}
	return n, outlived, nil
}

// open starts the control app and all that drives it.
//
// The number of a node may follow from its address, and that from the socket; so there is a
// socket before there is a number, and it is closed again at once: between the two another
// process may take its port, and then the second Listen says so.
func (n *Node) open(after uint32) (err error) {
	network, address := splitNetwork(n.cfg.Listen)
	if network == "tcp" {
		l, err := net.Listen("tcp", address)
		if err != nil {
			return err
		}
		address, n.at = l.Addr().String(), n.cfg.advertised(l.Addr())
		l.Close()
	} else {
		n.at = cmp.Or(n.cfg.Advertise, n.cfg.Listen)
	}
	if n.id, err = n.cfg.number(n.at); err != nil {
		return err
	}
	n.log = n.log.With("node", n.id)
	if err := n.startRuntime(after); err != nil {
		return err
	}
	host := filepath.Dir(address)
	if network == "tcp" {
		host, _, _ = net.SplitHostPort(n.at)
	}
	n.place = site{network: network, host: host, tls: n.cfg.TLS, plain: n.cfg.plain(), token: n.cfg.Token, incarnation: n.incarnation, log: n.log}
	if n.books, err = newBooks(n); err != nil {
		return err
	}
	n.drawn = resource.OpenSensor(resource.LocalHost(), sfaas.Now(), n.cfg.Resources.Power)
	if n.meters, err = newMeters(n.id, &n.cfg, n.cores()); err != nil {
		return err
	}
	n.usage, n.place.meters = n.meters.usage, n.meters
	n.files = newFiles(&n.cfg, func(to sfaas.NodeID, b []byte) error { return n.push(to, classFile, b) }, n.others)
	think := int(thinkPeriod / n.cfg.Round)
	if n.cfg.KeepPlaces {
		think = 0
	}
	n.thinker = &thinker{seed: uint64(n.id)}
	n.agent, err = agent.New(agent.Config{
		Node: n.id, Incarnation: n.incarnation, Round: n.cfg.Round, Seed: uint64(n.incarnation), Settle: settleTime,
		Ledger: n.books, Planner: policy{n.thinker, n.log}, ThinkRounds: think,
	})
	if err != nil {
		return err
	}
	n.cards[n.id] = &card{Member: Member{n.id, n.incarnation, n.at}, version: 1}
	if err := n.startPeer(network, address); err != nil {
		return err
	}
	// From here on the agent's function runs.
	if err := n.rt.Claim(sfaas.Unit{Part: agentFunction, Root: nodeKey(n.id)}, n.incarnation); err != nil {
		return err
	}
	n.tellResources()
	n.wg.Go(n.beat)
	n.wg.Go(func() { n.meters.run(n.ctx) })
	n.wg.Go(func() { n.files.run(n.ctx, n.log) })
	return nil
}

// ID returns the number of the node.
func (n *Node) ID() sfaas.NodeID { return n.id }

// Address returns what others dial, and name as a seed.
func (n *Node) Address() string { return n.at }

// site is where deployments of this node are.
func (n *Node) site() site { return n.place }

// Runtime returns the runtime of the control app, for who wants to look: agents and the
// planner are functions of it, counted as all others are.
func (n *Node) Runtime() *sfaas.Runtime { return n.rt }

// beat is the clock of the agent: it ticks once per round, and less often looks at what the
// node and its units take.
func (n *Node) beat() {
	ticker := time.NewTicker(n.cfg.Round)
	defer ticker.Stop()
	looked, told, planned := time.Now(), time.Now(), time.Now()
	for {
		select {
		case <-ticker.C:
		case <-n.ctx.Done():
			return
		}
		n.post(agent.Event{Kind: agent.Tick})
		n.tellUsage(sfaas.Now())
		n.tellBudgets()
		if now := time.Now(); now.Sub(looked) >= time.Second {
			looked = now
			n.measure()
			n.meters.rate(sfaas.Now())
			n.tellResources()
			n.ping()
		}
		if now := time.Now(); now.Sub(planned) >= planPeriod {
			planned = now
			n.keepPlanner()
			n.tellPlanner()
		}
		if now := time.Now(); now.Sub(told) >= cardPeriod {
			told = now
			n.repeatCards()
			n.redial()
		}
	}
}

// shut ends everything that open has begun. No goroutine is left, but in functions of the
// program that wait for it.
func (n *Node) shut() error {
	n.stop()
	n.mu.Lock()
	n.left = true
	n.mu.Unlock()
	if n.rt != nil {
		n.rt.Close()
	}
	if n.peer != nil {
		n.peer.Close()
	}
	return awaitProgram(func() {
		n.lines.wait()
		n.wg.Wait()
		n.tells.wait()
	})
}
