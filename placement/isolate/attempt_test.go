// SPDX-License-Identifier: Apache-2.0

//go:build linux

package isolate_test

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/neuroran/neuroran/placement/isolate"
)

// target is what lies outside of a sandbox.
type target struct {
	Secret, Folder string // a file that only the parent may read, and a folder to write to
	Given, Taken   string // a file that may be read, and a folder that may be written
	TCP, Unix      string // where the parent listens
	Abstract       string
	Pid            int // of the parent
}

// attempts are what a sandbox tries, by name. Each returns nil if it has got what it
// must not have.
var attempts = map[string]func(target) error{
	"read a file":      func(x target) error { _, err := os.ReadFile(x.Secret); return err },
	"read /etc/passwd": func(target) error { _, err := os.ReadFile("/etc/passwd"); return err },
	"read memory of the parent": func(x target) error {
		_, err := os.ReadFile("/proc/" + strconv.Itoa(x.Pid) + "/maps")
		return err
	},
	"read the environment of pid 1": func(target) error { _, err := os.ReadFile("/proc/1/environ"); return err },
	"list a folder":                 func(x target) error { _, err := os.ReadDir(x.Folder); return err },
	"write a file":                  func(x target) error { return os.WriteFile(filepath.Join(x.Folder, "f"), nil, 0o600) },
	"write to what may be read": func(x target) error {
		f, err := os.OpenFile(x.Given, os.O_WRONLY|os.O_APPEND, 0)
		if err == nil {
			f.Close()
		}
		return err
	},
	"truncate what may be read": func(x target) error { return os.Truncate(x.Given, 0) },
	"remove a file":             func(x target) error { return os.Remove(x.Secret) },
	"link a file inside":        func(x target) error { return os.Link(x.Secret, filepath.Join(x.Taken, "l")) },
	"symlink and read it": func(x target) error {
		l := filepath.Join(x.Taken, "s")
		if err := os.Symlink(x.Secret, l); err != nil {
			return err
		}
		_, err := os.ReadFile(l)
		return err
	},
	"make a device":                func(x target) error { return unix.Mknod(filepath.Join(x.Taken, "mem"), unix.S_IFCHR|0o600, 0x101) },
	"dial TCP":                     func(x target) error { return dials("tcp", x.TCP) },
	"dial UDP":                     func(x target) error { return dials("udp", x.TCP) },
	"dial a Unix socket":           func(x target) error { return dials("unix", x.Unix) },
	"dial an abstract Unix socket": func(x target) error { return dials("unix", x.Abstract) },
	"listen": func(target) error {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err == nil {
			l.Close()
		}
		return err
	},
	"make any socket":       func(target) error { _, err := unix.Socket(unix.AF_UNIX, unix.SOCK_DGRAM, 0); return err },
	"make a netlink socket": func(target) error { _, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW, 0); return err },
	"execute a program":     func(target) error { return forkExec("/bin/true") },
	"execute itself":        func(target) error { return forkExec("/proc/self/exe") },
	"execute in place":      func(target) error { return unix.Exec("/bin/true", []string{"true"}, nil) },
	"execute memory":        func(target) error { _, err := unix.MemfdCreate("x", 0); return err },
	"fork": func(target) error {
		if pid, _, errno := unix.RawSyscall(unix.SYS_FORK, 0, 0, 0); errno != 0 {
			return errno
		} else if pid == 0 {
			unix.Exit(0)
		}
		return nil
	},
	"signal the parent": func(x target) error { return unix.Kill(x.Pid, 0) },
	"signal everybody":  func(target) error { return unix.Kill(-1, 0) },
	"signal a thread":   func(x target) error { return unix.Tgkill(x.Pid, x.Pid, 0) },
	"open a process":    func(x target) error { _, err := unix.PidfdOpen(x.Pid, 0); return err },
	"trace the parent":  func(x target) error { return unix.PtraceAttach(x.Pid) },
	"write parent's memory": func(x target) error {
		b := []byte{0}
		_, err := unix.ProcessVMReadv(x.Pid, []unix.Iovec{{Base: &b[0], Len: 1}}, []unix.RemoteIovec{{Base: uintptr(unsafe.Pointer(&b[0])), Len: 1}}, 0)
		return err
	},
	"mount":               func(x target) error { return unix.Mount("none", x.Taken, "tmpfs", 0, "") },
	"leave the namespace": func(target) error { return unix.Unshare(unix.CLONE_NEWUSER) },
	"make a user namespace": func(target) error {
		if _, _, errno := unix.RawSyscall6(unix.SYS_CLONE, unix.CLONE_NEWUSER|uintptr(unix.SIGCHLD), 0, 0, 0, 0, 0); errno != 0 {
			return errno
		}
		return nil
	},
	"load a program into the kernel": func(target) error {
		_, _, errno := unix.Syscall(unix.SYS_BPF, 0, 0, 0)
		if errno == unix.EINVAL {
			return nil // it was looked at
		}
		return errno
	},
	"set up io_uring": func(target) error {
		if _, _, errno := unix.Syscall(unix.SYS_IO_URING_SETUP, 1, 0, 0); errno != unix.EFAULT {
			return errno
		}
		return nil
	},
	"become root": func(target) error { return unix.Setuid(0) },
	"set the clock": func(target) error {
		return unix.ClockSettime(unix.CLOCK_REALTIME, &unix.Timespec{Sec: time.Now().Unix()})
	},
	"real-time policy": func(target) error {
		return unix.SchedSetAttr(0, &unix.SchedAttr{Size: unix.SizeofSchedAttr, Policy: 1, Priority: 1}, 0)
	},
	"hold a key": func(target) error {
		_, err := unix.AddKey("user", "x", []byte("y"), unix.KEY_SPEC_PROCESS_KEYRING)
		return err
	},
	"trace with perf": func(target) error {
		_, err := unix.PerfEventOpen(&unix.PerfEventAttr{Size: unix.PERF_ATTR_SIZE_VER0, Type: 1}, 0, -1, -1, 0)
		return err
	},
	"change the name of the host": func(target) error { return unix.Sethostname([]byte("mine")) },
}

// allowed is what a sandbox must be able to do.
var allowed = map[string]func(target) error{
	"read what it may read": func(x target) error { _, err := os.ReadFile(x.Given); return err },
	"write where it may write": func(x target) error {
		return os.WriteFile(filepath.Join(x.Taken, "mine"), []byte("x"), 0o600)
	},
	"know the time": func(target) error { time.Sleep(time.Millisecond); return nil },
}

// forkExec starts a program without any files, and waits for it.
func forkExec(path string) error {
	pid, err := syscall.ForkExec(path, []string{path, "-test.list", "none"}, &syscall.ProcAttr{})
	if err == nil {
		_, err = syscall.Wait4(pid, nil, 0, nil)
	}
	return err
}

func dials(network, address string) error {
	c, err := net.DialTimeout(network, address, time.Second)
	if err == nil {
		_, err = c.Write([]byte("x"))
		c.Close()
	}
	return err
}

// attempt is the entry that tries everything, and says over the link what came of it.
func attempt(_ context.Context, link net.Conn, args []string) error {
	var x target
	if err := json.Unmarshal([]byte(args[0]), &x); err != nil {
		return err
	}
	out := map[string]string{}
	for name, try := range attempts {
		out[name] = failure(try(x))
	}
	for name, try := range allowed {
		out[name] = failure(try(x))
	}
	return json.NewEncoder(link).Encode(out)
}

func failure(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// newTarget makes what lies outside.
func newTarget(t *testing.T) target {
	t.Helper()
	outside, inside := t.TempDir(), t.TempDir()
	x := target{
		Secret: filepath.Join(outside, "secret"), Folder: outside, Given: filepath.Join(inside, "given"), Taken: filepath.Join(inside, "taken"),
		Unix: filepath.Join(outside, "u"), Abstract: "@neuroran-" + strconv.Itoa(os.Getpid()), Pid: os.Getpid(),
	}
	for _, f := range []string{x.Secret, x.Given} {
		if err := os.WriteFile(f, []byte("text"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(x.Taken, 0o755); err != nil {
		t.Fatal(err)
	}
	for network, address := range map[string]*string{"tcp": &x.TCP, "unix": &x.Unix} {
		at := *address
		if network == "tcp" {
			at = "127.0.0.1:0"
		}
		l, err := net.Listen(network, at)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { l.Close() })
		*address = l.Addr().String()
	}
	l, err := net.Listen("unix", x.Abstract)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return x
}

// TestAttempts lets a sandboxed process try to get at what lies outside: each attempt is a
// test. What the host lacks is not held against the sandbox, but is told.
func TestAttempts(t *testing.T) {
	x := newTarget(t)
	args, err := json.Marshal(x)
	if err != nil {
		t.Fatal(err)
	}
	box := start(t, isolate.Config{Entry: "attempt", Args: []string{string(args)}, Read: []string{x.Given}, Write: []string{x.Taken}})
	var got map[string]string
	if err := json.NewDecoder(box.Link()).Decode(&got); err != nil {
		t.Fatal(err, box.Wait(t.Context()))
	}
	if len(box.Lacks()) > 0 {
		t.Skipf("the host lacks means: %v", box.Lacks())
	}
	refused := 0
	for name := range attempts {
		if got[name] != "" {
			refused++
		}
		t.Run(strings.ReplaceAll(name, "/", ""), func(t *testing.T) {
			err, tried := got[name]
			if !tried || err == "" {
				t.Errorf("the sandbox could %s", name)
			}
			t.Log(err)
		})
	}
	t.Logf("%d of %d attempts are refused", refused, len(attempts))
	for name := range allowed {
		if err := got[name]; err != "" {
			t.Errorf("the sandbox could not %s: %s", name, err)
		}
	}
	if b, err := os.ReadFile(x.Secret); err != nil || string(b) != "text" {
		t.Errorf("the secret is now %q (%v)", b, err)
	}
	if err := box.Wait(t.Context()); err != nil {
		t.Error(err)
	}
}

// TestAttemptsOutside checks the attempts themselves: without a sandbox those that could
// harm nobody succeed, so their failure inside says something.
func TestAttemptsOutside(t *testing.T) {
	x := newTarget(t)
	for _, name := range []string{
		"read a file", "list a folder", "write a file", "dial TCP", "dial a Unix socket", "dial an abstract Unix socket", "listen",
		"make any socket", "execute a program", "execute itself", "signal the parent", "signal a thread", "open a process", "link a file inside",
		"symlink and read it", "execute memory",
	} {
		if err := attempts[name](x); err != nil {
			t.Errorf("%s fails outside too: %v", name, err)
		}
	}
	if os.Getuid() == 0 {
		if err := attempts["read /etc/passwd"](x); err != nil && !errors.Is(err, os.ErrNotExist) {
			t.Error(err)
		}
	}
}
