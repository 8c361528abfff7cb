// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"context"

	"github.com/neuroran/neuroran/sfaas"
)

type carrier interface {
	name() string
	address() string
	spec() Spec
	unit(root sfaas.Key, part string) (soft bool, err error)
	connect(node sfaas.NodeID, address string)
	gone(node sfaas.NodeID)
	own(ctx context.Context, u sfaas.Unit, epoch uint32) error
	prepare(ctx context.Context, u sfaas.Unit, owner sfaas.NodeID, rank int) error
	unprepare(u sfaas.Unit)
	follow(u sfaas.Unit, standbys []sfaas.NodeID)
	move(ctx context.Context, u sfaas.Unit, to sfaas.NodeID) (sfaas.MoveReport, error)
	stats(dst []sfaas.UnitStats) []sfaas.UnitStats
	drained() bool
	close(ctx context.Context) error
}
