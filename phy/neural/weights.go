// SPDX-License-Identifier: Apache-2.0

package neural

import (
	"embed"

	"github.com/neuroran/neuroran/accel"
	"github.com/neuroran/neuroran/phy/nr"
)

//go:embed weights/*.onnx
var weights embed.FS

// modulations lists the modulations that have a shipped network.
var modulations = [...]nr.Modulation{nr.QPSK, nr.QAM16, nr.QAM64, nr.QAM256}

// Models returns a registry of the shipped networks, by [Name] and version.
func Models() *accel.Registry {
	r, err := accel.NewRegistry()
	if err != nil {
		panic(err) // no entries, no error
	}
	for _, m := range modulations {
		recipe, err := DefaultRecipe(m)
		if err != nil {
			panic(err) // the list above is ours
		}
		name := Name(m)
		err = r.Add(accel.Entry{
			Name: name, Version: "1", SHA256: hashes[name], Signature: Signature(m),
			Provenance: accel.Provenance{Recipe: recipe.String(), Data: "symbols on AWGN, drawn by the recipe", Seed: recipe.Seed},
			FS:         weights, Path: "weights/" + name + ".onnx",
		})
		if err != nil {
			panic(err) // the table of hashes is ours
		}
	}
	return r
}
