// SPDX-License-Identifier: Apache-2.0

package neural

import (
	"context"
	"errors"
	"fmt"

	"github.com/neuroran/neuroran/accel"
	"github.com/neuroran/neuroran/phy/nr"
)

// Config chooses what [Open] opens. The zero value is the shipped networks on
// the device "ref".
//
// Networks are those of O. Shental and J. Hoydis, 2019, see [LLRNet].
type Config struct {
	Devices []accel.Device                 // the first that can is used for all networks
	Options accel.Options                  // about the sessions
	Models  map[nr.Modulation]*accel.Model // networks instead of the shipped ones; see Signature
}

// Networks is the open sessions of all modulations on one device. It is shared
// by any number of demappers and goroutines.
//
// O. Shental and J. Hoydis, 2019, see [LLRNet].
type Networks struct {
	device   accel.Device
	sessions map[nr.Modulation]*accel.Session
}

// Open loads, checks and opens the networks.
//
// It returns an [*accel.OpenError] that says for each device why it could not,
// an [*accel.SignatureError] for a model that is no LLRnet of its modulation,
// or the error of [Recipe.Validate] for a modulation that none can demap.
func Open(ctx context.Context, c Config) (*Networks, error) {
	models := Models()
	n := &Networks{sessions: map[nr.Modulation]*accel.Session{}}
	devices := c.Devices
	for m := range c.Models {
		if err := checkModulation(m); err != nil {
			return nil, fmt.Errorf("neural: open: %w", err)
		}
	}
	for _, m := range modulations {
		s, err := open(ctx, c, models, m, devices)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("neural: open %v: %w", m, err), n.Close())
		}
		n.sessions[m] = s
		n.device, devices = s.Device(), []accel.Device{s.Device()}
	}
	return n, nil
}

func open(ctx context.Context, c Config, models *accel.Registry, m nr.Modulation, devices []accel.Device) (*accel.Session, error) {
	model := c.Models[m]
	if model == nil {
		var err error
		if model, err = models.Load(Name(m), ""); err != nil {
			return nil, err
		}
	}
	if err := model.Expect(Signature(m)); err != nil {
		return nil, err
	}
	return c.Options.Open(ctx, model, devices...)
}

// Device returns the device of the sessions.
func (n *Networks) Device() accel.Device { return n.device }

// Close waits for running demappers and releases the sessions; demappers return
// [accel.ErrClosed] afterwards. Closing again does nothing.
func (n *Networks) Close() error {
	var errs []error
	for _, s := range n.sessions {
		errs = append(errs, s.Close())
	}
	return errors.Join(errs...)
}
