// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"encoding/json"
	"io"

	"github.com/neuroran/neuroran/placement/plan"
)

// Assignments is a file of assignments of one instance, for whoever checks them; its
// format is described in docs/placement.md.
type Assignments struct {
	Version     int          `json:"version"`  // 1
	Instance    string       `json:"instance"` // its name
	Assignments []Assignment `json:"assignments"`
}

// Assignment says where all units are.
type Assignment struct {
	Seed    uint64   `json:"seed"`           // of the run
	Step    *int     `json:"step,omitempty"` // of the day; none for the instance's own load
	EnergyW float64  `json:"energy_w"`       // what the simulator says that it takes
	Units   []Placed `json:"units"`          // those that have a place
}

// Placed is a unit with its place.
type Placed struct {
	Unit string `json:"unit"` // name
	Node string `json:"node"` // name
	Mode string `json:"mode"` // kind of the mode
}

// add adds where the units of a zone are.
func (a *Assignment) add(w *world) { a.Units = appendPlaces(a.Units, w.truth) }

// PlacesOf returns where the units of a state are.
func PlacesOf(s *plan.State) []Placed { return appendPlaces(nil, s) }

// appendPlaces appends where the units of a state are.
func appendPlaces(dst []Placed, s *plan.State) []Placed {
	v := s.View()
	for u := range v.Units {
		if p := s.Place(u); p.Node >= 0 {
			dst = append(dst, Placed{v.Units[u].ID, v.Nodes[p.Node].ID, v.Units[u].Modes[p.Mode].Kind})
		}
	}
	return dst
}

// Write writes the file.
func (a *Assignments) Write(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", " ")
	return e.Encode(a)
}
