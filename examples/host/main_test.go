// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/phy/sigmf"
	"github.com/neuroran/neuroran/ran/block"
	"github.com/neuroran/neuroran/ran/uplink"
)

// counted counts the packets that the host has read: UDP tells nobody, and what the host
// does not read in time is lost.
type counted struct {
	net.PacketConn
	read atomic.Int64
}

// ReadFrom implements [net.PacketConn].
func (c *counted) ReadFrom(b []byte) (int, net.Addr, error) {
	n, from, err := c.PacketConn.ReadFrom(b)
	c.read.Add(1)
	return n, from, err
}

// until waits until the host has read all of some packets but a few, which is how many a
// buffer of the kernel holds.
func (c *counted) until(t *testing.T, sent, few int64) {
	t.Helper()
	wait(t, "packets that are not read", func() bool { return c.read.Load() >= sent-few })
}

// wait waits until ok returns true.
func wait(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for begin := time.Now(); !ok(); time.Sleep(100 * time.Microsecond) {
		if time.Since(begin) > time.Minute {
			t.Fatal(what)
		}
	}
}

// outcomes are the lines that the host has printed.
type outcomes struct {
	mu    sync.Mutex
	lines []string
}

func (o *outcomes) len() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.lines)
}

// Write implements io.Writer.
func (o *outcomes) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.lines = append(o.lines, strings.TrimSpace(string(b)))
	return len(b), nil
}

// TestServe sends the shipped recording over UDP, again and again, but for the samples of slot 41: each
// grant has one line. With a budget of a minute all that arrives passes; with that of a
// slot, what does depends on the machine.
func TestServe(t *testing.T) {
	rec := sigmf.Sample()
	cfg := uplink.Config{Config: block.Config{Carrier: rec.Carrier, NumRx: rec.NumChannels}, Receiver: "ls"}
	for _, budget := range []time.Duration{time.Minute, time.Millisecond} {
		c, err := net.ListenPacket("udp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		conn := &counted{PacketConn: c}
		var got outcomes
		done := make(chan error, 1)
		go func() { done <- serve(conn, cfg, budget, &got) }()
		want, silent := send(t, rec, conn)
		wait(t, "outcomes", func() bool { return got.len() >= len(want)-silent })
		conn.Close()
		if err := <-done; !errors.Is(err, net.ErrClosed) {
			t.Fatal(err)
		}
		seen, passed := map[string]bool{}, 0
		for _, line := range got.lines {
			grant, outcome, _ := strings.Cut(line, ": ")
			if seen[grant] || !want[grant] {
				t.Errorf("%q: again, or of no grant", line)
			}
			seen[grant] = true
			if outcome == "passed" {
				passed++
			}
			if strings.HasPrefix(grant, "slot 41,") && outcome == "passed" {
				t.Errorf("%q without samples", line)
			}
		}
		if len(seen) != len(want) {
			t.Errorf("%d outcomes of %d grants", len(seen), len(want))
		}
		if all := len(want) - silent; budget == time.Minute && passed != all {
			t.Errorf("%d of %d pass", passed, all)
		}
		t.Logf("budget=%v grants=%d passed=%d", budget, len(want), passed)
	}
}

// send sends a recording, slot by slot, and returns the names of its grants, and how many
// of them get no samples.
func send(t *testing.T, rec *sigmf.Recording, host *counted) (want map[string]bool, silent int) {
	t.Helper()
	conn, err := net.Dial("udp", host.LocalAddr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	want = map[string]bool{}
	sent := int64(0)
	packet := func(b []byte) {
		if _, err := conn.Write(b); err != nil {
			t.Fatal(err)
		}
		sent++
		host.until(t, sent, 2)
	}
	slots := rec.Slots()
	for i := range 5 * len(slots) { // frame after frame
		slot := slots[i%len(slots)]
		number := slot.Slot + nr.Slot(i/len(slots)*rec.Carrier.Numerology().SlotsPerFrame())
		var grants []nr.Grant
		for _, x := range slot.Transmissions {
			grants = append(grants, x.Grant)
			want[fmt.Sprintf("slot %d, UE %d, process %d", number, x.Grant.RNTI, x.Grant.HARQProcess)] = true
		}
		text, err := json.Marshal(grants)
		if err != nil {
			t.Fatal(err)
		}
		head := binary.BigEndian.AppendUint64([]byte("G"), uint64(number))
		packet(append(head, text...))
		if number == 41 {
			silent = len(grants)
		}
		var air nr.Baseband
		if err := rec.ReadSlot(&air, &slot); err != nil {
			t.Fatal(err)
		}
		for first := 0; first < air.Samples.Dim(1) && number != 41; first += 4000 {
			for rx := range air.Samples.Dim(0) {
				b := binary.BigEndian.AppendUint64([]byte("S"), uint64(number))
				b = binary.BigEndian.AppendUint32(append(b, byte(rx)), uint32(first))
				row := air.Samples.Row(rx)
				if b, err = binary.Append(b, binary.LittleEndian, row[first:min(first+4000, len(row))]); err != nil {
					t.Fatal(err)
				}
				packet(b)
			}
		}
	}
	host.until(t, sent, 0)
	return want, silent
}
