// SPDX-License-Identifier: Apache-2.0

//go:build cgo

package nvml

import (
	"errors"
	"fmt"

	"github.com/NVIDIA/go-nvml/pkg/nvml"

	"github.com/neuroran/neuroran/placement/resource"
	"github.com/neuroran/neuroran/sfaas"
)

// Sensor is a [resource.Sensor] of the energy of all GPUs together, from their counters
// (Volta and newer). It is measured.
type Sensor struct {
	lib     nvml.Interface
	devices []nvml.Device
	last    []uint64 // millijoules
	joules  float64
}

// OpenSensor returns a sensor that starts now. It fails where no GPU counts its energy.
// The caller closes it.
func (d Driver) OpenSensor() (*Sensor, error) {
	lib, err := d.open()
	if err != nil {
		return nil, err
	}
	all, err := devices(lib)
	s := &Sensor{lib: lib}
	for _, device := range all {
		count, ret := device.GetTotalEnergyConsumption()
		if ret != nvml.SUCCESS {
			err = failed("DeviceGetTotalEnergyConsumption", ret)
			continue
		}
		s.devices, s.last = append(s.devices, device), append(s.last, count)
	}
	if len(s.devices) == 0 {
		lib.Shutdown()
		if err == nil {
			err = errors.New("nvml: the library finds no device")
		}
		return nil, err
	}
	return s, nil
}

// Name implements [resource.Sensor].
func (s *Sensor) Name() string { return fmt.Sprintf("nvml %d gpus", len(s.devices)) }

// Energy implements [resource.Sensor]. A counter begins anew when the GPU's driver is
// loaded; what was drawn in between is lost.
func (s *Sensor) Energy(sfaas.Time) (resource.Energy, error) {
	var err error
	for i, device := range s.devices {
		count, ret := device.GetTotalEnergyConsumption()
		if ret != nvml.SUCCESS {
			err = failed("DeviceGetTotalEnergyConsumption", ret)
			continue
		}
		if count > s.last[i] {
			s.joules += float64(count-s.last[i]) / 1e3
		}
		s.last[i] = count
	}
	return resource.Energy{Joules: s.joules, Basis: resource.Measured}, err
}

// Close lets go of the library.
func (s *Sensor) Close() error {
	if ret := s.lib.Shutdown(); ret != nvml.SUCCESS {
		return failed("Shutdown", ret)
	}
	return nil
}
