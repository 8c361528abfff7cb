// SPDX-License-Identifier: Apache-2.0

package lint_test

import (
	"fmt"

	"github.com/neuroran/neuroran/internal/lint"
)

func ExampleStyle() {
	f, err := lint.Parse("modem/map.go", "package modem\n")
	if err != nil {
		panic(err)
	}
	for _, issue := range lint.Style(f) {
		fmt.Println(issue)
	}
	// Output: modem/map.go:1: does not start with the SPDX line and a blank line
}
