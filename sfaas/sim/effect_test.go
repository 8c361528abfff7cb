// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"testing"

	"github.com/neuroran/neuroran/sfaas"
	"github.com/neuroran/neuroran/sfaas/internal/core"
)

// TestUnknownEffect hands the loop an effect that it does not know, as one is that
// is added to the core and forgotten here: it does not vanish. It is the fourth fault
// of the structure's review; the production shell has the same hole.
func TestUnknownEffect(t *testing.T) {
	f := sfaas.Define("f", func(*sfaas.Ctx, *int, *int) error { return sfaas.ErrNoOutput }, sfaas.FunctionConfig{})
	g := sfaas.NewGraph("g")
	sfaas.Apply(sfaas.Source[int](g, "in"), f)
	app, err := g.Build()
	if err != nil {
		t.Fatal(err)
	}
	w, err := New(app, Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	defer func() {
		if recover() == nil {
			t.Error("an effect that nobody knows was swallowed")
		}
	}()
	w.carryOut(w.nodes[0].list[0], &core.Effect{Kind: 200}, w.now)
}
