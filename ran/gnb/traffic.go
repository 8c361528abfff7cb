// SPDX-License-Identifier: Apache-2.0

package gnb

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/neuroran/neuroran/phy/nr"
)

// Packet is a piece of data that a UE has to send.
type Packet struct {
	At    time.Duration // when the UE has it, from the start of its traffic
	Bytes int           // its size
}

// Source yields the packets of one UE in the order of time. One goroutine at a time may
// use it.
type Source interface {
	// Next returns the next packet, false when there is none any more. It does not
	// allocate.
	Next() (Packet, bool)
}

// Pattern names a kind of traffic.
type Pattern string

// The patterns of traffic.
const (
	FullBuffer Pattern = "full"     // always something to send
	Periodic   Pattern = "periodic" // packets of one size at equal intervals, the first at a random instant
	Poisson    Pattern = "poisson"  // packets of one size after exponential intervals
	FTP3       Pattern = "ftp3"     // files after exponential intervals: FTP model 3 of TR 36.889 §A.1.1 (TR 36.814 §A.2.1.3.1)
	OnOff      Pattern = "onoff"    // exponential times of packets at equal intervals, and of none
	Recorded   Pattern = "recorded" // packets as recorded, see [ReadPackets]
)

// Traffic says what a UE has to send. It is passed by value; the zero value is a full
// buffer.
type Traffic struct {
	Pattern Pattern       // "" stands for [FullBuffer]
	Mbps    float64       // mean rate, Mbit/s; of the times with packets with [OnOff]
	Bytes   int           // of a packet; 0 stands for 1500, and for 500 000 with [FTP3]
	On, Off time.Duration // mean length of the times with and without packets; 0 stands for 100 ms
	Packets []Packet      // [Recorded]; played again and again
}

// Usual values of a [Traffic].
const (
	packetBytes = 1500
	fileBytes   = 500_000 // TR 36.889 table A.1.1-1
	ftp3Mbps    = 4
	onOffTime   = 100 * time.Millisecond
)

// ParseTraffic reads what a command line says of traffic: full, periodic:MBPS,
// poisson:MBPS, ftp3, ftp3:MBPS, onoff:MBPS, or the name of a file of packets that ends
// in .csv. It returns a [*nr.FieldError] for anything else, and the errors of the file.
func ParseTraffic(text string) (Traffic, error) {
	if strings.HasSuffix(text, ".csv") {
		f, err := os.Open(text)
		if err != nil {
			return Traffic{}, err
		}
		defer f.Close()
		packets, err := ReadPackets(f)
		if err != nil {
			return Traffic{}, fmt.Errorf("%s: %w", text, err)
		}
		return Traffic{Pattern: Recorded, Packets: packets}, nil
	}
	name, rate, has := strings.Cut(text, ":")
	if name == "" {
		return Traffic{}, unknownTraffic(text)
	}
	t := Traffic{Pattern: Pattern(name)}
	if has {
		mbps, err := strconv.ParseFloat(rate, 64)
		if err != nil {
			return Traffic{}, &nr.FieldError{Field: "traffic", Got: text, Want: "a rate in Mbit/s after the colon"}
		}
		t.Mbps = mbps
	} else if t.Pattern == FTP3 {
		t.Mbps = ftp3Mbps
	}
	if t.Pattern == FullBuffer && has || t.Pattern == Recorded {
		return Traffic{}, unknownTraffic(text)
	}
	return t, t.Validate()
}

func unknownTraffic(got string) error {
	return &nr.FieldError{Field: "traffic", Got: got, Want: "full, periodic:MBPS, poisson:MBPS, ftp3, onoff:MBPS or a file that ends in .csv"}
}

// Validate reports the first field out of range, as a [*nr.FieldError].
func (t *Traffic) Validate() error {
	switch t.Pattern {
	case "", FullBuffer:
		return nil
	case Recorded:
		return validatePackets(t.Packets)
	case Periodic, Poisson, FTP3, OnOff:
	default:
		return unknownTraffic(string(t.Pattern))
	}
	if !(t.Mbps >= 1e-6 && t.Mbps <= 1e5) {
		return &nr.FieldError{Field: "traffic.mbps", Got: t.Mbps, Want: "0.000001…100000 Mbit/s"}
	}
	if t.Bytes < 0 || t.Bytes > maxPacketBytes {
		return &nr.FieldError{Field: "traffic.bytes", Got: t.Bytes, Want: fmt.Sprintf("0…%d", maxPacketBytes)}
	}
	if rate := t.Mbps * 1e6 / 8 / float64(t.packetBytes()); rate > maxPacketRate {
		return &nr.FieldError{Field: "traffic.mbps", Got: fmt.Sprintf("%g packets per second", rate), Want: fmt.Sprintf("at most %d", maxPacketRate)}
	}
	for _, d := range []time.Duration{t.On, t.Off} {
		if d != 0 && (d < time.Millisecond || d > maxSeconds*time.Second) {
			return &nr.FieldError{Field: "traffic.on, off", Got: d, Want: "0, or from 1 ms to 1e6 s"}
		}
	}
	return nil
}

// packetBytes returns the size of a packet.
func (t *Traffic) packetBytes() int {
	switch {
	case t.Bytes != 0:
		return t.Bytes
	case t.Pattern == FTP3:
		return fileBytes
	}
	return packetBytes
}

// Bounds of traffic: beyond them the clock of a packet would stand still, or run over.
const (
	maxPacketRate = 1_000_000              // packets per second
	endOfTraffic  = time.Duration(1) << 61 // no packet comes after it
	maxInterval   = time.Duration(1) << 60 // between two
)

// full reports whether there is always something to send.
func (t *Traffic) full() bool { return t.Pattern == "" || t.Pattern == FullBuffer }

// NewSource returns the packets of one UE, which follow from the seed, and nil for a full
// buffer. It returns the errors of [Traffic.Validate].
func NewSource(t Traffic, seed uint64) (Source, error) {
	if err := t.Validate(); err != nil {
		return nil, err
	}
	if t.full() {
		return nil, nil
	}
	if t.Pattern == Recorded {
		return newPlayback(t.Packets), nil
	}
	s := &generator{rng: rand.New(rand.NewPCG(seed, 0x74726166666963)), pattern: t.Pattern, bytes: t.packetBytes(), on: t.On, off: t.Off} // "traffic"
	if s.on == 0 {
		s.on = onOffTime
	}
	if s.off == 0 {
		s.off = onOffTime
	}
	s.interval = time.Duration(min(float64(s.bytes)*8e3/t.Mbps, float64(maxInterval))) // ns
	s.begin()
	return s, nil
}

// generator makes the packets of a random pattern.
type generator struct {
	rng      *rand.Rand
	pattern  Pattern
	bytes    int
	interval time.Duration // mean time between packets
	on, off  time.Duration // mean lengths
	at       time.Duration // of the last packet
	end      time.Duration // of the present time with packets
}

// begin draws when everything starts.
func (g *generator) begin() {
	switch g.pattern {
	case Periodic:
		g.at = time.Duration(g.rng.Float64()*float64(g.interval)) - g.interval
	case OnOff:
		g.end = 0 // it begins with a time without
	}
}

// Next implements [Source]. It has packets for seventy years.
func (g *generator) Next() (Packet, bool) {
	if g.at >= endOfTraffic {
		return Packet{}, false
	}
	switch g.pattern {
	case Periodic:
		g.at += g.interval
	case OnOff:
		for g.at += g.interval; g.at >= g.end && g.at < endOfTraffic; g.at += time.Duration(g.rng.Float64() * float64(g.interval)) {
			g.at = g.end + g.exponential(g.off)
			g.end = g.at + g.exponential(g.on)
		}
	default:
		g.at += g.exponential(g.interval)
	}
	return Packet{g.at, g.bytes}, g.at < endOfTraffic
}

func (g *generator) exponential(mean time.Duration) time.Duration {
	return time.Duration(min(g.rng.ExpFloat64()*float64(mean), float64(maxInterval)))
}
