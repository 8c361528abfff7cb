// SPDX-License-Identifier: Apache-2.0

package uplink

import (
	"context"

	"github.com/neuroran/neuroran/accel"
	"github.com/neuroran/neuroran/phy/modem"
	"github.com/neuroran/neuroran/phy/neural"
	"github.com/neuroran/neuroran/ran/block"
)

// WithDevices names the devices of the neural demapper; the first that can is
// used. Without them it is "ref".
func WithDevices(devices ...accel.Device) Option {
	return option(func(s *steps) { s.networks.Devices = devices })
}

// WithNetworks chooses networks, devices and session options of the neural
// demapper.
func WithNetworks(c neural.Config) Option { return option(func(s *steps) { s.networks = c }) }

// demapNeural returns the function of the neural demapper over networks that
// stay open as long as the chain.
func demapNeural(cfg block.Config, nets *neural.Networks) block.Demapper {
	return block.NewDemap(cfg, "llrnet", func() (modem.Demapper, error) {
		d, err := nets.NewDemapper()
		if err != nil {
			return nil, err
		}
		return d, nil
	})
}

// openNetworks opens the networks of the neural receiver.
func (s *steps) openNetworks() (*neural.Networks, error) {
	return neural.Open(context.Background(), s.networks)
}
