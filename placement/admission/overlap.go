// SPDX-License-Identifier: Apache-2.0

package admission

import "time"

// mostRounds bounds the search for the least solution; it is given up, as overload, beyond.
const mostRounds = 1000

// overlapping returns the responses of units whose slots meet those of others, see
// [Set.Responses].
//
// It goes up from the responses without other slots, one round after the other, until nothing
// changes: what a round gives is never beyond the least solution. It has given up when a
// response is longer than hopeless, with the error of the load or of the deadline.
func (s *Set) overlapping(units []Unit) ([]time.Duration, error) {
	if err := s.overloaded(units); err != nil {
		return nil, err
	}
	responses, sum := make([]time.Duration, len(units)), total(units, nil)
	for i := range units {
		responses[i] = s.alone(&units[i], sum)
	}
	for range mostRounds {
		changed := false
		for i := range units {
			r := s.overlapped(units, responses, i)
			if r > responses[i] {
				responses[i], changed = r, true
			}
			if r > hopeless(s, &units[i]) {
				return nil, &LineError{LineDeadline, i, units[i].Ingress + r + units[i].Egress, s.limit(&units[i])}
			}
		}
		if !changed {
			return responses, nil
		}
	}
	return nil, &LineError{LineDeadline, 0, units[0].Ingress + responses[0] + units[0].Egress, s.limit(&units[0])}
}

// hopeless is a response that is beyond all that could still be of use.
func hopeless(s *Set, u *Unit) time.Duration { return 4*max(s.limit(u), s.slot(u)) + s.slot(u) }

// overloaded returns a [*LineError] if there is more work in the long run than the cores can do.
func (s *Set) overloaded(units []Unit) error {
	load, longest := 0.0, time.Duration(0)
	for i := range units {
		load += float64(units[i].Work) / float64(s.slot(&units[i]))
		longest = max(longest, s.slot(&units[i]))
	}
	if load = load * s.stretch() / float64(s.Cores); load > 1 {
		return &LineError{Line: LineLoad, Got: time.Duration(load * float64(longest)), Want: longest}
	}
	return nil
}

// overlapped returns the response of unit i by the present responses of all.
func (s *Set) overlapped(units []Unit, responses []time.Duration, i int) time.Duration {
	var work, path time.Duration
	for j := range units {
		n := time.Duration(s.meets(units, responses, i, j))
		work += n * units[j].Work
		if j == i {
			path = n * units[i].chain()
		}
	}
	return s.stretched(s.over(work-path) + path)
}

// meets returns how many slots of unit j may be unfinished while one of unit i is.
//
// The data of slot m of unit i comes at r = Ingress(i) + m·Slot(i). Those of j come at
// Ingress(j) + n·Slot(j), and count if that is after r − R(j) and before r + R(i):
//
//	──┼────────┬──────────┼───────── time
//	r−R(j)     r        r+R(i)
//
// If one slot is a multiple of the other, r takes few places relative to the slots of j: each
// is tried. Otherwise it may take any.
func (s *Set) meets(units []Unit, responses []time.Duration, i, j int) int {
	ti, tj := s.slot(&units[i]), s.slot(&units[j])
	before, after := responses[j], responses[i]
	places := tj / ti
	switch {
	case ti%tj == 0:
		places = 1
	case tj%ti != 0 || places > 64:
		return int((before + after + tj - 1) / tj)
	}
	most := 0
	for m := range places {
		r := units[i].Ingress + m*ti - units[j].Ingress
		most = max(most, int(ceil(r+after, tj)-floor(r-before, tj)-1))
	}
	return most
}

func floor(a, b time.Duration) time.Duration {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

func ceil(a, b time.Duration) time.Duration { return -floor(-a, b) }
