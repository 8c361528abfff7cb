// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"sync"
	"time"
)

// process is one that receives.
type process struct {
	role role
	cmd  *exec.Cmd
	in   io.WriteCloser
	out  *bufio.Scanner
	base use // when the run began
	box  container
}

// start starts one process and links it. One that runs a single function is in a network
// namespace and in control groups of its own, as far as the host lets the user make them.
func (s *system) start(r role) (*process, error) {
	r.Node, r.Folder, r.Apart, r.Polls = s.next, s.folder, s.kind.apart(), s.kind == polling
	if !r.Alone {
		r.Peers = append(r.Peers, radio)
	}
	s.next++
	text, err := json.Marshal(r)
	if err != nil {
		return nil, err
	}
	exe, err := os.Executable()
	if err != nil {
		return nil, err
	}
	p := &process{role: r, cmd: exec.Command(exe)}
	p.cmd.Env, p.cmd.Stderr = append(os.Environ(), roleEnv+"="+string(text)), os.Stderr
	if r.Apart {
		contain(p.cmd)
	}
	if p.in, err = p.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	p.out = bufio.NewScanner(out)
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	s.procs = append(s.procs, p)
	if r.Apart {
		p.box, s.bare = group(p.cmd.Process.Pid, controllersOf(s.kind))
	}
	if line, err := p.read(); err != nil || line != "ready" {
		return nil, fmt.Errorf("node %d: %q: %w", r.Node, line, err)
	}
	return p, nil
}

// read returns the next line of a process.
func (p *process) read() (string, error) {
	if p.out.Scan() {
		return p.out.Text(), nil
	}
	return "", errors.Join(io.ErrUnexpectedEOF, p.out.Err())
}

// ask sends a line and returns the answer.
func (p *process) ask(line string) (string, error) {
	if _, err := fmt.Fprintln(p.in, line); err != nil {
		return "", err
	}
	return p.read()
}

// do tells a process to do something.
func (p *process) do(line string) error {
	answer, err := p.ask(line)
	if err == nil && answer != "done <nil>" {
		err = fmt.Errorf("node %d: %s: %s", p.role.Node, line, answer)
	}
	return err
}

// usage asks a process what it has used, as the answer to a line.
func (p *process) usage(line string) (u use, err error) {
	text, err := p.ask(line)
	if err == nil {
		err = json.Unmarshal([]byte(text), &u)
	}
	return u, err
}

// kill ends a process as a crash does.
func (s *system) kill(p *process) {
	_ = p.cmd.Process.Kill()
	_ = p.cmd.Wait() // of a signal
	p.box.remove()
	s.procs = slices.DeleteFunc(s.procs, func(x *process) bool { return x == p })
}

// end lets processes end, all at once, and kills those that do not.
func end(all []*process) {
	var wait sync.WaitGroup
	for _, p := range all {
		_ = p.in.Close() // which they wait for
		wait.Go(func() {
			late := time.AfterFunc(10*time.Second, func() { _ = p.cmd.Process.Kill() })
			defer late.Stop()
			_ = p.cmd.Wait()
			p.box.remove()
		})
	}
	wait.Wait()
}
