// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"

	"github.com/neuroran/neuroran/sfaas"
)

// other is a node in a process of its own, seen from the one that measures.
type other struct {
	id  sfaas.NodeID
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Scanner
	mu  sync.Mutex // held from a question to its answer
}

func startOther(r role) (*other, error) {
	exe, err := os.Executable()
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal(r)
	if err != nil {
		return nil, err
	}
	o := &other{id: r.Node, cmd: exec.Command(exe)}
	o.cmd.Env = append(os.Environ(), roleEnv+"="+string(text))
	o.cmd.Stderr = os.Stderr
	if o.in, err = o.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := o.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := o.cmd.Start(); err != nil {
		return nil, err
	}
	o.out = bufio.NewScanner(out)
	if _, err := o.next(); err != nil {
		o.stop()
		return nil, err
	}
	return o, nil
}

// next returns the next line that is an answer.
func (o *other) next() (string, error) {
	for o.out.Scan() {
		if text, ok := strings.CutPrefix(o.out.Text(), "+ "); ok {
			return text, nil
		}
	}
	return "", fmt.Errorf("node %d has ended", o.id)
}

// use asks what the process has used.
func (o *other) use() (u use, err error) {
	text, err := o.ask("use")
	if err != nil {
		return u, err
	}
	return u, json.Unmarshal([]byte(text), &u)
}

func (o *other) ask(what string) (string, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if _, err := fmt.Fprintln(o.in, what); err != nil {
		return "", err
	}
	return o.next()
}

func (o *other) signal(s syscall.Signal) error { return o.cmd.Process.Signal(s) }

// stop ends the process, whatever it does.
func (o *other) stop() {
	_ = o.cmd.Process.Kill()
	_ = o.cmd.Wait()
}
