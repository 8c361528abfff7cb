// SPDX-License-Identifier: Apache-2.0

// Command host receives samples and grants as UDP packets, and prints what became of
// each grant. Its carrier is that of the recording which ships with the library.
//
// A packet begins with a letter and the number of its slot, 8 bytes, big endian. After
// G follow the slot's grants as JSON. After S follow the number of the first sample, 4
// bytes, and samples: I and Q of each antenna in turn, float32, little endian.
package main

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"math"
	"net"
	"os"
	"time"

	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/phy/sigmf"
	"github.com/neuroran/neuroran/ran/block"
	"github.com/neuroran/neuroran/ran/uplink"
	"github.com/neuroran/neuroran/sfaas"
)

// air collects the samples of one slot.
type air struct {
	nr.Baseband
	missing int
}

func float(b []byte) float32 { return math.Float32frombits(binary.LittleEndian.Uint32(b)) }

// take copies samples, and reports whether the slot is complete with them.
func (a *air) take(c *nr.Carrier, numRx int, slot nr.Slot, first int, b []byte) bool {
	if slot != a.Slot || a.missing <= 0 {
		a.Slot, a.missing = slot, c.SlotSamples(slot)
		a.Samples.Resize(numRx, a.missing)
	}
	for ; len(b) >= 8*numRx && first < a.Samples.Dim(1); first, b, a.missing = first+1, b[8*numRx:], a.missing-1 {
		for r := range numRx {
			a.Samples.Row(r)[first] = complex(float(b[8*r:]), float(b[8*r+4:]))
		}
	}
	return a.missing == 0
}

// serve receives packets until the connection is closed. Work on a slot starts at most a
// budget after the slot's start.
func serve(conn net.PacketConn, cfg uplink.Config, budget time.Duration, out io.Writer) error {
	chain, err := uplink.New(cfg)
	if err != nil {
		return err
	}
	defer chain.Close()
	timeline := sfaas.NewTimeline(cfg.Carrier.Numerology().SlotDuration())
	rx, err := chain.Receive(uplink.ReceiverConfig{Timeline: timeline, Budget: budget, OnOutcome: func(t *uplink.Transmission, _ *block.TransportBlock) {
		fmt.Fprintf(out, "slot %d, UE %d, process %d: %v\n", t.Slot, t.Grant.RNTI, t.Grant.HARQProcess, t.Outcome)
	}})
	if err != nil {
		return err
	}
	defer rx.Close()
	if err := rx.Warm(context.Background()); err != nil {
		return err
	}
	for cell, now, packet := block.CellKey(cfg.Carrier.CellID), new(air), make([]byte, 1<<16); ; {
		n, _, err := conn.ReadFrom(packet)
		if err != nil {
			return err
		}
		slot, grants := nr.Slot(binary.BigEndian.Uint64(packet[1:])), []nr.Grant(nil)
		if n > 9 && packet[0] == 'G' {
			if err = json.Unmarshal(packet[9:n], &grants); err == nil {
				err = rx.Schedule(cell, slot, grants...)
			}
			timeline.Follow(sfaas.Slot(slot), rx.Runtime().Now()) // grants come as the slot begins
		} else if n > 13 && packet[0] == 'S' && now.take(&cfg.Carrier, cfg.NumRx, slot, int(binary.BigEndian.Uint32(packet[9:])), packet[13:n]) {
			err = rx.Samples(cell, slot, func(b *nr.Baseband) error { b.Samples.CopyFrom(&now.Samples); return nil })
		}
		if err != nil {
			log.Print(err) // what is wrong with one packet is no reason to end
		}
	}
}

func main() {
	rec := sigmf.Sample()
	conn, err := net.ListenPacket("udp", ":4004")
	if err == nil {
		err = serve(conn, uplink.Config{Config: block.Config{Carrier: rec.Carrier, NumRx: rec.NumChannels}}, time.Millisecond, os.Stdout)
	}
	log.Fatal(err)
}
