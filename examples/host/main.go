// SPDX-License-Identifier: Apache-2.0

// Command host receives samples and grants as UDP packets, and prints what became of each
// grant. A packet begins with a letter and the number of its slot, 8 bytes, big endian.
// After G follow the slot's grants as JSON; after S follow the antenna, 1 byte, the number
// of the first sample, 4 bytes, and samples as complex64, little endian.
package main

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"time"

	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/phy/sigmf"
	"github.com/neuroran/neuroran/ran/block"
	"github.com/neuroran/neuroran/ran/uplink"
	"github.com/neuroran/neuroran/sfaas"
)

// serve receives packets until the connection is closed. Work starts within a budget.
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
	cell, air, missing, packet := block.CellKey(cfg.Carrier.CellID), nr.Baseband{}, 0, make([]byte, 1<<16)
	err = rx.Warm(context.Background())
	for n, bad := 0, error(nil); err == nil; bad = nil { // one bad packet is no reason to end
		n, _, err = conn.ReadFrom(packet)
		switch slot := nr.Slot(binary.BigEndian.Uint64(packet[1:])); {
		case n > 9 && packet[0] == 'G':
			var grants []nr.Grant
			if bad = json.Unmarshal(packet[9:n], &grants); bad == nil {
				bad = rx.Schedule(cell, slot, grants...)
			}
			timeline.Follow(sfaas.Slot(slot), rx.Runtime().Now()) // grants come as the slot begins
		case n > 14 && packet[0] == 'S' && int(packet[9]) < cfg.NumRx:
			if slot != air.Slot || missing <= 0 { // the first packet of its slot
				air.Slot, missing = slot, cfg.NumRx*cfg.Carrier.SlotSamples(slot)
				air.Samples.Resize(cfg.NumRx, cfg.Carrier.SlotSamples(slot))
			}
			first, end := int(binary.BigEndian.Uint32(packet[10:])), air.Samples.Dim(1)
			row := air.Samples.Row(int(packet[9]))[min(first, end):min(first+(n-14)/8, end)]
			_, bad = binary.Decode(packet[14:n], binary.LittleEndian, row)
			if missing -= len(row); missing == 0 {
				bad = rx.Samples(cell, slot, func(b *nr.Baseband) error { b.Samples.CopyFrom(&air.Samples); return nil })
			}
		}
		if bad != nil {
			log.Print(bad)
		}
	}
	return err
}

func main() {
	rec := sigmf.Sample()
	conn, err := net.ListenPacket("udp", ":4004")
	if err == nil {
		err = serve(conn, uplink.Config{Config: block.Config{Carrier: rec.Carrier, NumRx: rec.NumChannels}}, time.Millisecond, os.Stdout)
	}
	log.Fatal(err)
}
