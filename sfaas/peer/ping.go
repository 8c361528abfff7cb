// SPDX-License-Identifier: Apache-2.0

package peer

import (
	"context"
	"time"

	"github.com/neuroran/neuroran/sfaas"
)

// pingPause is how often [Node.Ping] looks whether anything has come.
const pingPause = 50 * time.Microsecond

// Ping asks another node for a sign of life over the connection that the two have, and
// returns nil as soon as anything comes from there, an answer or something else. It returns
// [sfaas.ErrUnlinked] if there is no connection or it is lost meanwhile, and the error of ctx
// if nothing comes in time.
//
// An answer says that the other end's process runs and reads, and not that its handlers
// do. Ping polls: it is for the rare moment of a suspicion.
func (n *Node) Ping(ctx context.Context, node sfaas.NodeID) error {
	s := n.session(node)
	if s == nil {
		return sfaas.ErrUnlinked
	}
	l := s.live()
	if l == nil {
		return sfaas.ErrUnlinked
	}
	before := s.headers.Load()
	s.ask()
	look := time.NewTicker(pingPause)
	defer look.Stop()
	for s.headers.Load() == before {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-l.stop:
			return sfaas.ErrUnlinked
		case <-look.C:
		}
	}
	return nil
}

// Forget forgets one life of a node at once, 0 for whichever it is, as it would be after
// [Config].Forget without a connection: what is on its way there is lost, and moves to and
// from it end. It is for who knows better than a connection can that the other process is
// gone. A node that is not known is none; one that lives nevertheless connects again, as to a
// stranger.
func (n *Node) Forget(node sfaas.NodeID, incarnation uint32) {
	if s := n.session(node); s != nil && (incarnation == 0 || s.incarnation == incarnation) {
		n.forget(s, errForgotten)
	}
}
