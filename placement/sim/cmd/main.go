// SPDX-License-Identifier: Apache-2.0

// Command cmd generates placement instances.
//
//	go run ./placement/sim/cmd -generate nodes=20,units=40,load=0.6,seed=1 > F.json
//
// It ends with 2 if it was called wrongly.
package main

import (
	"flag"
	"fmt"
	"io"
	"os"

	"github.com/neuroran/neuroran/placement/sim"
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

func run(args []string, out, errs io.Writer) int {
	flags := flag.NewFlagSet("cmd", flag.ContinueOnError)
	flags.SetOutput(errs)
	recipe := flags.String("generate", "", "write the instance of a recipe, such as nodes=20,units=40,load=0.6,seed=1")
	if err := flags.Parse(args); err != nil {
		return 2
	}
	if err := generate(*recipe, out); err != nil {
		fmt.Fprintln(errs, err)
		return 2
	}
	return 0
}

func generate(text string, out io.Writer) error {
	recipe, err := sim.ParseRecipe(text)
	if err != nil {
		return err
	}
	in, err := sim.Generate(recipe)
	if err != nil {
		return err
	}
	return in.Write(out)
}
