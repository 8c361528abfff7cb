// SPDX-License-Identifier: Apache-2.0

package denormal_test

import (
	"fmt"
	"math"
	"runtime"

	"github.com/neuroran/neuroran/internal/simd/denormal"
)

func ExampleFlush() {
	tiny := math.Float32frombits(4)
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	old := denormal.Flush()
	flushed := halved(tiny)
	denormal.Restore(old)
	fmt.Println(flushed == 0 || !denormal.Supported(), halved(tiny) != 0)
	// Output: true true
}
