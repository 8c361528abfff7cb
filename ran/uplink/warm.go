// SPDX-License-Identifier: Apache-2.0

package uplink

import (
	"context"
	"errors"
	"time"

	"github.com/neuroran/neuroran/sfaas"
)

const (
	// lead is the time from opening the runtime to the first slot on the air.
	lead = 500 * time.Millisecond
	// rest is what is left of it for the machine to calm down.
	rest = 50 * time.Millisecond
	// kindWarm is the kind of the cell under which a player warms up.
	kindWarm = sfaas.KindUser
)

// warmCell is that cell. State is kept by key, so nothing that happens under
// it reaches the cell of the recording.
var warmCell = sfaas.NewKey(kindWarm, 0)

// warming reports whether a message belongs to the time before the start.
func warming(key sfaas.Key) bool { return key.Under(warmCell) || key == warmCell }

// warm plays the recording once before the clock starts, as long as there is
// time: tables that all workers share, and the memory of all messages, are made
// on first use. Nobody sees what comes out, and nothing is counted.
func (p *player) warm(ctx context.Context) error {
	cell := p.key
	p.key = warmCell
	defer func() { p.key = cell }()
	for i := range p.slots {
		if sfaas.Now() >= p.start.Add(-rest) {
			break
		}
		if err := errors.Join(p.schedule(ctx, i), p.read(i), p.samples(ctx, i), p.rt.Drain(ctx)); err != nil {
			return err
		}
	}
	p.rt.ResetStats()
	return nil
}
