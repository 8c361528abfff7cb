// SPDX-License-Identifier: Apache-2.0

package gossip

import (
	"cmp"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/memberlist"

	"github.com/neuroran/neuroran/placement"
	"github.com/neuroran/neuroran/placement/internal/wire"
	"github.com/neuroran/neuroran/sfaas"
)

// Config says where a member gossips, with whom, and how impatiently.
type Config struct {
	// Listen is where packets and streams of gossip come in, "host:port"; port 0 for any.
	Listen string
	// Seeds are addresses of that kind of other members.
	Seeds []string
	// Token encrypts what members say (AES-256-GCM); nil leaves it open.
	Token []byte

	// Pace is how often members are probed and how soon they are given up; the zero value
	// stands for [Default].
	Pace Pace
	// Logger hears what memberlist has to say; nil hears nothing.
	Logger *slog.Logger
}

// Pace is the speed of detection, and its price.
type Pace struct {
	Probe   time.Duration // between two probes
	Timeout time.Duration // of a probe, before others are asked
	Gossip  time.Duration // between two rounds of news
	Suspect int           // how many probes × log10(members) a suspicion lasts
}

// Default finds a dead member among thirty in 0.6 to 1.1 seconds.
func Default() Pace {
	return Pace{Probe: 100 * time.Millisecond, Timeout: 60 * time.Millisecond, Gossip: 40 * time.Millisecond, Suspect: 4}
}

// Counts is what a member has seen since it started.
type Counts struct {
	Found uint64 // members that were found
	Lost  uint64 // members that were lost
	False uint64 // of those, lives that were there again: they had not been dead
}

// Members is a [placement.Membership] by gossip. It is made for one node.
type Members struct {
	cfg  Config
	list *memberlist.Memberlist
	self placement.Member
	tell func(placement.Member, placement.MemberChange)

	found, lost, wrong atomic.Uint64
	mu                 sync.Mutex
	gone               map[placement.Member]bool // lives that were lost
	stop               chan struct{}
	wg                 sync.WaitGroup
	started, ended     bool
}

// New returns the membership for [placement.Config]. Nothing happens before the node joins.
func New(cfg Config) *Members {
	if cfg.Pace == (Pace{}) {
		cfg.Pace = Default()
	}
	return &Members{cfg: cfg, gone: map[placement.Member]bool{}, stop: make(chan struct{})}
}

// Start implements [placement.Membership]. It returns a [*sfaas.OptionError] where the
// membership is, or was, another node's: each has one of its own, and each life of it.
func (m *Members) Start(self placement.Member, tell func(placement.Member, placement.MemberChange)) error {
	m.mu.Lock()
	used := m.started || m.ended
	m.started = true
	m.mu.Unlock()
	if used {
		return &sfaas.OptionError{Option: "placement.Config.Membership", Got: "one that was started before", Want: "what gossip.New has returned for this node alone"}
	}
	m.self, m.tell = self, tell
	c, err := m.config()
	if err == nil {
		if m.list, err = memberlist.Create(c); err != nil {
			err = fmt.Errorf("gossip: %w", err)
		}
	}
	if err != nil {
		m.mu.Lock()
		m.started = false // it may be tried again
		m.mu.Unlock()
		return err
	}
	m.wg.Go(m.seek)
	return nil
}

// config returns the settings of memberlist: those for a local network, at another pace.
func (m *Members) config() (*memberlist.Config, error) {
	host, port, err := net.SplitHostPort(m.cfg.Listen)
	if err != nil {
		return nil, &sfaas.OptionError{Option: "gossip.Config.Listen", Got: fmt.Sprintf("%q", m.cfg.Listen), Want: "host:port"}
	}
	number, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return nil, &sfaas.OptionError{Option: "gossip.Config.Listen", Got: fmt.Sprintf("%q", m.cfg.Listen), Want: "a port from 0 to 65535"}
	}
	p := m.cfg.Pace
	if p.Probe <= 0 || p.Timeout <= 0 || p.Timeout > p.Probe || p.Gossip <= 0 || p.Suspect <= 0 {
		return nil, &sfaas.OptionError{Option: "gossip.Config.Pace", Got: fmt.Sprint(p), Want: "all above 0, and no timeout longer than a probe"}
	}
	c := memberlist.DefaultLANConfig()
	// Another life is another member, so that it need not outlive the memory of the last one.
	c.Name = fmt.Sprintf("%d.%d", m.self.Node, m.self.Incarnation)
	c.BindAddr, c.BindPort, c.AdvertisePort = cmp.Or(host, "0.0.0.0"), int(number), int(number)
	c.ProbeInterval, c.ProbeTimeout, c.GossipInterval, c.SuspicionMult = p.Probe, p.Timeout, p.Gossip, p.Suspect
	c.TCPTimeout = time.Second
	// News goes to a few members, a few times: of those who join at once one may miss it. It
	// has it with the next exchange of all that two members know.
	c.PushPullInterval = exchangeTime
	c.Delegate, c.Events = meta{m}, m
	c.Logger = log.New(logWriter{m.cfg.Logger}, "", 0)
	if len(m.cfg.Token) > 0 {
		key := sha256.Sum256(append([]byte("neuroran gossip\x00"), m.cfg.Token...))
		c.SecretKey = key[:]
	}
	return c, nil
}

// seek asks the seeds until one has answered, and again when nobody else is there. It asks
// them now and then all the same: two halves of a zone that have missed each other for long,
// as each began by itself or the network was cut, would not look for each other otherwise.
func (m *Members) seek() {
	answered, asked := false, time.Time{}
	for wait := 50 * time.Millisecond; ; wait = min(2*wait, 5*time.Second) {
		if len(m.cfg.Seeds) > 0 && (!answered || m.list.NumMembers() < 2 || time.Since(asked) > healTime) {
			n, _ := m.list.Join(m.cfg.Seeds) // they may come later
			answered, asked = answered || n > 0, time.Now()
		}
		select {
		case <-m.stop:
			return
		case <-time.After(wait):
		}
	}
}

// exchangeTime is between two exchanges of everything with some member; memberlist makes it
// longer in zones of more than 32.
const exchangeTime = 5 * time.Second

// healTime is after how long seeds are asked again that have answered before.
const healTime = 30 * time.Second

// Address returns where this member gossips, for others' seeds; "" before the node has joined.
func (m *Members) Address() string {
	if m.list == nil {
		return ""
	}
	return m.list.LocalNode().Address()
}

// Counts returns what this member has seen.
func (m *Members) Counts() Counts { return Counts{m.found.Load(), m.lost.Load(), m.wrong.Load()} }

// leaveTime is how long others may take to hear that a member leaves.
const leaveTime = 500 * time.Millisecond

// Leave implements [placement.Membership]. It is idempotent.
func (m *Members) Leave() error {
	if !m.end() || m.list == nil {
		return nil
	}
	err := m.list.Leave(leaveTime)
	if m.list.NumMembers() == 0 {
		err = nil // nobody is left who could hear it
	}
	return errors.Join(err, m.list.Shutdown())
}

// end stops what runs, once.
func (m *Members) end() bool {
	m.mu.Lock()
	first := !m.ended
	if first {
		m.ended = true
		close(m.stop)
	}
	m.mu.Unlock()
	m.wg.Wait()
	return first
}

// NotifyJoin implements memberlist.EventDelegate.
func (m *Members) NotifyJoin(n *memberlist.Node) {
	x, err := parseMember(n.Meta)
	if err != nil || x.Node == m.self.Node {
		return
	}
	m.found.Add(1)
	m.mu.Lock()
	if m.gone[x] {
		m.wrong.Add(1)
		delete(m.gone, x)
	}
	m.mu.Unlock()
	m.tell(x, placement.MemberFound)
}

// NotifyLeave implements memberlist.EventDelegate.
func (m *Members) NotifyLeave(n *memberlist.Node) {
	x, err := parseMember(n.Meta)
	if err != nil || x.Node == m.self.Node {
		return
	}
	m.lost.Add(1)
	if n.State == memberlist.StateDead { // and not on purpose
		m.mu.Lock()
		m.gone[x] = true
		m.mu.Unlock()
	}
	m.tell(x, placement.MemberLost)
}

// NotifyUpdate implements memberlist.EventDelegate: what members say of themselves stays.
func (m *Members) NotifyUpdate(*memberlist.Node) {}

// meta is what a member says of itself with each sign of life.
type meta struct{ m *Members }

func (d meta) NodeMeta(limit int) []byte {
	b := appendMember(nil, d.m.self)
	if len(b) > limit {
		return nil
	}
	return b
}
func (meta) NotifyMsg([]byte)                {}
func (meta) GetBroadcasts(int, int) [][]byte { return nil }
func (meta) LocalState(bool) []byte          { return nil }
func (meta) MergeRemoteState([]byte, bool)   {}

var errMember = errors.New("gossip: not a member")

// appendMember writes number, life and address.
func appendMember(b []byte, x placement.Member) []byte {
	w := wire.Writer{B: b}
	w.Uint(uint64(x.Node))
	w.Uint(uint64(x.Incarnation))
	w.Text(x.Address)
	return w.B
}

// parseMember reads what appendMember has written. It comes from the network.
func parseMember(b []byte) (x placement.Member, err error) {
	r := wire.Read(b, errMember)
	x = placement.Member{Node: sfaas.NodeID(r.Uint("number", maxNode)), Incarnation: r.Uint32("life"), Address: r.Text("address", maxAddress)}
	if r.Err() == nil && (x.Node == 0 || x.Address == "") {
		r.Fail("it is nobody, or nowhere")
	}
	return x, r.End()
}

// Bounds of what members say of themselves.
const (
	maxNode    = 4095
	maxAddress = 256
)

// logWriter brings memberlist's lines to a structured logger.
type logWriter struct{ to *slog.Logger }

func (w logWriter) Write(b []byte) (int, error) {
	if w.to == nil {
		return io.Discard.Write(b)
	}
	w.to.Debug("gossip: " + string(b))
	return len(b), nil
}
