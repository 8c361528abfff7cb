// SPDX-License-Identifier: Apache-2.0

// Command peer measures two runtimes in two processes beside a bare socket between the
// same two, in one run and in turn: calls, and hops of the sizes that cuts of an uplink
// carry, over Unix sockets and TCP, with TLS and without.
//
//	go run ./internal/bench/peer [-rounds 10] [-n 100] [-only unix]
//
// A hop is a message on an ExactlyOnce edge to a unit of the other process, whose
// handler answers with a small message on another one: the time is from the push to the
// sink, with all acknowledgements under way. A bare hop is a length and as many bytes,
// which the other end reads into memory and answers with 16 bytes. CPU is what both
// processes have used.
package main

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/neuroran/neuroran/sfaas"
	"github.com/neuroran/neuroran/sfaas/peer"
)

const roleEnv = "NEURORAN_BENCH_PEER"

var sizes = []int{1 << 10, 26 << 10, 315 << 10, 1536 << 10}

func main() {
	if os.Getenv(roleEnv) != "" {
		if err := serve(os.Getenv(roleEnv)); err != nil {
			fmt.Fprintln(os.Stderr, "peer:", err)
			os.Exit(1)
		}
		return
	}
	rounds := flag.Int("rounds", 10, "rounds, in which bare and linked take turns")
	n := flag.Int("n", 100, "operations of each kind a round")
	only := flag.String("only", "", "only ways whose name contains this")
	flag.Parse()
	fmt.Printf("%-9s %-5s %8s  %9s %9s  %9s %9s  %6s  %8s %8s %8s\n",
		"way", "what", "bytes", "bare p50", "p99", "p50", "p99", "ratio", "bare CPU", "CPU", "µs/KB")
	for _, way := range []string{"unix", "tcp", "unix+tls", "tcp+tls"} {
		if !strings.Contains(way, *only) {
			continue
		}
		if err := measure(way, *rounds, *n); err != nil {
			fmt.Fprintln(os.Stderr, "peer:", err)
			os.Exit(1)
		}
	}
}

// measure runs all measurements of one way between two processes.
func measure(way string, rounds, n int) error {
	dir, err := os.MkdirTemp("", "peer")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if err := writeCertificates(dir); err != nil {
		return err
	}
	other, err := startOther(way, dir)
	if err != nil {
		return err
	}
	defer other.stop()
	p := newProgram()
	rt, err := p.start(1)
	if err != nil {
		return err
	}
	defer rt.Close()
	node, err := peer.New(rt, config(way, dir, 1))
	if err != nil {
		return err
	}
	defer node.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	if _, err := node.Dial(ctx, network(way), other.peer); err != nil {
		return err
	}
	bare, err := dialBare(way, dir, other.bare)
	if err != nil {
		return err
	}
	defer bare.Close()

	call := &series{what: "call", size: 8, bare: func() error { return bareHop(bare, 8) }, ours: func() error { return p.invoke(rt) }}
	all := []*series{call}
	for _, size := range sizes {
		all = append(all, &series{what: "hop", size: size, bare: func() error { return bareHop(bare, size) }, ours: func() error { return p.hop(rt, size) }})
	}
	for _, s := range all {
		if err := s.run(other, rounds, n); err != nil {
			return err
		}
		s.print(way)
	}
	return nil
}

// series is one line of the table.
type series struct {
	what       string
	size       int
	bare, ours func() error

	times [2][]time.Duration
	cpu   [2]time.Duration
	count int
}

func (s *series) run(other *other, rounds, n int) error {
	for round := range rounds + 1 {
		for i, f := range []func() error{s.bare, s.ours} {
			before, err := other.cpu()
			if err != nil {
				return err
			}
			times, err := timed(n, f)
			if err != nil {
				return err
			}
			after, err := other.cpu()
			if err != nil {
				return err
			}
			if round > 0 { // the first one warms up
				s.times[i] = append(s.times[i], times...)
				s.cpu[i] += after - before
			}
		}
		if round > 0 {
			s.count += n
		}
	}
	return nil
}

func timed(n int, f func() error) (all []time.Duration, err error) {
	for range n {
		begin := time.Now()
		if err := f(); err != nil {
			return nil, err
		}
		all = append(all, time.Since(begin))
	}
	return all, nil
}

func (s *series) print(way string) {
	at := func(i int, q float64) float64 {
		slices.Sort(s.times[i])
		return float64(s.times[i][int(q*float64(len(s.times[i])-1))]) / 1e3
	}
	cpu := func(i int) float64 { return float64(s.cpu[i]) / 1e3 / float64(s.count) }
	fmt.Printf("%-9s %-5s %8d  %9.1f %9.1f  %9.1f %9.1f  %6.2f  %8.1f %8.1f %8.2f\n", way, s.what, s.size,
		at(0, 0.5), at(0, 0.99), at(1, 0.5), at(1, 0.99), at(1, 0.5)/at(0, 0.5), cpu(0), cpu(1), max(cpu(1)-15, 0)/(float64(s.size)/1024))
}

// other is the second process.
type other struct {
	cmd        *exec.Cmd
	in         *bufio.Writer
	out        *bufio.Scanner
	peer, bare string // addresses
}

func startOther(way, dir string) (*other, error) {
	exe, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(exe)
	cmd.Env = append(os.Environ(), roleEnv+"="+way+" "+dir)
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	o := &other{cmd: cmd, in: bufio.NewWriter(stdin), out: bufio.NewScanner(stdout)}
	for _, address := range []*string{&o.peer, &o.bare} {
		if !o.out.Scan() {
			return nil, fmt.Errorf("the other process says nothing")
		}
		*address = o.out.Text()
	}
	return o, nil
}

// cpu returns what both processes have used up to now.
func (o *other) cpu() (time.Duration, error) {
	fmt.Fprintln(o.in, "cpu")
	if err := o.in.Flush(); err != nil {
		return 0, err
	}
	if !o.out.Scan() {
		return 0, fmt.Errorf("the other process has ended")
	}
	d, err := time.ParseDuration(o.out.Text())
	return d + used(), err
}

func (o *other) stop() {
	_ = o.cmd.Process.Kill()
	_ = o.cmd.Wait()
}

// used returns the CPU time of this process.
func used() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func network(way string) string { n, _, _ := strings.Cut(way, "+"); return n }
func secure(way string) bool    { return strings.HasSuffix(way, "+tls") }

// config returns what the node of a way is made with.
func config(way, dir string, node sfaas.NodeID) peer.Config {
	if !secure(way) {
		return peer.Config{Plain: true}
	}
	return peer.Config{TLS: credentials(dir, node)}
}
