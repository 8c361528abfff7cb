// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/neuroran/neuroran/accel/onnx"
)

// TestCompareTransform: what numpy rounds in an exact zero of a transform is no error;
// more than that is, and so is the same beside another operator.
func TestCompareTransform(t *testing.T) {
	for _, test := range []struct {
		operator string
		zero     float32
		ok       bool
	}{
		{"DFT", 3e-15, true},
		{"DFT", 1.5e-6, true},
		{"DFT", 3e-5, false},
		{"Softmax", 1.5e-6, false},
	} {
		c := testCase{
			RTol: 1e-3, ATol: 1e-7, Folder: t.TempDir(), Operators: []string{test.operator},
			Outputs: []port{{Name: "y", Type: onnx.Float32, Dims: []int{2}, File: "out0"}},
		}
		want := binary.LittleEndian.AppendUint32(nil, math.Float32bits(49.5))
		want = binary.LittleEndian.AppendUint32(want, math.Float32bits(1.9e-7))
		if err := os.WriteFile(filepath.Join(c.Folder, "out0"), want, 0o600); err != nil {
			t.Fatal(err)
		}
		got := allocate[float32]([]int{2})
		binary.LittleEndian.PutUint32(got.bytes, math.Float32bits(49.5))
		binary.LittleEndian.PutUint32(got.bytes[4:], math.Float32bits(test.zero))
		if err := compare(c, []memory{got}); (err == nil) != test.ok {
			t.Errorf("%s: 0 computed as %g: %v, want ok %t", test.operator, test.zero, err, test.ok)
		}
	}
}
