package plan_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/neuroran/neuroran/placement/plan"
)

func TestScratch(t *testing.T) {
	files, _ := filepath.Glob(os.Getenv("SCR") + "/*.json")
	out, _ := os.OpenFile(os.Getenv("SCROUT"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	for _, f := range files {
		r, _ := os.Open(f)
		in, err := plan.ReadInstance(r)
		if err != nil {
			t.Fatal(err)
		}
		v, _ := plan.NewView(in)
		best := plan.NewState(v)
		bw := 1e99
		for seed := range uint64(3) {
			s := plan.NewState(v)
			(&plan.Choice{}).PlaceAll(s)
			plan.Recreate(s, 0, 2e7, seed)
			if s.Unplaced() == 0 && s.Energy() < bw {
				bw = s.Energy()
				best.Copy(s)
			}
		}
		type pl struct {
			Unit string `json:"unit"`
			Node string `json:"node"`
			Mode string `json:"mode"`
		}
		var units []pl
		for u := range in.Units {
			p := best.Place(u)
			units = append(units, pl{in.Units[u].ID, in.Nodes[p.Node].ID, in.Units[u].Modes[p.Mode].Kind})
		}
		b, _ := json.Marshal(map[string]any{"name": in.Name, "best_w": bw, "units": units})
		out.Write(append(b, '\n'))
	}
}
