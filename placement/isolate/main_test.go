// SPDX-License-Identifier: Apache-2.0

//go:build linux

package isolate_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
	"strconv"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/neuroran/neuroran/placement/isolate"
)

// launcher is made by TestMain and never changed.
var launcher *isolate.Launcher

func TestMain(m *testing.M) {
	launcher = isolate.Init(isolate.Entries{
		"echo": echo, "attempt": attempt, "allocate": allocate, "churn": churn, "spin": spin, "stream": stream,
		"fail":  func(context.Context, net.Conn, []string) error { return errors.New("it went wrong") },
		"panic": func(context.Context, net.Conn, []string) error { panic("it went very wrong") },
		"deaf":  func(context.Context, net.Conn, []string) error { select {} },
		"count": countNode,
	})
	if os.Getenv(parentEnv) != "" {
		parent()
	}
	os.Exit(m.Run())
}

// parentEnv makes the test binary a program that starts a sandbox.
const parentEnv = "NEURORAN_ISOLATE_PARENT"

// parent starts a sandbox, says its number and waits to be killed.
func parent() {
	box, err := launcher.Start(context.Background(), isolate.Config{Entry: "deaf"})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(box.Pid())
	select {}
}

// echo returns what comes over the link.
func echo(_ context.Context, link net.Conn, args []string) error {
	if _, err := fmt.Fprintln(link, len(args), os.Getpid(), len(os.Environ())); err != nil {
		return err
	}
	_, err := io.Copy(link, link)
	return err
}

// allocate takes memory without end, at the pace of the first argument in bytes per 10 ms.
func allocate(ctx context.Context, _ net.Conn, args []string) error {
	step, err := strconv.Atoi(args[0])
	if err != nil {
		return err
	}
	var all [][]byte
	for ctx.Err() == nil {
		b := make([]byte, step)
		for i := 0; i < len(b); i += 4096 {
			b[i] = 1
		}
		all = append(all, b)
		time.Sleep(10 * time.Millisecond)
	}
	runtime.KeepAlive(all)
	return nil
}

// churn takes memory up to the first argument in MiB, gives it back and begins anew.
func churn(ctx context.Context, _ net.Conn, args []string) error {
	most, err := strconv.Atoi(args[0])
	if err != nil {
		return err
	}
	for ctx.Err() == nil {
		b, err := unix.Mmap(-1, 0, most<<20, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
		if err != nil {
			return err
		}
		for i := 0; i < len(b); i += 4096 {
			b[i] = 1
		}
		if err := unix.Munmap(b); err != nil {
			return err
		}
	}
	return nil
}

// spin keeps as many processors busy as the first argument says.
func spin(ctx context.Context, _ net.Conn, args []string) error {
	n, err := strconv.Atoi(args[0])
	if err != nil {
		return err
	}
	runtime.GOMAXPROCS(n + 1)
	for range n {
		go func() {
			for x := uint64(1); ; x = x*6364136223846793005 + 1 {
				if x == 0 {
					runtime.Gosched()
				}
			}
		}()
	}
	<-ctx.Done()
	return nil
}

// stream reads and writes memory far beyond any cache, on as many processors. The memory is not
// the collector's, so that a build for the race detector takes no more of it.
func stream(ctx context.Context, _ net.Conn, args []string) error {
	n, err := strconv.Atoi(args[0])
	if err != nil {
		return err
	}
	runtime.GOMAXPROCS(n + 1)
	for range n {
		b, err := unix.Mmap(-1, 0, 64<<20, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
		if err != nil {
			return err
		}
		go func() {
			for x, y := b[:len(b)/2], b[len(b)/2:]; ; {
				copy(x, y)
				copy(y, x)
			}
		}()
	}
	<-ctx.Done()
	return nil
}
