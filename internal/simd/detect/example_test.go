// SPDX-License-Identifier: Apache-2.0

package detect_test

import (
	"fmt"

	"github.com/neuroran/neuroran/internal/simd/detect"
)

// One antenna hears 2j·x = 4j.
func ExampleWork_Solve() {
	h, y := make([]float32, detect.RowLen(1)), make([]float32, detect.RowLen(1))
	detect.Split(h, []complex64{2i}, 1)
	detect.Split(y, []complex64{4i}, 1)
	var w detect.Work
	detect.Dot(w.Num[0][:len(h)], h, y, 1, 0, 0)
	detect.DotReal(w.Gain[0][:detect.Lanes], h, h, 1, 0, 0)
	w.Solve(1, 1, 0, 0.1)
	fmt.Println(w.Z[0][0], w.Noise[0][0])
	// Output: (2+0i) 0.025
}
