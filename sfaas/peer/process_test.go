// SPDX-License-Identifier: Apache-2.0

package peer_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/neuroran/neuroran/sfaas"
	"github.com/neuroran/neuroran/sfaas/peer"
)

const childEnv = "NEURORAN_PEER_CHILD"

// TestMain runs the test binary as the other process, too.
func TestMain(m *testing.M) {
	if address := os.Getenv(childEnv); address != "" {
		child(address)
		return
	}
	os.Exit(m.Run())
}

// child is node 2 of the relay. It listens, and says how much it has counted when it is
// asked.
func child(address string) {
	var t testing.T
	x := newRelay(&t)
	rt, err := sfaas.NewRuntime(x.app, sfaas.WithNode(2), sfaas.WithDefaultOwner(2), sfaas.WithDefaultOwner(1, "pass"),
		sfaas.WithWorkers(2), sfaas.WithMode(sfaas.Replay), sfaas.WithLogger(quiet), x.hears())
	if err != nil {
		fmt.Println(err)
		return
	}
	n, err := peer.New(rt, peer.Config{Plain: true, Logger: quiet})
	if err != nil {
		fmt.Println(err)
		return
	}
	network := "unix"
	if strings.Contains(address, ":") {
		network = "tcp"
	}
	at, err := n.Listen(network, address)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("at", at)
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		fmt.Println(x.total())
	}
	err = errors.Join(rt.Close(), n.Close())
	fmt.Println("closed", err)
}

// process is a child that runs.
type process struct {
	t   testing.TB
	cmd *exec.Cmd
	in  interface{ Close() error }
	ask func() (string, bool)
	at  string
}

func startChild(t testing.TB, address string) *process {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(exe)
	cmd.Env = append(os.Environ(), childEnv+"="+address)
	cmd.Stderr = os.Stderr
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
	lines := bufio.NewScanner(out)
	if !lines.Scan() || !strings.HasPrefix(lines.Text(), "at ") {
		t.Fatalf("child: %q", lines.Text())
	}
	return &process{t, cmd, in, func() (string, bool) {
		if _, err := fmt.Fprintln(in); err != nil {
			return "", false
		}
		ok := lines.Scan()
		return lines.Text(), ok
	}, strings.TrimPrefix(lines.Text(), "at ")}
}

// total returns what the child has counted.
func (p *process) total() uint64 {
	text, ok := p.ask()
	n, err := strconv.ParseUint(text, 10, 64)
	if !ok || err != nil {
		p.t.Fatalf("child: %q", text)
	}
	return n
}

// TestTwoProcesses runs the relay in two processes, over Unix sockets and TCP: messages,
// calls, and units that move in both directions.
func TestTwoProcesses(t *testing.T) {
	for _, network := range []string{"unix", "tcp"} {
		t.Run("network="+network, func(t *testing.T) {
			leavesNothing(t)
			address := "127.0.0.1:0"
			if network == "unix" {
				address = filepath.Join(t.TempDir(), "s")
			}
			p := startChild(t, address)
			x := newRelay(t)
			a := x.start(t, 1)
			dial(t, newNode(t, a, peer.Config{Plain: true}), network, p.at)
			const keys, each = 8, 100
			ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
			defer cancel()
			for i := range uint64(each) {
				for k := range uint64(keys) {
					push(t, x.in, a, sfaas.NewKey(sfaas.KindCell, k), sfaas.Slot(i), 1)
				}
				if i == each/2 { // "pass" of half of the cells goes there
					for k := range uint64(keys / 2) {
						if _, err := a.MoveUnit(ctx, sfaas.Unit{Part: "pass", Root: sfaas.NewKey(sfaas.KindCell, k)}, 2, sfaas.MoveConfig{}); err != nil {
							t.Fatal(err)
						}
					}
				}
			}
			eventually(t, "all sums", func() bool { return p.total() == keys*each })
			for k := range uint64(keys) {
				var got number
				if err := x.ask.Invoke(ctx, a, sfaas.NewKey(sfaas.KindCell, k), 0, &got, func(n *number) error { n.X = 0; return nil }); err != nil || got.X != each {
					t.Errorf("%v: %v, %v", sfaas.NewKey(sfaas.KindCell, k), got, err)
				}
			}
		})
	}
}

// TestKilledProcess kills the other process: the loss is known at once, sources are
// taken until too much waits, and a new life of it gets what was kept.
func TestKilledProcess(t *testing.T) {
	leavesNothing(t)
	address := filepath.Join(t.TempDir(), "s")
	p := startChild(t, address)
	x := newRelay(t)
	a := x.start(t, 1)
	var lost atomic.Int64
	var gone, ups atomic.Int32
	n := newNode(t, a, peer.Config{Backoff: time.Millisecond, OnEvent: func(e peer.Event) {
		switch e.Kind {
		case peer.Lost:
			lost.CompareAndSwap(0, time.Now().UnixNano())
		case peer.Gone:
			gone.Add(1)
		case peer.Up:
			ups.Add(1)
		}
	}})
	dial(t, n, "unix", p.at)
	push(t, x.in, a, sfaas.NewKey(sfaas.KindCell, 1), 0, 1)
	eventually(t, "the first sum", func() bool { return p.total() == 1 })
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	if err := a.Drain(ctx); err != nil { // it is acknowledged, so nobody sends it again
		t.Fatal(err)
	}
	if err := p.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = p.cmd.Wait()
	ended := time.Now().UnixNano()
	eventually(t, "the loss", func() bool { return lost.Load() != 0 })
	t.Logf("known %v after the end of the process was", time.Duration(lost.Load()-ended))
	push(t, x.in, a, sfaas.NewKey(sfaas.KindCell, 1), 1, 5) // kept
	_ = os.Remove(address)
	again := startChild(t, address)
	eventually(t, "the new life", func() bool { return again.total() == 5 })
	if gone.Load() != 1 || ups.Load() < 2 {
		t.Errorf("%d lives have ended, %d connections; want 1 and 2", gone.Load(), ups.Load())
	}
	if err := again.in.Close(); err != nil { // it closes its runtime, and says so
		t.Fatal(err)
	}
	_ = again.cmd.Wait()
	eventually(t, "that it has closed", func() bool {
		var moved *sfaas.MovedError
		return errors.As(x.in.PushValue(a, sfaas.NewKey(sfaas.KindCell, 7), 9, &number{1}), &moved) || n.Connected(2) == false
	})
}
