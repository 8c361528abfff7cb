// SPDX-License-Identifier: Apache-2.0

// Command cmd generates instances.
package main

import (
	"fmt"
	"os"

	"github.com/neuroran/neuroran/placement/sim"
)

func main() {
	r, err := sim.ParseRecipe(os.Args[2])
	if err == nil {
		in, e := sim.Generate(r)
		if err = e; err == nil {
			err = in.Write(os.Stdout)
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
}
