// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/neuroran/neuroran/accel"
)

// comparison is the result for one network.
type comparison struct {
	c, accel float64 // shortest run, µs
	allocs   float64 // allocations per run of accel
}

// compare runs a network on both sides in turns.
func compare(dir, program string, n net, rounds int) (comparison, error) {
	m, err := n.build()
	if err != nil {
		return comparison{}, err
	}
	path := filepath.Join(dir, m.Name()+".onnx")
	if err := os.WriteFile(path, m.Bytes(), 0o600); err != nil {
		return comparison{}, err
	}
	s, err := accel.Open(context.Background(), m, accel.CPU)
	if err != nil {
		return comparison{}, err
	}
	defer s.Close()
	in, out := numbers(size(n.in)), make([]float32, size(n.out))
	b, err := s.Bind([]accel.Buffer{accel.From(in, n.in...)}, []accel.Buffer{accel.From(out, n.out...)})
	if err != nil {
		return comparison{}, err
	}
	peer, err := startPeer(program, path, n)
	if err != nil {
		return comparison{}, err
	}
	c, err := turns(peer, b, n.runs, rounds)
	sum, err := peer.stop(err)
	if err != nil {
		return comparison{}, err
	}
	c.allocs = testing.AllocsPerRun(10, func() { err = b.Run() })
	return c, errors.Join(err, sameSum(sum, out))
}

// turns lets each side run in turn, and returns the shortest run of each.
func turns(p *peer, b *accel.Binding, runs, rounds int) (comparison, error) {
	c := comparison{c: math.Inf(1), accel: math.Inf(1)}
	for range rounds {
		took, err := p.run(runs)
		if err != nil {
			return c, err
		}
		c.c = min(c.c, took/1e3)
		for range runs {
			start := time.Now()
			if err := b.Run(); err != nil {
				return c, err
			}
			c.accel = min(c.accel, float64(time.Since(start).Nanoseconds())/1e3)
		}
	}
	return c, nil
}

// sameSum checks that both sides computed the same.
func sameSum(want float64, out []float32) error {
	got, scale := 0.0, 0.0
	for _, v := range out {
		got += float64(v)
		scale += math.Abs(float64(v))
	}
	if d := math.Abs(got - want); !(d <= 1e-6*scale) {
		return fmt.Errorf("the sides compute different things: sums %g and %g", want, got)
	}
	return nil
}

// seed of the numbers that both sides run on.
const seed = 7

// numbers makes the inputs as capi/run.c does.
func numbers(n int) []float32 {
	v, x := make([]float32, n), uint32(seed)
	for i := range v {
		x = x*1664525 + 1013904223
		v[i] = float32(int32(x)) / 1073741824
	}
	return v
}

func size(dims []int) int {
	n := 1
	for _, d := range dims {
		n *= d
	}
	return n
}

// peer is the running C program.
type peer struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
}

func startPeer(program, model string, n net) (*peer, error) {
	args := []string{library(), model, fmt.Sprint(seed)}
	for _, d := range n.in {
		args = append(args, fmt.Sprint(d))
	}
	args = append(args, "/")
	for _, d := range n.out {
		args = append(args, fmt.Sprint(d))
	}
	p := &peer{cmd: exec.Command(program, args...)}
	p.cmd.Stderr = os.Stderr
	var err1, err2 error
	p.in, err1 = p.cmd.StdinPipe()
	out, err2 := p.cmd.StdoutPipe()
	if err := errors.Join(err1, err2); err != nil {
		return nil, err
	}
	p.out = bufio.NewReader(out)
	return p, p.cmd.Start()
}

// run lets the C side run and returns its shortest run in nanoseconds.
func (p *peer) run(runs int) (float64, error) {
	if _, err := fmt.Fprintln(p.in, runs); err != nil {
		return 0, err
	}
	var ns float64
	_, err := fmt.Fscan(p.out, &ns)
	return ns, err
}

// stop ends the C side and returns the sum of its outputs, unless err says that
// it has failed.
func (p *peer) stop(err error) (float64, error) {
	err = errors.Join(err, p.in.Close())
	var sum float64
	if err == nil {
		_, err = fmt.Fscan(p.out, &sum)
	}
	return sum, errors.Join(err, p.cmd.Wait())
}

// library returns the path of the libonnxruntime that accel has loaded.
func library() string {
	for _, i := range accel.Probe() {
		if i.Device == accel.CPU {
			return i.Library
		}
	}
	return ""
}
