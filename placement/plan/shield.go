// SPDX-License-Identifier: Apache-2.0

package plan

// A Shield stands between whoever proposes and whoever acts. It lets a plan pass only if
// every target admits its units on the view beside all that is there at that stage, and if
// the plan saves more than it costs within the horizon, and more than hysteresis. What a
// policy or a planner says is never trusted: it can waste time, and nothing else.
//
// The zero value has no hysteresis. A Shield is for one goroutine at a time.
type Shield struct {
	Least float64 // watts that a plan must save at least per move

	Passed, Stopped int // plans so far

	places []Place // scratch
}

// Verdict says why a shield has stopped a plan.
type Verdict string

// Verdicts.
const (
	Pass       Verdict = ""
	NotThere   Verdict = "a unit is not where the plan says" // or a node or mode does not exist
	NoRoom     Verdict = "a target has no room"              // by the view
	NotWorthIt Verdict = "it costs more than it saves"       // within the horizon, with hysteresis
)

// Judge returns whether a plan may be begun from a state, which it leaves as it is. Watts
// and joules of the plan are not believed but counted, and stand in it then if it passes.
func (h *Shield) Judge(s *State, p *Plan) Verdict {
	before, anchored := s.watt, s.anchored
	h.places = append(h.places[:0], s.place...)
	verdict, counted := Pass, Plan{}
	for _, stage := range p.Stages {
		s.Anchor()
		if verdict = s.follow(stage, &counted); verdict != Pass {
			break
		}
		s.Release()
		s.settleAfter(stage)
	}
	s.Release()
	saves := before - s.watt
	s.putBack(h.places, before)
	if anchored {
		s.Anchor()
	}
	least := h.Least * float64(p.Moves())
	if verdict == Pass && !(saves > least && saves*max(s.view.Move.Horizon, 1) > counted.Cost) {
		verdict = NotWorthIt
	}
	if verdict == Pass {
		p.Saves, p.Cost = saves, counted.Cost
		h.Passed++
	} else {
		h.Stopped++
	}
	return verdict
}

// follow does a stage, up to the first move that cannot be done.
func (s *State) follow(stage []Move, counted *Plan) Verdict {
	for _, m := range stage {
		if !s.exists(m) {
			return NotThere
		}
		if _, ok := tryMove(s, m.Unit, m.To.Node, counted); !ok {
			return NoRoom
		}
	}
	return Pass
}

// exists reports whether a move is of a unit that is there, to a place that exists. In which
// mode the unit works now is no matter: that is its node's own business.
func (s *State) exists(m Move) bool {
	v := s.view
	return m.Unit >= 0 && m.Unit < len(v.Units) && !s.ghost[m.Unit] && s.place[m.Unit].Node == m.From.Node && m.From.Node >= 0 &&
		m.To.Node >= 0 && int(m.To.Node) < len(v.Nodes) &&
		m.To.Mode >= 0 && int(m.To.Mode) < len(v.Units[m.Unit].Modes)
}
