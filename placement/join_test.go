// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"context"
	"io"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/neuroran/neuroran/sfaas"
)

// TestJoinAtOnce lets nodes join one seed at the same moment: each has shown its card to the
// seed after the seed has shown its own to the others, perhaps, and they hear of each other
// all the same.
func TestJoinAtOnce(t *testing.T) {
	rounds, joiners := 10, 4
	if testing.Short() {
		rounds = 3
	}
	for range rounds {
		z := newZone(t, 1)
		nodes := make([]*Node, joiners)
		var wg sync.WaitGroup
		for i := range nodes {
			wg.Go(func() {
				n, err := Join(t.Context(), Config{
					Listen: "127.0.0.1:0", Token: []byte("secret"), Node: sfaas.NodeID(10 + i), Resources: lends(1, 1<<30),
					Logger: slog.New(slog.NewTextHandler(io.Discard, nil)), Seeds: []string{z.nodes[0].Address()},
				})
				if err != nil {
					t.Error(err)
					return
				}
				nodes[i] = n
			})
		}
		wg.Wait()
		for _, n := range nodes {
			if n != nil {
				z.await(n, 1+joiners)
			}
		}
		var leaves sync.WaitGroup
		for _, n := range nodes {
			if n != nil {
				leaves.Go(func() {
					ctx, stop := context.WithTimeout(context.Background(), 10*time.Second)
					defer stop()
					_ = n.Leave(ctx)
				})
			}
		}
		leaves.Wait()
	}
}
