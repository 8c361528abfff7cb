// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/neuroran/neuroran/internal/testvec"
	"github.com/neuroran/neuroran/sfaas"
)

// window is how many slots the function of the test app sums.
const window = 4

type number struct{ X uint64 }

type lastSlots struct{ X [window]uint64 }

// sums is an app of one soft part, whose output is the sum of the last slots: it needs
// them to be right after a move. Its sink lies behind a cut.
type sums struct {
	app *sfaas.App
	in  sfaas.Input[number]
	out sfaas.Output[number]
}

func newSums(t testing.TB) *sums { return newSumsOf(t, true, 0) }

// newSumsOf is newSums with its sink behind a cut or not, and with work for each slot.
func newSumsOf(t testing.TB, cut bool, work time.Duration) *sums {
	t.Helper()
	last := sfaas.NewValue[lastSlots]("last", sfaas.Volatile)
	add := sfaas.Define("add", func(c *sfaas.Ctx, out, in *number) error {
		x := last.Mut(c)
		x.X[c.Slot()%window] = in.X
		for begin := time.Now(); time.Since(begin) < work; { // it keeps its worker
		}
		out.X = 0
		for _, y := range x.X {
			out.X += y
		}
		return nil
	}, sfaas.FunctionConfig{History: window}, last)
	g := sfaas.NewGraph("sums")
	s := &sums{in: sfaas.Source[number](g, "in")}
	sum := sfaas.Apply(s.in, add)
	if cut {
		sum = sum.Cut("out")
	}
	s.out = sfaas.Sink(sum, "sums")
	var err error
	if s.app, err = g.Build(); err != nil {
		t.Fatal(err)
	}
	return s
}

// fakeControl is a node without letters: units are placed by the test.
type fakeControl struct {
	id sfaas.NodeID

	mu      sync.Mutex
	ensure_ func(c carrier, u sfaas.Unit) (uint32, error)
	mine    []uint32      // epochs of units that have come here
	theirs  []sfaas.Route // routes of others
}

func (f *fakeControl) ID() sfaas.NodeID { return f.id }

func (f *fakeControl) ensure(_ context.Context, c carrier, u sfaas.Unit) (uint32, func(bool), error) {
	if f.ensure_ == nil {
		return 0, nil, errors.New("nobody places units here")
	}
	epoch, err := f.ensure_(c, u)
	return epoch, func(bool) {}, err
}

func (f *fakeControl) release(context.Context, carrier, sfaas.Unit) (uint32, error) {
	return 0, errors.New("nobody places units here")
}

func (f *fakeControl) relocate(context.Context, carrier, sfaas.Unit, sfaas.NodeID) error {
	return errors.New("nobody moves units here")
}

func (f *fakeControl) suspected(sfaas.NodeID, bool) {}

func (f *fakeControl) owned(_ carrier, _ sfaas.Unit, epoch uint32) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.mine = append(f.mine, epoch)
}

func (f *fakeControl) routed(_ carrier, r sfaas.Route) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.theirs = append(f.theirs, r)
}

func (f *fakeControl) claimEpoch(after uint32) uint32 { return epochOf(after>>20+1, f.id, 0) }

func epochOf(era uint32, node sfaas.NodeID, moves uint32) uint32 {
	return era<<20 | uint32(node)<<8 | moves
}

var quietLog = slog.New(slog.NewTextHandler(io.Discard, nil))

// deploy deploys an app at a node of this process until the end of the test.
func deploy(t testing.TB, id sfaas.NodeID, app *sfaas.App, cfg Spec, opts ...DeployOption) *Deployment {
	t.Helper()
	return deployAt(t, &fakeControl{id: id}, app, cfg, opts...)
}

func deployAt(t testing.TB, ctl control, app *sfaas.App, cfg Spec, opts ...DeployOption) *Deployment {
	t.Helper()
	at := site{network: "tcp", host: "127.0.0.1", plain: true, token: []byte("token"), incarnation: uint32(time.Now().UnixNano() >> 20), log: quietLog}
	opts = append([]DeployOption{WithRuntime(sfaas.WithMode(sfaas.Replay), sfaas.WithWorkers(1))}, opts...)
	d, err := newDeployment(ctl, at, app, cfg, opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return d
}

// meet connects deployments with each other.
func meet(t testing.TB, all ...*Deployment) {
	t.Helper()
	for _, a := range all {
		for _, b := range all {
			if a != b {
				a.connect(b.ctl.ID(), b.address())
			}
		}
	}
	eventually(t, "all are connected", func() bool {
		return !slices.ContainsFunc(all, func(a *Deployment) bool {
			return slices.ContainsFunc(all, func(b *Deployment) bool { return a != b && !a.node.Connected(b.ctl.ID()) })
		})
	})
}

func eventually(t testing.TB, what string, holds func() bool) {
	t.Helper()
	for begin := time.Now(); !holds(); time.Sleep(time.Millisecond) {
		if time.Since(begin) > 30*time.Second {
			t.Fatalf("%s: not within 30 s", what)
		}
	}
}

// pump pushes a message a millisecond under cell1 until the test ends.
func (s *sums) pump(t testing.TB, into sfaas.Host) {
	var over atomic.Bool
	done := make(chan struct{})
	go func() {
		defer close(done)
		for n := sfaas.Slot(0); !over.Load(); n++ {
			_ = s.in.PushValue(into, cell1, n, &number{1})
			time.Sleep(time.Millisecond)
		}
	}()
	t.Cleanup(func() { over.Store(true); <-done })
}

// leavesNothing fails the test if goroutines of a deployment are left when it ends. It is
// called first.
func leavesNothing(t testing.TB) {
	t.Helper()
	testvec.LeavesNothing(t, "placement.(", "sfaas/peer.(", "beat.(", "internal/live.(")
}

// standbySpec is a deployment in which one node stands by.
func standbySpec() Spec {
	return Spec{Unit: sfaas.KindCell, Slot: time.Millisecond, SLA: SLA{Standbys: 1}}
}

var cell1 = sfaas.NewKey(sfaas.KindCell, 1)

const childEnv = "NEURORAN_PLACEMENT_CHILD"

// TestChild is a node in a process of its own: it does what it is told, a line at a time, and
// answers each with a line that begins with "+ ".
func TestChild(t *testing.T) {
	var id sfaas.NodeID
	var work time.Duration
	if _, err := fmt.Sscan(os.Getenv(childEnv), &id, &work); err != nil {
		t.Skip("other tests start it")
	}
	s := newSumsOf(t, work == 0, work)
	var mu sync.Mutex
	var out []published
	d := deploy(t, id, s.app, standbySpec(), WithOutput(s.out, func(h sfaas.Header, n *number) {
		mu.Lock()
		defer mu.Unlock()
		out = append(out, published{h.Slot, h.Epoch, n.X, time.Now()})
	}))
	u := sfaas.Unit{Part: "add", Root: cell1}
	ctx := context.Background()
	fmt.Println("\n+", d.address())
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		var node sfaas.NodeID
		var epoch uint32
		var text string
		var err error
		switch words := strings.SplitN(in.Text(), " ", 3); words[0] {
		case "connect":
			fmt.Sscan(words[1], &node)
			d.connect(node, words[2])
		case "own":
			fmt.Sscan(words[1], &epoch)
			err = d.own(ctx, u, epoch)
		case "prepare":
			fmt.Sscan(words[1], &node)
			err = d.prepare(ctx, u, node, 0)
		case "follow":
			fmt.Sscan(words[1], &node)
			d.follow(u, []sfaas.NodeID{node})
		case "move":
			fmt.Sscan(words[1], &node)
			_, err = d.move(ctx, u, node)
		case "published": // of what has come since a moment, and how much has been refused
			var since int64
			fmt.Sscan(words[1], &since)
			mu.Lock()
			n := 0
			for _, p := range out {
				if p.at.UnixNano() >= since {
					n++
				}
			}
			text = fmt.Sprint(n, " ", len(out), " ", d.Refused())
			mu.Unlock()
		case "owns":
			r, _ := d.rt.Route(u)
			text = fmt.Sprint(r.Owner == id, " ", r.Epoch)
		}
		if err != nil {
			text = err.Error()
		}
		fmt.Println("+", text)
	}
}

// child is such a process, seen from the test.
type child struct {
	t   testing.TB
	id  sfaas.NodeID
	at  string
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Scanner
}

func startChild(t testing.TB, id sfaas.NodeID, work time.Duration) *child {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := &child{t: t, id: id, cmd: exec.Command(exe, "-test.run", "^TestChild$")}
	c.cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%d %d", childEnv, id, work))
	c.cmd.Stderr = os.Stderr
	if c.in, err = c.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := c.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.cmd.Process.Kill(); _ = c.cmd.Wait() })
	c.out = bufio.NewScanner(out)
	c.at = c.next()
	return c
}

func (c *child) next() string {
	for c.out.Scan() {
		if text, ok := strings.CutPrefix(c.out.Text(), "+"); ok {
			return strings.TrimSpace(text)
		}
	}
	c.t.Fatalf("node %d has ended", c.id)
	return ""
}

func (c *child) ask(format string, args ...any) string {
	c.t.Helper()
	if _, err := fmt.Fprintf(c.in, format+"\n", args...); err != nil {
		c.t.Fatal(err)
	}
	return c.next()
}

// do is ask for what has no answer but an error.
func (c *child) do(format string, args ...any) {
	c.t.Helper()
	if err := c.ask(format, args...); err != "" {
		c.t.Fatalf("node %d: "+format+": %s", append([]any{c.id}, append(args, err)...)...)
	}
}
