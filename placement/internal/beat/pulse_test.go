// SPDX-License-Identifier: Apache-2.0

package beat

import (
	"bytes"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/neuroran/neuroran/sfaas"
)

var local = netip.MustParseAddr("127.0.0.1")

// start starts the pulse of a node until the end of the test. Its period is long enough
// for a thread like all others on a busy machine.
func start(t *testing.T, node sfaas.NodeID, cfg Config) *Pulse {
	t.Helper()
	cfg.Node, cfg.Incarnation, cfg.Host = node, 1, local
	if cfg.Key == nil {
		cfg.Key = []byte("key")
	}
	if cfg.Period == 0 {
		cfg.Period, cfg.Misses = 20*time.Millisecond, 10
	}
	p, err := Start(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	return p
}

func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for begin := time.Now(); !holds(); time.Sleep(time.Millisecond) {
		if time.Since(begin) > 20*time.Second {
			t.Fatalf("%s: not within 20 s", what)
		}
	}
}

// TestPulse watches a process that lives, then dies, and comes back in another life.
func TestPulse(t *testing.T) {
	silent := make(chan sfaas.NodeID, 8)
	watcher := start(t, 1, Config{OnSilent: func(n sfaas.NodeID, _ sfaas.Time) { silent <- n }})
	begin := sfaas.Now()
	watcher.Watch([]Watched{{Node: 2}})
	owner := start(t, 2, Config{})
	owner.Tell([]netip.AddrPort{watcher.Address()})
	eventually(t, "the owner is heard", func() bool { return watcher.HeardSince(2, begin) })
	if watcher.Silent(2) || !watcher.Runs() {
		t.Errorf("silent %v, runs %v, while the owner beats", watcher.Silent(2), watcher.Runs())
	}
	for len(silent) > 0 { // it may have begun late
		<-silent
	}
	at := time.Now()
	if err := owner.Close(); err != nil {
		t.Fatal(err)
	}
	if n := <-silent; n != 2 {
		t.Errorf("node %d is silent, want 2", n)
	}
	if took := time.Since(at); took < watcher.Term()-watcher.cfg.Period*2 {
		t.Errorf("silent after %v, want about %v", took, watcher.Term())
	}
	eventually(t, "it is known to be silent", func() bool { return watcher.Silent(2) })
	again, err := Start(Config{Node: 2, Incarnation: 2, Key: []byte("key"), Host: local, Period: 20 * time.Millisecond, Misses: 10})
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	again.Tell([]netip.AddrPort{watcher.Address()})
	eventually(t, "it is heard again", func() bool { return !watcher.Silent(2) })
}

// TestPulseBelievesNobody watches a process for which somebody beats who does not have
// the key, and one whose beats are sent again.
func TestPulseBelievesNobody(t *testing.T) {
	var silent atomic.Int32
	watcher := start(t, 1, Config{OnSilent: func(sfaas.NodeID, sfaas.Time) { silent.Add(1) }})
	watcher.Watch([]Watched{{Node: 2}})
	other := start(t, 2, Config{Key: []byte("another key")})
	other.Tell([]netip.AddrPort{watcher.Address()})
	old := make([]byte, Size)
	newCodec([]byte("key")).put(old, Beat{Node: 2, Incarnation: 1, Count: 1})
	conn, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(watcher.Address()))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	var sent atomic.Int32
	var again sync.WaitGroup
	defer again.Wait()
	stop := make(chan struct{})
	defer close(stop)
	again.Go(func() {
		for {
			select {
			case <-stop:
				return
			case <-time.After(5 * time.Millisecond):
				_, _ = conn.Write(old)
				sent.Add(1)
			}
		}
	})
	eventually(t, "the process is silent", func() bool { return silent.Load() == 1 && watcher.Silent(2) })
	begin, more := sfaas.Now(), sent.Load()+10
	eventually(t, "the old beat has come again", func() bool { return sent.Load() >= more })
	if !watcher.Silent(2) || watcher.HeardSince(2, begin) {
		t.Error("an old beat is believed")
	}
}

// TestGap lets a thread find out that it has not run: it blames nobody, and says so.
func TestGap(t *testing.T) {
	var gaps []time.Duration
	p := &Pulse{cfg: Config{Period: 5 * time.Millisecond, Misses: 3, OnGap: func(d time.Duration) { gaps = append(gaps, d) }}}
	p.cfg.OnSilent = func(sfaas.NodeID, sfaas.Time) { t.Error("somebody is blamed") }
	heard, unheard := &other{node: 2, last: Beat{Node: 2, Count: 1}}, &other{node: 3}
	o := &orders{watch: []*other{heard, unheard}}
	p.orders.Store(o)
	at := sfaas.Time(time.Second)
	p.turned.Store(int64(at))
	heard.since = at
	at = at.Add(300 * time.Millisecond)
	p.noteGap(o, at)
	p.judge(o, at)
	if len(gaps) != 1 || gaps[0] != 300*time.Millisecond {
		t.Errorf("gaps %v, want one of 300 ms", gaps)
	}
	at = at.Add(12 * time.Millisecond) // late, and no gap in which others give it up
	p.noteGap(o, at)
	p.judge(o, at)
	if len(gaps) != 1 {
		t.Errorf("gaps %v, want one", gaps)
	}
	p.cfg.OnSilent = nil
	p.judge(o, at.Add(16*time.Millisecond))
	if !p.Silent(2) || p.Silent(3) {
		t.Error("a process that is silent for a term after that is not noticed")
	}
}

// TestPatience hears a process whose beats come late: it is given more time, up to a bound,
// and less again when they come in time.
func TestPatience(t *testing.T) {
	p := &Pulse{cfg: Config{Period: 5 * time.Millisecond, Misses: 3}}
	x := &other{node: 2}
	at, count := sfaas.Time(time.Second), uint64(0)
	beat := func(after time.Duration, learns bool) {
		at, count = at.Add(after), count+1
		p.note(x, Beat{Node: 2, Incarnation: 1, Count: count}, at, learns)
	}
	want := func(what string, least, most time.Duration) {
		t.Helper()
		if got := p.term(x); got < least || got > most {
			t.Errorf("%s: %v, want %v to %v", what, got, least, most)
		}
	}
	beat(time.Hour, true) // the first one says nothing
	want("at first", p.Term(), p.Term())
	beat(40*time.Millisecond, false) // this process was late itself
	want("late by the fault of who hears", p.Term(), p.Term())
	beat(35*time.Millisecond, true)
	want("30 ms late", 45*time.Millisecond, 45*time.Millisecond)
	for range 1400 {
		beat(5*time.Millisecond, true)
	}
	want("seven seconds later", 29*time.Millisecond, 31*time.Millisecond)
	beat(time.Second, true)
	want("a second late", patience*p.Term(), patience*p.Term())
}

// FuzzBeat reads any bytes, and a beat with any of its bytes changed.
func FuzzBeat(f *testing.F) {
	c := newCodec([]byte("key"))
	good := make([]byte, Size)
	want := Beat{Node: 7, Incarnation: 3, Count: 9}
	c.put(good, want)
	f.Add(good)
	f.Add([]byte(magic))
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := c.get(b)
		if err == nil {
			again := make([]byte, Size)
			c.put(again, got)
			if !bytes.Equal(again, b) {
				t.Fatalf("%x is read as %+v, which is written as %x", b, got, again)
			}
		}
		if len(b) == 0 {
			return
		}
		bad := bytes.Clone(good)
		bad[int(b[0])%Size] ^= 1 + b[len(b)-1]%255
		if _, err := c.get(bad); err == nil {
			t.Fatal("a changed beat is believed")
		}
		if got, err := c.get(good); err != nil || got != want {
			t.Fatalf("%+v, %v, want %+v", got, err, want)
		}
	})
}
