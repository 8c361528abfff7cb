// SPDX-License-Identifier: Apache-2.0

package store_test

import (
	"fmt"
	"iter"
	"os"

	"github.com/neuroran/neuroran/sfaas"
	"github.com/neuroran/neuroran/sfaas/store"
)

// What was committed is there when the store is opened again. A runtime does both
// calls by itself.
func Example() {
	dir, err := os.MkdirTemp("", "store")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)

	s, err := store.Open(dir, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	answer := make(chan error)
	s.Commit(&sfaas.Record{
		Unit: sfaas.Unit{Part: "count", Root: sfaas.NewKey(sfaas.KindCell, 7)}, Epoch: 1, Seq: 1,
		Writes: []sfaas.Write{{Key: []byte("total"), Value: []byte("42")}},
	}, func(err error) { answer <- err })
	fmt.Println("committed:", <-answer)
	fmt.Println("closed:", s.Close())

	if s, err = store.Open(dir, nil); err != nil {
		fmt.Println(err)
		return
	}
	defer s.Close()
	err = s.Load(func(u sfaas.Unit, epoch uint32, rows iter.Seq2[[]byte, []byte]) error {
		for key, value := range rows {
			fmt.Printf("%v, epoch %d: %s = %s\n", u, epoch, key, value)
		}
		return nil
	})
	fmt.Println("loaded:", err)
	// Output:
	// committed: <nil>
	// closed: <nil>
	// count/cell7, epoch 1: total = 42
	// loaded: <nil>
}
