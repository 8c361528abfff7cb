// SPDX-License-Identifier: Apache-2.0

package gnb

import (
	"bufio"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/neuroran/neuroran/phy/nr"
)

// Bounds of recorded packets.
const (
	maxPacketBytes = 1 << 28
	maxPackets     = 1 << 24
	maxSeconds     = 1e6
)

// packetColumns is the first line of a file of packets.
const packetColumns = "time_s,bytes"

// ReadPackets reads the recorded packets of one UE: comma-separated values, one packet per
// line, after the line "time_s,bytes".
//
//   - time_s: when the UE has the packet, in seconds from any start; ascending
//   - bytes: its size, 1 to 2²⁸
//
// Lines that begin with # and empty lines are left out. Times count from the first packet
// on. It returns a [*nr.FieldError] that names the line for anything else, and the error
// of r.
func ReadPackets(r io.Reader) ([]Packet, error) {
	var packets []Packet
	in, line, head, first := bufio.NewScanner(r), 0, false, 0.0
	for in.Scan() {
		line++
		text := strings.TrimSpace(in.Text())
		switch {
		case text == "" || text[0] == '#':
		case !head:
			if text != packetColumns {
				return nil, badLine(line, "header", text, packetColumns)
			}
			head = true
		case len(packets) == maxPackets:
			return nil, badLine(line, "packets", len(packets)+1, fmt.Sprintf("at most %d", maxPackets))
		default:
			seconds, size, err := parsePacket(line, text)
			if err != nil {
				return nil, err
			}
			if len(packets) == 0 {
				first = seconds
			}
			p := Packet{time.Duration((seconds - first) * 1e9), size}
			if n := len(packets); n > 0 && p.At < packets[n-1].At {
				return nil, badLine(line, "time_s", seconds, "a time that is not before the last one")
			}
			packets = append(packets, p)
		}
	}
	if err := in.Err(); err != nil {
		return nil, fmt.Errorf("gnb: packets: line %d: %w", line+1, err)
	}
	if len(packets) == 0 {
		return nil, badLine(line, "packets", 0, "at least one after the header "+packetColumns)
	}
	return packets, nil
}

// parsePacket reads one line.
func parsePacket(line int, text string) (seconds float64, bytes int, err error) {
	at, size, two := strings.Cut(text, ",")
	if !two {
		return 0, 0, badLine(line, "columns", text, packetColumns)
	}
	seconds, err = strconv.ParseFloat(strings.TrimSpace(at), 64)
	if err != nil || !(math.Abs(seconds) <= maxSeconds) {
		return 0, 0, badLine(line, "time_s", at, fmt.Sprintf("a number of seconds, ±%g", maxSeconds))
	}
	bytes, err = strconv.Atoi(strings.TrimSpace(size))
	if err != nil || bytes < 1 || bytes > maxPacketBytes {
		return 0, 0, badLine(line, "bytes", size, fmt.Sprintf("1…%d", maxPacketBytes))
	}
	return seconds, bytes, nil
}

func badLine(line int, field string, got any, want string) error {
	return &nr.FieldError{Field: fmt.Sprintf("packets: line %d: %s", line, field), Got: got, Want: want}
}

// validatePackets reports packets that [ReadPackets] would not give, as a [*nr.FieldError].
func validatePackets(packets []Packet) error {
	if len(packets) == 0 || len(packets) > maxPackets {
		return &nr.FieldError{Field: "traffic.packets", Got: len(packets), Want: fmt.Sprintf("1…%d", maxPackets)}
	}
	for i, p := range packets {
		switch {
		case p.At < 0 || p.At > 2*maxSeconds*time.Second || i > 0 && p.At < packets[i-1].At:
			return &nr.FieldError{Field: fmt.Sprintf("traffic.packets[%d].at", i), Got: p.At, Want: "ascending times from 0 to 2e6 s"}
		case p.Bytes < 1 || p.Bytes > maxPacketBytes:
			return &nr.FieldError{Field: fmt.Sprintf("traffic.packets[%d].bytes", i), Got: p.Bytes, Want: fmt.Sprintf("1…%d", maxPacketBytes)}
		}
	}
	return nil
}

// playback yields recorded packets again and again. The pause from the last packet to the
// first of the next round is the mean interval, and at least so long that a round has no more
// than [maxPacketRate] packets per second.
type playback struct {
	packets []Packet
	next    int
	round   time.Duration // length of a round
	start   time.Duration // of the present one
}

func newPlayback(packets []Packet) *playback {
	last := packets[len(packets)-1].At
	pause := time.Millisecond
	if n := time.Duration(len(packets) - 1); n > 0 {
		pause = max(last/n, time.Microsecond)
	}
	return &playback{packets: packets, round: max(last+pause, time.Duration(len(packets))*time.Second/maxPacketRate)}
}

// Next implements [Source]. It has packets for seventy years.
func (p *playback) Next() (Packet, bool) {
	x := p.packets[p.next]
	x.At += p.start
	if p.next++; p.next == len(p.packets) {
		p.next, p.start = 0, p.start+p.round
	}
	return x, x.At < endOfTraffic
}
