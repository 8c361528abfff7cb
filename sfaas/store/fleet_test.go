// SPDX-License-Identifier: Apache-2.0

package store

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/neuroran/neuroran/sfaas"
	"github.com/neuroran/neuroran/sfaas/peer"
)

// A fleet is three processes, each with a store, that are connected over Unix sockets.
// Instances are shared out to three parts of which each node owns one at first; every node
// pushes to instances of another one, commands go from any to any, and each node moves
// instances that it owns to others now and then.
const (
	fleetNodes     = 3
	fleetInstances = 90
)

// fleetNode is one of the processes. In the last life it pushes nothing more, tells what
// it has pushed, and asks those instances what they have counted; the node that owns one
// tells the answer.
func fleetNode(root string, id int, last bool) error {
	w, err := newSmoke(fleetNodes)
	if err != nil {
		return err
	}
	opts := []sfaas.Option{sfaas.WithNode(sfaas.NodeID(id))}
	for i := range fleetNodes {
		opts = append(opts, sfaas.WithDefaultOwner(sfaas.NodeID(i+1), partName(i)))
	}
	var line sync.Mutex
	say := func(args ...any) {
		line.Lock()
		defer line.Unlock()
		fmt.Println(args...)
	}
	say("begins", id)
	rt, _, err := w.recover(filepath.Join(root, fmt.Sprint("node", id)), func(r report) { say("count", r.Instance, r.Count) }, opts...)
	if err != nil {
		return err
	}
	if err := connect(rt, root, id); err != nil {
		return err
	}
	pushed := w.pushed(rt, fleetInstances)
	say("recovered", id)
	if last {
		for to, n := range pushed {
			if pushes(to) == id {
				say("pushed", to, n)
			}
		}
	}
	if !last {
		go moveAway(rt, id, say)
	}
	for {
		for to := range pushed {
			if pushes(to) != id {
				continue
			}
			if _, err := w.push(rt, uint64(to), pushed, last); err != nil {
				return err
			}
		}
		time.Sleep(2 * time.Millisecond)
		if last {
			time.Sleep(100 * time.Millisecond)
		}
	}
}

// moveAway moves instances that a node owns to other nodes, one after the other, and tells
// of those that have moved.
func moveAway(rt *sfaas.Runtime, id int, say func(...any)) {
	for random := rand.New(rand.NewPCG(uint64(id), uint64(time.Now().UnixNano()))); ; {
		time.Sleep(time.Duration(10+random.IntN(200)) * time.Millisecond)
		to := random.Uint64N(fleetInstances)
		u := sfaas.Unit{Part: partName(int(to % fleetNodes)), Root: sfaas.NewKey(sfaas.KindCell, to)}
		node := sfaas.NodeID(1 + random.IntN(fleetNodes))
		if r, err := rt.Route(u); err != nil || int(r.Owner) != id || node == r.Owner {
			continue
		}
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		if _, err := rt.MoveUnit(ctx, u, node, sfaas.MoveConfig{}); err == nil {
			say("moved", to, node)
		}
		cancel()
	}
}

// pushes returns the node that pushes to an instance, which is not the one that owns it at
// first.
func pushes(to int) int { return (to+1)%fleetNodes + 1 }

// connect listens for the other nodes, and dials those with lower numbers.
func connect(rt *sfaas.Runtime, root string, id int) error {
	n, err := peer.New(rt, peer.Config{Backoff: time.Millisecond, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return err
	}
	socket := func(id int) string { return filepath.Join(root, fmt.Sprint("socket", id)) }
	if err := os.Remove(socket(id)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if _, err := n.Listen("unix", socket(id)); err != nil {
		return err
	}
	for other := 1; other < id; other++ {
		go func() { _, _ = n.Dial(context.Background(), "unix", socket(other)) }()
	}
	return nil
}

// fleet is what the test sees of the processes.
type fleet struct {
	t     *testing.T
	root  string
	env   string // names the folder to the children, and so what they are to do
	nodes []*exec.Cmd
	lines chan string
	moves int // of which nodes have told
	wg    sync.WaitGroup
}

// launch starts a node, and returns what it says of itself: that it begins to recover, and that
// it has.
func (f *fleet) launch(id int, last bool) (heard <-chan string) {
	f.t.Helper()
	program, err := os.Executable()
	if err != nil {
		f.t.Fatal(err)
	}
	cmd := exec.Command(program)
	cmd.Env = append(os.Environ(), f.env+"="+f.root, fmt.Sprintf("%s=%d", fleetIDEnv, id))
	if last {
		cmd.Env = append(cmd.Env, lastEnv+"=1")
	}
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		f.t.Fatal(err)
	}
	f.nodes[id-1] = cmd
	says := make(chan string, 2)
	f.wg.Go(func() {
		for s := bufio.NewScanner(out); s.Scan(); {
			if line := s.Text(); line == fmt.Sprint("begins ", id) || line == fmt.Sprint("recovered ", id) {
				says <- line
			} else {
				f.lines <- line
			}
		}
		close(says)
	})
	return says
}

// start starts a node and waits until it has recovered.
func (f *fleet) start(id int, last bool) {
	f.t.Helper()
	heard := f.launch(id, last)
	if <-heard; <-heard == "" {
		f.t.Fatalf("node %d has ended before it recovered: %v", id, f.nodes[id-1].Wait())
	}
}

// startInVain starts a node and kills it some time after it has begun to recover.
func (f *fleet) startInVain(id int, after time.Duration) {
	f.t.Helper()
	if <-f.launch(id, false) == "" {
		f.t.Fatalf("node %d has ended before it recovered: %v", id, f.nodes[id-1].Wait())
	}
	time.Sleep(after)
	f.kill(id)
}

// kill kills nodes at once, and waits for their ends.
func (f *fleet) kill(ids ...int) {
	for _, id := range ids {
		if cmd := f.nodes[id-1]; cmd != nil {
			_ = cmd.Process.Kill()
		}
	}
	for _, id := range ids {
		if cmd := f.nodes[id-1]; cmd != nil {
			_ = cmd.Wait()
			f.nodes[id-1] = nil
		}
	}
}

// all returns the numbers of the nodes.
func (f *fleet) all() (ids []int) {
	for i := range f.nodes {
		ids = append(ids, i+1)
	}
	return ids
}

// freeze stops a node for a while: it lives, and does nothing.
func (f *fleet) freeze(id int, d time.Duration, meanwhile func()) {
	p := f.nodes[id-1].Process
	if err := p.Signal(syscall.SIGSTOP); err != nil {
		f.t.Fatal(err)
	}
	begin := time.Now()
	meanwhile()
	time.Sleep(d - time.Since(begin))
	if err := p.Signal(syscall.SIGCONT); err != nil {
		f.t.Fatal(err)
	}
}

// newFleet starts nodes that live until the end of the test at most.
func newFleet(t *testing.T, env string, nodes int) *fleet {
	t.Helper()
	root, err := os.MkdirTemp("", "fleet") // a socket has a short name
	if err != nil {
		t.Fatal(err)
	}
	f := &fleet{t: t, root: root, env: env, nodes: make([]*exec.Cmd, nodes), lines: make(chan string, 1<<16)}
	t.Cleanup(func() {
		f.kill(f.all()...)
		f.wg.Wait()
		os.RemoveAll(root)
	})
	for i := range f.nodes {
		f.start(i+1, false)
	}
	return f
}

// TestFleet kills the nodes of a fleet at any moment, and starts them again while the others
// go on, and instances move between them: one node, all at once, one again and again while it
// recovers, and one while another one is stopped. In the end every counter is exact. Nine
// kills, or, with NEURORAN_LONG, a hundred, and twenty moves at least.
func TestFleet(t *testing.T) {
	kills, least := 9, 1
	if os.Getenv("NEURORAN_LONG") != "" {
		kills, least = 100, 20
	}
	f := newFleet(t, fleetEnv, fleetNodes)
	random := rand.New(rand.NewPCG(9, 1))
	upTo := func(ms int) time.Duration { return time.Duration(random.IntN(1000*ms)) * time.Microsecond }
	for i := range kills {
		time.Sleep(20*time.Millisecond + upTo(200))
		id := 1 + random.IntN(fleetNodes)
		again := func() {
			f.kill(id)
			time.Sleep(upTo(50))
			f.start(id, false)
		}
		switch i % 6 {
		case 1:
			f.kill(f.all()...)
			for _, id := range f.all() {
				f.start(id, false)
			}
		case 3:
			f.kill(id)
			for range 1 + random.IntN(4) {
				f.startInVain(id, upTo(30))
			}
			f.start(id, false)
		case 5:
			f.freeze(id%fleetNodes+1, 300*time.Millisecond, again)
		default:
			again()
		}
	}
	f.kill(f.all()...)
	for id := 1; id <= fleetNodes; id++ {
		f.start(id, true)
	}
	total, err := f.compare()
	if err != nil {
		t.Fatal(err)
	}
	if f.moves < least {
		t.Errorf("%d moves, want %d", f.moves, least)
	}
	t.Logf("kills=%d commands=%d moves=%d", kills, total, f.moves)
}

// compare waits until all instances have counted what they must.
func (f *fleet) compare() (total uint64, err error) {
	pushed, count := make([]uint64, fleetInstances), make([]uint64, fleetInstances)
	var want []uint64
	known := 0
	deadline := time.After(60 * time.Second)
	for {
		select {
		case line := <-f.lines:
			var what string
			var to, n uint64
			if _, err := fmt.Sscan(line, &what, &to, &n); err != nil {
				return 0, fmt.Errorf("a node says %q", line)
			}
			if what == "moved" {
				f.moves++
				continue
			}
			if what == "pushed" {
				pushed[to] = n
				total += n
				if known++; known == fleetInstances {
					want = wanted(pushed)
				}
				continue
			}
			count[to] = max(count[to], n)
		case <-deadline:
			return 0, fmt.Errorf("counted are\n%d, want\n%d", count, want)
		}
		if want == nil {
			continue
		}
		equal := true
		for to := range count {
			if count[to] > want[to] {
				return 0, fmt.Errorf("instance %d has counted %d, want %d", to, count[to], want[to])
			}
			equal = equal && count[to] == want[to]
		}
		if equal {
			return total, nil
		}
	}
}
