// SPDX-License-Identifier: Apache-2.0

package plan

import "math"

// A View is what is known of a set of nodes and units, and does not change while it is
// looked at: what they have and need, who talks to whom, and who must stay apart. Nodes
// and units are numbers here, their places in the instance. It is safe for concurrent use.
type View struct {
	Nodes  []Node
	Units  []Unit
	Hop    Hop
	Limits Limits
	Move   MoveCost

	links [][]end   // by unit: its links, seen from there
	apart [][]int32 // by unit: units that must not be on its node, in both directions
	zones [][]int32 // by zone: its nodes
	scale []float64 // by unit: factor of its work at this hour
	slot  float64   // length of a slot in microseconds
}

// end is a link as one of its units sees it.
type end struct {
	peer    int32
	input   bool    // the peer sends
	hop     float64 // processor microseconds per message at each end, on a core of speed 1
	rate    float64 // messages per second
	latency float64 // microseconds on the way
	watts   float64 // where the sites differ
}

// NewView returns the view that an instance describes, at the load of the instance (each
// day's factor taken as 1). It returns the error of [Instance.Validate].
func NewView(in *Instance) (*View, error) {
	if err := in.Validate(); err != nil {
		return nil, err
	}
	v := &View{
		Nodes: in.Nodes, Units: in.Units, Hop: in.Hop, Limits: in.Limits, Move: in.Move,
		links: make([][]end, len(in.Units)), apart: make([][]int32, len(in.Units)),
		scale: make([]float64, len(in.Units)), slot: in.SlotUS,
	}
	index := make(map[string]int32, len(in.Units))
	for i := range in.Units {
		index[in.Units[i].ID] = int32(i)
		v.scale[i] = 1
	}
	for _, l := range in.Links {
		a, b := index[l.From], index[l.To]
		e := end{
			peer: b, hop: v.hopMicros(l.KB), rate: l.PerSecond,
			latency: v.Hop.LatencyMicros + v.Hop.LatencyMicrosPerKB*l.KB,
			watts:   v.wireWatts(l.KB, l.PerSecond),
		}
		v.links[a] = append(v.links[a], e)
		e.peer, e.input = a, true
		v.links[b] = append(v.links[b], e)
	}
	for i := range in.Units {
		for _, id := range in.Units[i].Apart {
			v.apart[i] = append(v.apart[i], index[id])
			v.apart[index[id]] = append(v.apart[index[id]], int32(i))
		}
	}
	for j := range in.Nodes {
		for in.Nodes[j].Zone >= len(v.zones) {
			v.zones = append(v.zones, nil)
		}
		zone := in.Nodes[j].Zone
		v.zones[zone] = append(v.zones[zone], int32(j))
	}
	return v, nil
}

// At returns the view at a step of the day: the same, with the work of every unit
// multiplied by its factor. Units without a day keep their work.
func (v *View) At(step int) *View {
	now := *v
	now.scale = make([]float64, len(v.Units))
	for i := range v.Units {
		now.scale[i] = 1
		if day := v.Units[i].Day; len(day) > 0 {
			now.scale[i] = day[step%len(day)]
		}
	}
	return &now
}

// Scaled returns the view in which the work of each unit is multiplied by a factor, one
// per unit. The view keeps the slice.
func (v *View) Scaled(factors []float64) *View {
	now := *v
	now.scale = factors
	return &now
}

// Scale returns the factor by which the work of a unit is multiplied in this view.
func (v *View) Scale(u int) float64 { return v.scale[u] }

// Peak returns the view in which each unit does the most that it does in the day.
func (v *View) Peak() *View {
	now := *v
	now.scale = make([]float64, len(v.Units))
	for i := range v.Units {
		now.scale[i] = 1
		for t, f := range v.Units[i].Day {
			if t == 0 || f > now.scale[i] {
				now.scale[i] = f
			}
		}
	}
	return &now
}

// Steps returns the number of steps of the day, 0 for a view without.
func (v *View) Steps() int {
	if len(v.Units) == 0 {
		return 0
	}
	return len(v.Units[0].Day)
}

// Zone returns the nodes of a zone, in ascending order; the caller must not change them.
func (v *View) Zone(zone int) []int32 {
	if zone >= len(v.zones) {
		return nil
	}
	return v.zones[zone]
}

// Linked reports whether two units send messages to each other.
func (v *View) Linked(a, b int) bool {
	for i := range v.links[a] {
		if int(v.links[a][i].peer) == b {
			return true
		}
	}
	return false
}

// hopMicros returns the processor time of a message at one end, on a core of speed 1.
func (v *View) hopMicros(kb float64) float64 {
	return v.Hop.CPUMicros + v.Hop.CPUMicrosPerKB*kb
}

// wireWatts returns what messages take that leave their site.
func (v *View) wireWatts(kb, perSecond float64) float64 {
	const bitsPerKB = 8000
	return v.Hop.NanojoulesPerBit * 1e-9 * bitsPerKB * kb * perSecond
}

// distance returns the microseconds of straight line between two places.
func (v *View) distance(x0, y0, x1, y1 float64) float64 {
	if x0 == x1 && y0 == y1 {
		return 0
	}
	return v.Hop.MicrosPerKM * math.Hypot(x0-x1, y0-y1)
}

// apartSites reports whether two nodes are at different sites.
func (v *View) apartSites(j, k int32) bool {
	a, b := &v.Nodes[j], &v.Nodes[k]
	return a.X != b.X || a.Y != b.Y
}
