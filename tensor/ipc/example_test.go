// SPDX-License-Identifier: Apache-2.0

package ipc_test

import (
	"bytes"
	"fmt"

	"github.com/neuroran/neuroran/tensor"
	"github.com/neuroran/neuroran/tensor/ipc"
)

// Rows of any shape go into one file.
func Example() {
	type softBits struct {
		Slot uint64
		UEs  []uint16
		LLR  tensor.Tensor[int8] `tensor:"bit"`
	}
	var file bytes.Buffer
	w, err := ipc.NewWriter[softBits](&file)
	if err != nil {
		panic(err)
	}
	for n := range 3 {
		m := softBits{Slot: uint64(n), UEs: make([]uint16, n), LLR: tensor.New[int8]([]int{10 * n})}
		if err := w.Write(&m); err != nil {
			panic(err)
		}
	}
	if err := w.Close(); err != nil {
		panic(err)
	}

	r, err := ipc.NewReader[softBits](bytes.NewReader(file.Bytes()), int64(file.Len()))
	if err != nil {
		panic(err)
	}
	var m softBits
	for i := range r.Len() {
		if err := r.Read(i, &m); err != nil {
			panic(err)
		}
		fmt.Println(m.Slot, len(m.UEs), m.LLR)
	}
	// Output:
	// 0 0 int8[bit=0]
	// 1 1 int8[bit=10]
	// 2 2 int8[bit=20]
}
