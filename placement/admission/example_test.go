// SPDX-License-Identifier: Apache-2.0

package admission_test

import (
	"errors"
	"fmt"
	"time"

	"github.com/neuroran/neuroran/placement/admission"
)

// Two cells of 250 µs use a core to half, and still the second is done only after 500 µs: with a
// deadline of 450 µs one of them has to go elsewhere, or to get less work.
func Example() {
	set := admission.Set{Cores: 1, Slot: time.Millisecond, Deadline: 450 * time.Microsecond, Margin: 20 * time.Microsecond}
	cell := admission.Unit{Work: 250 * time.Microsecond, Ingress: 10 * time.Microsecond}
	fmt.Println(set.Admit(nil, cell))

	err := set.Admit([]admission.Unit{cell}, cell)
	line := new(admission.LineError)
	fmt.Println(errors.As(err, &line), err)

	budgets, _ := set.Budgets(nil, []admission.Unit{cell, cell})
	fmt.Println(budgets)
	// Output:
	// <nil>
	// true admission: deadline: unit 0 is done after 510µs, want at most 430µs
	// [210µs 210µs]
}

// A model learns what slots take, and by how much they may take more.
func ExampleModel() {
	model, _ := admission.NewModel(&admission.Steady{}, 0.9)
	for i := range 1000 {
		model.Learn(nil, time.Duration(90+i%21)*time.Microsecond) // 90 to 110 µs
	}
	bound := model.Bound(nil)
	fmt.Println(bound > 108*time.Microsecond, bound < 116*time.Microsecond)
	fmt.Println(model.Error().Exceeded < 0.11)
	// Output:
	// true true
	// true
}
