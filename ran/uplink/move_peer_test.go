// SPDX-License-Identifier: Apache-2.0

package uplink_test

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/ran/block"
	"github.com/neuroran/neuroran/ran/uplink"
	"github.com/neuroran/neuroran/sfaas"
	"github.com/neuroran/neuroran/sfaas/peer"
)

const peerEnv = "NEURORAN_UPLINK_PEER"

// site is one process of two between which a cell moves.
type site struct {
	rt   *sfaas.Runtime
	node *peer.Node
	c    *uplink.Chain
	unit sfaas.Unit
	key  sfaas.Key

	mu  sync.Mutex
	got outcome
}

func newSite(t *testing.T, f *frame, id_ sfaas.NodeID) *site {
	t.Helper()
	s := &site{c: f.chain(t, uplink.Config{Receiver: "ls"}), got: outcome{}, key: block.CellKey(f.cfg.Carrier.CellID)}
	var err error
	s.rt, err = sfaas.NewRuntime(s.c.App, sfaas.WithNode(id_), sfaas.WithDefaultOwner(1), sfaas.WithMode(sfaas.Replay), sfaas.WithSourceLimit(1<<16),
		sfaas.WithLogger(slog.New(slog.NewTextHandler(io.Discard, nil))),
		sfaas.WithOutput(s.c.Out, func(_ sfaas.Header, tb *block.TransportBlock) {
			s.mu.Lock()
			defer s.mu.Unlock()
			k := id{tb.Slot, tb.RNTI, tb.HARQ}
			if _, twice := s.got[k]; twice {
				t.Errorf("%+v came out twice", k)
			}
			s.got[k] = bitsOf(tb)
		}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.rt.Close() })
	if s.node, err = peer.New(s.rt, peer.Config{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.node.Close() })
	if s.unit, err = s.c.App.Unit("phy/extract", s.key); err != nil {
		t.Fatal(err)
	}
	return s
}

// lost counts what was dropped, and refused as of another owner.
func (s *site) lost() (n uint64) {
	for _, x := range s.rt.Stats() {
		n += x.Dropped + x.Stale + x.Faults // a later transmission without the first one fails
	}
	return n
}

func (s *site) move(to sfaas.NodeID, mode sfaas.MoveMode) error {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	_, err := s.rt.MoveUnit(ctx, s.unit, to, sfaas.MoveConfig{Mode: mode})
	return err
}

// TestUplinkPeer is the second process: it does what it is told.
func TestUplinkPeer(t *testing.T) {
	address := os.Getenv(peerEnv)
	if address == "" {
		t.Skip("TestMovingBetweenProcesses starts it")
	}
	f := openFrame(t)
	f.cfg.HARQSlots = len(f.slots)
	s := newSite(t, f, 2)
	if _, err := s.node.Listen("unix", address); err != nil {
		t.Fatal(err)
	}
	fmt.Println("\n+ ready")
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		var mode sfaas.MoveMode
		if n, _ := fmt.Sscanf(in.Text(), "move %d", &mode); n == 1 {
			fmt.Println("+", s.move(1, mode))
			continue
		}
		s.mu.Lock()
		for k, sum := range s.got {
			fmt.Printf("+ block %d %d %d %x\n", k.Slot, k.RNTI, k.HARQ, sum)
		}
		s.mu.Unlock()
		fmt.Println("+ lost", s.lost())
	}
}

// other is the second process, seen from the first one.
type other struct {
	t   *testing.T
	in  io.WriteCloser
	out *bufio.Scanner
}

func startOther(t *testing.T, address string) *other {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(exe, "-test.run", "^TestUplinkPeer$")
	cmd.Env = append(os.Environ(), peerEnv+"="+address)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	o := &other{t, in, bufio.NewScanner(out)}
	if o.next() != "ready" {
		t.Fatal("the other process is not ready")
	}
	return o
}

// next returns the next line that is for us.
func (o *other) next() string {
	for o.out.Scan() {
		if text, ok := strings.CutPrefix(o.out.Text(), "+ "); ok {
			return text
		}
	}
	o.t.Fatal("the other process has ended")
	return ""
}

func (o *other) ask(what string) string {
	if _, err := fmt.Fprintln(o.in, what); err != nil {
		o.t.Fatal(err)
	}
	return o.next()
}

// TestMovingBetweenProcesses is TestMovingCell with two processes, a Unix socket between
// them, and the clock of this machine.
func TestMovingBetweenProcesses(t *testing.T) {
	f := openFrame(t)
	f.cfg.HARQSlots = len(f.slots)
	frames := 6
	if os.Getenv("NEURORAN_LONG") != "" {
		frames = 60
	}
	want, _, _ := moving(t, f, frames, nil)
	for _, mode := range []sfaas.MoveMode{sfaas.Fed, sfaas.Kept, sfaas.Soft} {
		t.Run(mode.String(), func(t *testing.T) {
			address := filepath.Join(t.TempDir(), "s")
			o, s := startOther(t, address), newSite(t, f, 1)
			ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
			defer cancel()
			if _, err := s.node.Dial(ctx, "unix", address); err != nil {
				t.Fatal(err)
			}
			stop, moved := make(chan struct{}), make(chan int)
			go func() { moved <- s.shuttle(t, o, mode, stop) }()
			for n := range frames * len(f.slots) {
				slot, schedule := f.slots[n%len(f.slots)], f.schedules[n%len(f.slots)]
				slot.Slot = nr.Slot(n)
				schedule.Set(nr.Slot(n), schedule.Grants...)
				err := errors.Join(s.c.Grants.PushValue(s.rt, s.key, sfaas.Slot(n), &schedule), s.c.Slots.PushValue(s.rt, s.key, sfaas.Slot(n), &slot))
				if err != nil {
					t.Fatal(err)
				}
				time.Sleep(4 * time.Millisecond)
			}
			close(stop)
			moves := <-moved
			s.compare(t, o, want, moves, mode)
		})
	}
}

// shuttle moves the cell to and fro until stop is closed.
func (s *site) shuttle(t *testing.T, o *other, mode sfaas.MoveMode, stop chan struct{}) (moves int) {
	for ; ; moves++ {
		select {
		case <-stop:
			return moves
		case <-time.After(5 * time.Millisecond):
		}
		var text string
		if moves%2 == 0 {
			text = fmt.Sprint(s.move(2, mode))
		} else {
			text = o.ask(fmt.Sprintf("move %d", mode))
		}
		if text == "<nil>" {
			continue
		}
		select {
		case <-stop: // the last one, of which no slot comes any more
			return moves
		default:
			t.Errorf("move %d: %s", moves, text)
			return moves
		}
	}
}

// compare looks at what has come out of both processes, when all that is under way has.
func (s *site) compare(t *testing.T, o *other, want outcome, moves int, mode sfaas.MoveMode) {
	var (
		got     outcome
		there   int
		counted uint64
		absent  int
	)
	for end := time.Now().Add(5 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		got, there, counted = s.collect(t, o)
		absent = 0
		for k := range want {
			if _, ok := got[k]; !ok {
				absent++
			}
		}
		if absent == 0 || mode != sfaas.Fed && counted > 0 || time.Now().After(end) {
			break
		}
	}
	failed := 0
	for k, sum := range want {
		switch other, ok := got[k]; {
		case !ok:
		case other == ([sha256.Size]byte{}) && sum != other:
			failed++
		case other != sum:
			t.Errorf("%+v has other bits", k)
		}
	}
	t.Logf("blocks=%d here=%d there=%d moves=%d absent=%d failed=%d counted=%d", len(want), len(got)-there, there, moves, absent, failed, counted)
	switch {
	case there == 0: // the last move ends after the last slot, and is not counted
		t.Errorf("%d moves, no blocks there", moves)
	case mode == sfaas.Fed && absent+failed > 0:
		t.Errorf("%d blocks are lost, %d fail", absent, failed)
	case absent > 0 && counted == 0:
		t.Errorf("%d blocks are lost, and nothing is counted", absent)
	}
}

// collect returns what has come out of both processes so far, how much of it of the other one, and
// what both count as lost.
func (s *site) collect(t *testing.T, o *other) (got outcome, there int, counted uint64) {
	counted = s.lost()
	s.mu.Lock()
	got = maps.Clone(s.got)
	s.mu.Unlock()
	text := o.ask("blocks")
	for ; !strings.HasPrefix(text, "lost"); text = o.next() {
		var k id
		var sum string
		if _, err := fmt.Sscanf(text, "block %d %d %d %s", &k.Slot, &k.RNTI, &k.HARQ, &sum); err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		var bits [sha256.Size]byte
		if _, err := hex.Decode(bits[:], []byte(sum)); err != nil {
			t.Fatal(err)
		}
		if _, twice := got[k]; twice {
			t.Errorf("%+v came out of both processes", k)
		}
		got[k] = bits
		there++
	}
	var more uint64
	if _, err := fmt.Sscanf(text, "lost %d", &more); err != nil {
		t.Fatal(err)
	}
	return got, there, counted + more
}
