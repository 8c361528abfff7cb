// SPDX-License-Identifier: Apache-2.0

//go:build linux

package isolate

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/neuroran/neuroran/placement/resource"
)

// Launcher starts sandboxes of a program. All methods may be called concurrently.
type Launcher struct {
	entries Entries
	tried   func() ([]resource.Lack, error) // what a sandbox lacks here, tried once
}

// Sandbox is a process with a lease. All methods may be called concurrently.
type Sandbox struct {
	cmd    *exec.Cmd
	orders *os.File // closed to end it
	link   net.Conn
	group  *group // nil without control groups
	lacks  []resource.Lack

	closing sync.Once
	closed  atomic.Bool
	done    chan struct{}
	err     error // set before done is closed
	last    Usage // likewise
}

// ExitError says how a sandbox has ended before it was closed.
type ExitError struct {
	Reason string // what the entry returned, or the state of the process
	Memory bool   // its limit of memory has ended it
}

// Error implements error.
func (e *ExitError) Error() string {
	if e.Memory {
		return "isolate: the sandbox wanted more memory than its lease has"
	}
	return "isolate: the sandbox has ended: " + e.Reason
}

// Start starts a sandbox and returns when it has given up what it gives up and runs its
// entry. It returns a [*sfaas.OptionError], a [*RequireError], or why it does not start.
//
//  1. The process is made: this program, in namespaces of its own. It waits.
//  2. The parent puts it into a control group with the limits of the lease.
//  3. The parent sends the orders.
//  4. The child reads them: from here on it is limited.
//  5. The child gives up files, and executes itself once more.
//  6. The child gives up system calls, execve too.
//  7. The child reports what it could not give up.
//  8. The parent gives the group its priority, and the word to begin. Start returns.
//  9. The child runs its entry, until that returns or the parent closes the orders, also
//     by dying.
func (l *Launcher) Start(ctx context.Context, c Config) (*Sandbox, error) {
	if err := c.validate(l.entries); err != nil {
		return nil, err
	}
	s, reports, err := l.begin(&c)
	if err != nil {
		return nil, err
	}
	in := json.NewDecoder(io.LimitReader(reports, maxMessage))
	stop := context.AfterFunc(ctx, func() { s.cmd.Process.Kill() })
	err = s.instruct(&c, in)
	stop()
	go s.wait(in, reports)
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// instruct does steps 3, 7 and 8.
func (s *Sandbox) instruct(c *Config, in *json.Decoder) error {
	out := json.NewEncoder(s.orders)
	var r report
	err := out.Encode(orders{Entry: c.Entry, Args: c.Args, Read: c.Read, Write: c.Write})
	if err == nil {
		err = in.Decode(&r)
	}
	if err == nil && r.Err != "" {
		err = errors.New(r.Err)
	}
	if err != nil {
		return fmt.Errorf("isolate: start: %w", err)
	}
	s.lacks = append(s.lacks, r.Lacks...)
	if s.group != nil {
		if err := s.group.begin(c); err != nil {
			s.lacks = append(s.lacks, resource.Lack{What: string(resource.IdleClass), Why: err.Error()})
		}
	}
	if err := s.require(c.Require); err != nil {
		return err
	}
	if err := out.Encode(begin{}); err != nil {
		return fmt.Errorf("isolate: start: %w", err)
	}
	return nil
}

// begin does steps 1 and 2, and returns where the child reports.
func (l *Launcher) begin(c *Config) (*Sandbox, *os.File, error) {
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return nil, nil, fmt.Errorf("isolate: socketpair: %w", err)
	}
	mine, theirs := os.NewFile(uintptr(pair[0]), "link"), os.NewFile(uintptr(pair[1]), "link")
	defer mine.Close()
	defer theirs.Close()
	link, err := net.FileConn(mine)
	if err != nil {
		return nil, nil, err
	}
	ordersIn, ordersOut, err := os.Pipe()
	if err != nil {
		return nil, nil, errors.Join(err, link.Close())
	}
	defer ordersIn.Close()
	reportsIn, reportsOut, err := os.Pipe()
	if err != nil {
		return nil, nil, errors.Join(err, link.Close(), ordersOut.Close())
	}
	defer reportsOut.Close()

	s := &Sandbox{orders: ordersOut, link: link, done: make(chan struct{})}
	s.cmd = exec.Command("/proc/self/exe")
	s.cmd.Args = []string{"neuroran-sandbox"}
	s.cmd.Env = c.environment()
	s.cmd.Dir = "/"
	s.cmd.Stderr = os.Stderr // a panic there is told here
	s.cmd.ExtraFiles = []*os.File{ordersIn, theirs, reportsOut}
	if err := s.spawn(); err != nil {
		return nil, nil, errors.Join(fmt.Errorf("isolate: %w", err), link.Close(), ordersOut.Close(), reportsIn.Close())
	}
	if s.group, err = newGroup(c, s.cmd.Process.Pid); err != nil {
		for _, what := range []resource.Capability{resource.MemoryCap, resource.IdleClass} {
			s.lacks = append(s.lacks, resource.Lack{What: string(what), Why: err.Error()})
		}
	} else {
		s.lacks = append(s.lacks, s.group.lacks(c)...)
	}
	return s, reportsIn, nil
}

// spawn makes the process, in namespaces of its own if the host has them. In its user
// namespace it is nobody: a user other than root has no capabilities there, and to the
// host it is who the parent is.
func (s *Sandbox) spawn() error {
	const nobody = 65534
	s.cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  unix.CLONE_NEWUSER | unix.CLONE_NEWPID | unix.CLONE_NEWNET | unix.CLONE_NEWIPC | unix.CLONE_NEWUTS,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: nobody, HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: nobody, HostID: os.Getgid(), Size: 1}},
		Setsid:      true, // no terminal
	}
	err := s.cmd.Start()
	if err == nil || !errors.Is(err, unix.EPERM) && !errors.Is(err, unix.ENOSPC) && !errors.Is(err, unix.EINVAL) {
		return err
	}
	s.lacks = append(s.lacks, resource.Lack{What: string(resource.Namespaces), Why: err.Error()})
	again := exec.Command(s.cmd.Path)
	again.Args, again.Env, again.Dir, again.Stderr, again.ExtraFiles = s.cmd.Args, s.cmd.Env, s.cmd.Dir, s.cmd.Stderr, s.cmd.ExtraFiles
	again.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	s.cmd = again
	return s.cmd.Start()
}

// require returns a [*RequireError] if something is lacking that must be there.
func (s *Sandbox) require(must []resource.Capability) error {
	var lacks []resource.Lack
	for _, l := range s.lacks {
		if slices.Contains(must, resource.Capability(l.What)) {
			lacks = append(lacks, l)
		}
	}
	if len(lacks) > 0 {
		return &RequireError{lacks}
	}
	return nil
}

// wait waits for the end of the process, notes how it was, and cleans up.
func (s *Sandbox) wait(in *json.Decoder, reports *os.File) {
	var r result
	told := in.Decode(&r)
	reports.Close()
	ended := s.cmd.Wait()
	if s.group != nil {
		s.last, _ = s.group.usage()
		// The kernel lets go of a group a moment after its last process.
		for range 100 {
			if s.group.Destroy() == nil {
				break
			}
			time.Sleep(time.Millisecond)
		}
	}
	switch {
	case s.closed.Load():
	case s.last.Killed > 0:
		s.err = &ExitError{Memory: true}
	case told == nil && r.Err != "":
		s.err = &ExitError{Reason: r.Err}
	case told != nil && ended != nil:
		s.err = &ExitError{Reason: ended.Error()}
	}
	s.orders.Close()
	close(s.done) // the link stays: what the entry has sent last may still be read
}

// Link returns this end of the connection with the entry, for peer.Node.Accept. It stays
// until the sandbox is closed.
func (s *Sandbox) Link() net.Conn { return s.link }

// Pid returns the number of the process, as this process sees it.
func (s *Sandbox) Pid() int { return s.cmd.Process.Pid }

// Lacks returns what the host lacks of the sandbox, with the reasons.
func (s *Sandbox) Lacks() []resource.Lack { return slices.Clone(s.lacks) }

// Usage returns what the sandbox has used. After its end it is what it was then.
func (s *Sandbox) Usage() (Usage, error) {
	select {
	case <-s.done:
		return s.last, nil
	default:
	}
	if s.group == nil {
		return Usage{}, errors.New("isolate: the sandbox has no control group")
	}
	return s.group.usage()
}

// Done returns a channel that is closed when the sandbox has ended.
func (s *Sandbox) Done() <-chan struct{} { return s.done }

// Wait waits until the sandbox has ended. It returns nil if its entry did, an
// [*ExitError] if it failed or was killed, or the error of ctx.
func (s *Sandbox) Wait(ctx context.Context) error {
	select {
	case <-s.done:
		return s.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Close ends the sandbox: its link ends, and its entry has a second to return, then it is
// killed. It waits for that, and may be called again. However the entry ends then, Close
// and Wait return nil.
func (s *Sandbox) Close() error {
	s.closing.Do(func() {
		s.closed.Store(true)
		s.link.Close()
		if s.group != nil {
			s.group.hurry()
		}
		s.orders.Close()
		select {
		case <-s.done:
		case <-time.After(1500 * time.Millisecond):
			s.cmd.Process.Kill()
		}
	})
	<-s.done
	return nil
}
