// SPDX-License-Identifier: Apache-2.0

package gnb

import (
	"fmt"
	"time"

	"github.com/neuroran/neuroran/mac"
	"github.com/neuroran/neuroran/phy/nr"
)

// Bearer is one logical channel of a UE with its traffic.
type Bearer struct {
	LCG     int                // logical channel group that it is reported in, 0…7
	Traffic Traffic            // what comes
	Channel mac.LogicalChannel // priority, prioritized bit rate and bucket size; what waits is not read
}

// validate reports the first field out of range.
func (b *Bearer) validate(field string) error {
	switch {
	case b.LCG < 0 || b.LCG >= mac.NumLCGs:
		return &nr.FieldError{Field: field + ".lcg", Got: b.LCG, Want: "0…7"}
	case !(b.Channel.PBR >= 0):
		return &nr.FieldError{Field: field + ".pbr", Got: b.Channel.PBR, Want: "at least 0, bytes per second"}
	case b.Channel.BucketSize < 0:
		return &nr.FieldError{Field: field + ".bucket_size", Got: b.Channel.BucketSize, Want: "at least 0"}
	}
	if err := b.Traffic.Validate(); err != nil {
		return fmt.Errorf("%s: %w", field, err)
	}
	return nil
}

// validateBearers reports the first field of its bearers that is out of range.
func (u *UE) validateBearers(field string) error {
	all := u.bearers()
	if len(all) > mac.NumLCGs {
		return &nr.FieldError{Field: field + ".bearers", Got: len(u.Bearers), Want: "at most 7"}
	}
	for i := range all {
		at := field
		if i > 0 {
			at = fmt.Sprintf("%s.bearers[%d]", field, i-1)
		}
		if err := all[i].validate(at); err != nil {
			return err
		}
	}
	return nil
}

// bearers returns all bearers of a UE, the first one being that of LCG, Traffic and Channel.
func (u *UE) bearers() []Bearer {
	return append([]Bearer{{LCG: u.LCG, Traffic: u.Traffic, Channel: u.Channel}}, u.Bearers...)
}

// stream is a bearer at work: its source, its buffer, and what came of its packets.
type stream struct {
	lcg   int
	queue queue
	next  Packet // that has not come yet
	more  bool   // next is one
	src   Source

	payload int64 // bytes that were received
	delays  quantiles
	lost    int // packets
}

// span is a range of a stream.
type span struct{ start, end int64 }

func newStream(b *Bearer, seed uint64) (stream, error) {
	src, err := NewSource(b.Traffic, seed)
	if err != nil {
		return stream{}, err
	}
	s := stream{lcg: b.LCG, src: src, queue: queue{full: src == nil}}
	s.delays.init()
	return s, nil
}

// arrivals puts packets into the buffer that have come until now, with traffic that starts at
// an instant, and returns their bytes, and for how many of them there was no room.
func (s *stream) arrivals(now, start time.Duration) (bytes int64, lost int) {
	if s.src == nil {
		return 0, 0
	}
	if !s.more {
		s.next, s.more = s.src.Next()
	}
	for s.more && s.next.At+start <= now {
		p := s.next
		p.At += start
		if !s.queue.push(p) {
			lost++
		}
		bytes += int64(p.Bytes)
		s.next, s.more = s.src.Next()
	}
	s.lost += lost
	return bytes, lost
}

// take gives the streams of a UE their shares of the payload of a block: with one stream all of
// it, and with several by logical channel prioritization (TS 38.321 §5.4.3.1).
func (t *terminal) take(dst *[mac.NumLCGs]span, payload int, now time.Duration) {
	if len(t.streams) == 1 {
		dst[0].start, dst[0].end = t.streams[0].queue.take(payload)
		return
	}
	var shares [mac.NumLCGs]int
	for i := range t.streams {
		t.channels[i].Waiting = t.streams[i].queue.waiting()
	}
	mac.Prioritize(shares[:len(t.streams)], t.channels, payload, now-t.builtAt)
	t.builtAt = now
	for i := range t.streams {
		dst[i].start, dst[i].end = t.streams[i].queue.take(shares[i])
	}
}

// settle notes that a block has arrived, at an instant, or is lost.
func (t *terminal) settle(b *blockOfUE, lost bool, at time.Duration) {
	for i := range t.streams {
		s, r := &t.streams[i], &b.ranges[i]
		if !lost {
			s.payload += r.end - r.start
			t.stats.payload += r.end - r.start
		}
		s.queue.settle(r.start, r.end, lost, func(p *pending) {
			if p.lost {
				s.lost++
				t.stats.packetsLost++
				return
			}
			t.stats.packets++
			s.delays.add(at - p.at)
			t.stats.delays.add(at - p.at)
		})
	}
}

// waiting returns the bytes that wait in each logical channel group, and of all.
func (t *terminal) waiting() (groups [mac.NumLCGs]int, all int) {
	for i := range t.streams {
		n := t.streams[i].queue.waiting()
		groups[t.streams[i].lcg] += n
		all += n
	}
	return groups, all
}
