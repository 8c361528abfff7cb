// SPDX-License-Identifier: Apache-2.0

//go:build linux

package beat

import (
	"fmt"
	"io"
	"math"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/neuroran/neuroran/sfaas"
)

// deaths is a watcher whose deaths are told.
func deaths(t *testing.T) (*Pulse, <-chan Watched) {
	t.Helper()
	died := make(chan Watched, 4)
	return start(t, 1, Config{OnDied: func(w Watched, _ uint32, noticed sfaas.Time) {
		if noticed == 0 || noticed > sfaas.Now() {
			t.Errorf("noticed at %v", noticed)
		}
		died <- w
	}}), died
}

// TestLine cuts a line again and again while somebody listens: he lives. Then nobody does.
func TestLine(t *testing.T) {
	watcher, died := deaths(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	who := Watched{2, l.Addr().(*net.TCPAddr).AddrPort()}
	watcher.Watch([]Watched{{Node: 3}, who})
	var last net.Conn
	for range 4 {
		if last, err = l.Accept(); err != nil {
			t.Fatal(err)
		}
		_, _ = last.Write([]byte("nobody listens to that"))
		last.Close()
	}
	if last, err = l.Accept(); err != nil {
		t.Fatal(err)
	}
	watcher.Watch([]Watched{who, {Node: 3}}) // the line is not touched
	if len(died) > 0 {
		t.Error("somebody has died who listens")
	}
	l.Close()
	last.Close()
	if w := <-died; w != who {
		t.Errorf("%+v has died, want %+v", w, who)
	}
	watcher.Watch(nil)
}

// TestLineRefused watches somebody who was never there: that is nobody's death.
func TestLineRefused(t *testing.T) {
	watcher, died := deaths(t)
	gone := start(t, 2, Config{})
	at := gone.Address()
	if err := gone.Close(); err != nil {
		t.Fatal(err)
	}
	watcher.Watch([]Watched{{2, at}})
	live := start(t, 3, Config{})
	watcher.Watch([]Watched{{2, at}, {3, live.Address()}})
	live.Tell([]netip.AddrPort{watcher.Address()})
	eventually(t, "the other one is heard", func() bool { return watcher.HeardSince(3, 0) })
	if err := live.Close(); err != nil {
		t.Fatal(err)
	}
	if w := <-died; w.Node != 3 {
		t.Errorf("%+v has died, want node 3", w)
	}
}

const childEnv = "NEURORAN_TEST_BEAT"

// TestChild is not a test: it is a process that beats until it is killed.
func TestChild(t *testing.T) {
	at, err := netip.ParseAddrPort(os.Getenv(childEnv))
	if err != nil {
		t.Skip("runs as a process of TestKilled alone")
	}
	p := start(t, 2, Config{})
	p.Tell([]netip.AddrPort{at})
	fmt.Println("+", p.Address())
	_, _ = io.Copy(io.Discard, os.Stdin)
}

// TestKilled kills a process that is watched.
func TestKilled(t *testing.T) {
	watcher, died := deaths(t)
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := exec.Command(exe, "-test.run", "^TestChild$")
	c.Env = append(os.Environ(), childEnv+"="+watcher.Address().String())
	in, err := c.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	var text string
	if _, err := fmt.Fscanf(out, "+ %s\n", &text); err != nil {
		t.Fatal(err)
	}
	who := Watched{2, netip.MustParseAddrPort(strings.TrimSpace(text))}
	watcher.Watch([]Watched{who})
	eventually(t, "it is heard", func() bool { return watcher.HeardSince(2, 0) })
	if err := c.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if w := <-died; w != who {
		t.Errorf("%+v has died, want %+v", w, who)
	}
	_ = c.Wait()
}

// TestTable closes a connection that was open when the thread began: it ends at once, and is
// not held by the thread's table of files.
func TestTable(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	mine, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	theirs, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer theirs.Close()
	start(t, 1, Config{})
	mine.Close()
	if err := theirs.SetReadDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err := theirs.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("%v, want the end of the connection", err)
	}
}

// TestApart looks for the sockets of a pulse among the files of the process: they are the
// thread's alone.
func TestApart(t *testing.T) {
	refused := make(chan error)
	go func() {
		runtime.LockOSThread() // and not unlocked: the thread goes with its table
		refused <- unix.CloseRange(math.MaxUint32, math.MaxUint32, unix.CLOSE_RANGE_UNSHARE)
	}()
	if err := <-refused; err != nil {
		t.Skip("a thread cannot have files of its own:", err)
	}
	p := start(t, 1, Config{})
	files, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Skip(err)
	}
	for _, f := range files {
		fd, _ := strconv.Atoi(f.Name())
		name, err := unix.Getsockname(fd)
		if at, ok := name.(*unix.SockaddrInet4); err == nil && ok && at.Port == int(p.Address().Port()) {
			t.Errorf("file %d of the process is at port %d", fd, at.Port)
		}
	}
}

// TestNoAllocs does what the thread does in each turn.
func TestNoAllocs(t *testing.T) {
	b, err := newBell()
	if err != nil {
		t.Fatal(err)
	}
	defer b.close()
	s, err := listen(local, b)
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	p := &Pulse{cfg: Config{Node: 1, Period: time.Second, Misses: 3}}
	x := find(nil, Watched{1, s.address})
	o := &orders{tell: []target{targetOf(s.address)}, watch: []*other{x}}
	code, out, count := newCodec([]byte("key")), make([]byte, Size), uint64(0)
	died := func(*other, sfaas.Time) { t.Error("somebody has died") }
	turn := func() {
		count++
		code.put(out, Beat{Node: 1, Incarnation: 1, Count: count})
		s.send(out, &o.tell[0])
		if err := s.wait(time.Second); err != nil {
			t.Error(err)
		}
		now := sfaas.Now()
		p.turned.Store(int64(now))
		p.hear(s, o, code, true)
		p.noteGap(o, now)
		s.tend(o.watch, now, died)
		p.judge(o, now)
	}
	turn()
	s.accept()
	if n := testing.AllocsPerRun(100, turn); n > 0 {
		t.Errorf("%v allocations a turn", n)
	}
	if x.last.Count != count {
		t.Errorf("%d beats are heard of %d", x.last.Count, count)
	}
}
