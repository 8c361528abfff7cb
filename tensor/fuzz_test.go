// SPDX-License-Identifier: Apache-2.0

package tensor

import (
	"slices"
	"testing"
)

// FuzzShapeMetadata parses the JSON of the extension type.
func FuzzShapeMetadata(f *testing.F) {
	f.Add(`{"shape":[2,3],"dim_names":["a","b"]}`)
	f.Add(`{"shape":[2,3],"permutation":[1,0]}`)
	f.Add(`{"shape":[9223372036854775807,2]}`)
	f.Add(`{"shape":[-1]}`)
	f.Fuzz(func(t *testing.T, text string) {
		m, err := decodeShape([]byte(text), "fuzz")
		if err != nil {
			return
		}
		again, err := decodeShape(m.encode(), "fuzz")
		if n, ok := product(m.Shape); err != nil || !ok || n < 0 || !slices.Equal(m.Shape, again.Shape) {
			t.Fatalf("%s: %v, error %v", text, m, err)
		}
	})
}
