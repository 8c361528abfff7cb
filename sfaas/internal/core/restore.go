// SPDX-License-Identifier: Apache-2.0

package core

import (
	"fmt"
	"io"

	"github.com/neuroran/neuroran/sfaas/internal/base"
	"github.com/neuroran/neuroran/sfaas/internal/plan"
)

func restore(cores []*Core, src io.Reader, now base.Time, do func(core int, eff []Effect)) error {
	data, err := io.ReadAll(io.LimitReader(src, snapshotLimit))
	if err != nil {
		return fmt.Errorf("sfaas: restore: %w", err)
	}
	parts := make([]*snapshot, len(cores))
	for i, k := range cores {
		if err := k.fresh(); err != nil {
			return fmt.Errorf("sfaas: restore: %w", err)
		}
		if i > 0 && len(parts[0].spread) == 0 {
			parts[i] = parts[0]
		} else if parts[i], err = parseSnapshot(k.app, k.set, data, now); err != nil {
			return err // only the first time: cores get memory of their own for inputs that all of them keep
		}
	}
	for i, k := range cores {
		do(i, k.restore(parts[i], now, nil))
	}
	return nil
}

// snapshot is a snapshot that has been read and checked.
type snapshot struct {
	tokens  uint64
	batches uint64
	routes  []restoredRoute
	insts   []restoredInstance
	sources []restoredSource
	numbers []restoredNumber // by outlet
	sent    []restoredNumber // by node
	waiting []restoredInputs
	control []restoredInputs
	halves  []restoredInputs
	spread  []restoredInputs
	delayed []restoredTimer
	calls   []restoredTimer
}

type restoredRoute struct {
	node  *plan.Node
	group uint8
	epoch uint32
}

type restoredNumber struct {
	at     int
	number uint64
}

type restoredInstance struct {
	node *plan.Node
	key  base.Key
	inst *instance
}

type restoredSource struct {
	outlet *plan.Outlet
	key    base.Key
	seq    sequence
}

// restoredInputs are messages that wait at one instance.
type restoredInputs struct {
	half // key and inputs only, unless a partner is missing
	node *plan.Node
}

// restoredTimer is a delayed message, or a call if msg is nil.
type restoredTimer struct {
	node  *plan.Node
	key   base.Key
	token base.Token
	at    base.Time
	slot  base.Slot
	edge  *plan.Edge // of the message, or the port of the reply
	to    base.Key
	msg   *Message
}

// fresh returns nil if a snapshot can be restored into the core.
func (k *Core) fresh() error {
	if len(k.order) > 0 || k.Ready() || len(k.timers.items) > 0 {
		return base.ErrNotEmpty
	}
	if k.standsBy() {
		return base.ErrNotOwner
	}
	return nil
}
