// SPDX-License-Identifier: Apache-2.0

//go:build linux

package isolate

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/neuroran/neuroran/placement/resource"
)

// childEnv marks the process of a sandbox, and again that it has executed itself.
const (
	childEnv = "NEURORAN_SANDBOX"
	again    = "again "
)

// Descriptors that a sandbox inherits, behind the three standard ones.
const (
	fdOrders  = 3 // from the parent: orders, then nothing until it wants the sandbox to end
	fdLink    = 4 // one end of the socket pair
	fdReports = 5 // to the parent: report, then result
)

// maxMessage bounds what parent and child tell each other.
const maxMessage = 1 << 20

// orders tell a sandbox what to be.
type orders struct {
	Entry       string
	Args        []string
	Read, Write []string
	Lacks       []resource.Lack // found on the way
}

// begin is the word to begin.
type begin struct{}

// report tells the parent what the sandbox could not give up.
type report struct {
	Lacks []resource.Lack
	Err   string // why it does not start
}

// result tells the parent how the entry ended.
type result struct{ Err string }

// Init returns the launcher of sandboxes, or, in the process of a sandbox, runs its entry
// and never returns. It must be the first statement of main, before goroutines start and
// flags are parsed; a test calls it in TestMain.
func Init(entries Entries) *Launcher {
	entries = maps.Clone(entries)
	if entries == nil {
		entries = Entries{}
	}
	entries[probeEntry] = func(context.Context, net.Conn, []string) error { return nil }
	if os.Getenv(childEnv) != "" {
		os.Exit(child(entries))
	}
	l := &Launcher{entries: entries}
	l.tried = sync.OnceValues(l.try)
	return l
}

// child is the life of a sandbox's process, from steps 4 to 9 of [Launcher.Start].
func child(entries Entries) int {
	in, reports := os.NewFile(fdOrders, "orders"), os.NewFile(fdReports, "reports")
	out := json.NewEncoder(reports)
	decoder := json.NewDecoder(io.LimitReader(in, maxMessage))
	o, err := takeOrders(decoder)
	if o == nil { // the parent has died, or has not started us
		return 2
	}
	link, err2 := inherited(fdLink)
	err = errors.Join(err, err2, os.Unsetenv(childEnv))
	if err == nil {
		var lacks []resource.Lack
		lacks, err = restrictCalls()
		o.Lacks = append(o.Lacks, lacks...)
	}
	entry := entries[o.Entry]
	if err == nil && entry == nil {
		err = fmt.Errorf("no entry %q", o.Entry)
	}
	if out.Encode(report{Lacks: o.Lacks, Err: text(err)}) != nil || err != nil {
		return 2
	}
	if decoder.Decode(&begin{}) != nil {
		return 2
	}

	// The parent ends the sandbox by closing its end of the orders, and so does its death.
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		io.Copy(io.Discard, in)
		cancel()
		time.Sleep(time.Second)
		os.Exit(3)
	}()
	err = entry(ctx, link, o.Args)
	link.Close()
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		err = nil
	}
	if out.Encode(result{text(err)}) != nil || err != nil {
		return 1
	}
	return 0
}

// takeOrders returns the orders of a process that has given up files. Landlock restricts a
// thread, and a Go program has had several since before main; but what a thread executes
// has its restrictions from the first instruction on. So the process executes itself once
// more, and hands the orders on to itself in memory. It returns nil without orders.
func takeOrders(decoder *json.Decoder) (*orders, error) {
	var o orders
	if fd, err := strconv.Atoi(strings.TrimPrefix(os.Getenv(childEnv), again)); err == nil && strings.HasPrefix(os.Getenv(childEnv), again) {
		f := os.NewFile(uintptr(fd), "orders")
		defer f.Close()
		if json.NewDecoder(f).Decode(&o) != nil {
			return nil, nil
		}
		return &o, nil
	}
	if decoder.Decode(&o) != nil {
		return nil, nil
	}
	abi, err := landlockABI()
	if err != nil {
		o.Lacks = append(o.Lacks, resource.Lack{What: string(resource.Landlock), Why: err.Error()})
		return &o, nil
	}
	return &o, executeAgain(abi, &o)
}

// executeAgain gives up files and executes the program once more. It returns only with an
// error.
func executeAgain(abi int, o *orders) error {
	runtime.LockOSThread() // which is left restricted if something fails
	fd, err := unix.MemfdCreate("orders", 0)
	if err != nil {
		return fmt.Errorf("memfd_create: %w", err)
	}
	f := os.NewFile(uintptr(fd), "orders")
	if err := json.NewEncoder(f).Encode(o); err != nil {
		return err
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return err
	}
	programs, err := ownFiles()
	if err != nil {
		return err
	}
	if err := os.Setenv(childEnv, again+strconv.Itoa(fd)); err != nil {
		return err
	}
	if err := restrictThread(abi, o.Read, o.Write, programs); err != nil {
		return err
	}
	return fmt.Errorf("execve: %w", unix.Exec("/proc/self/exe", os.Args, os.Environ()))
}

// inherited returns the connection of a descriptor.
func inherited(fd uintptr) (net.Conn, error) {
	f := os.NewFile(fd, "link")
	defer f.Close()
	return net.FileConn(f)
}

// text returns what an error says, or "".
func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
