// SPDX-License-Identifier: Apache-2.0

//go:build cgo

package nvml

import (
	"fmt"
	"slices"

	"github.com/NVIDIA/go-nvml/pkg/nvml"

	"github.com/neuroran/neuroran/placement/resource"
)

// Kind is the kind of the accelerators that are found, for a [resource.AcceleratorNeed].
const Kind = "gpu"

// Driver is a [resource.Driver] of GPUs. The zero value loads the library of the system
// for each discovery and lets go of it afterwards.
type Driver struct {
	lib nvml.Interface // nil: that of the system
}

// With returns a driver that uses a library, such as one of go-nvml's mocks.
func With(lib nvml.Interface) Driver { return Driver{lib} }

// Name implements [resource.Driver].
func (Driver) Name() string { return Kind }

// Discover implements [resource.Driver]. The power of a GPU is a model: busy is its limit,
// idle a seventh of that (36 of 250 W for a V100).
func (d Driver) Discover(_ resource.Host, v *resource.Inventory) {
	v.Accelerators = slices.DeleteFunc(v.Accelerators, func(a resource.Accelerator) bool { return a.Kind == Kind })
	lib, err := d.open()
	if err != nil {
		v.Miss(Kind, "%v", err)
		return
	}
	defer lib.Shutdown()
	devices, err := devices(lib)
	if err != nil {
		v.Miss(Kind, "%v", err)
	}
	for _, device := range devices {
		a, err := accelerator(device)
		if err != nil {
			v.Miss(Kind+" "+a.ID, "%v", err)
			continue
		}
		v.Accelerators = append(v.Accelerators, a)
	}
	if err == nil && len(devices) == 0 {
		v.Miss(Kind, "the library finds no device")
	}
}

// open returns the library, ready to be called.
func (d Driver) open() (nvml.Interface, error) {
	lib := d.lib
	if lib == nil {
		lib = nvml.New()
	}
	if ret := lib.Init(); ret != nvml.SUCCESS {
		return nil, failed("Init", ret)
	}
	return lib, nil
}

// devices returns those that the library has, as far as it gives them.
func devices(lib nvml.Interface) ([]nvml.Device, error) {
	n, ret := lib.DeviceGetCount()
	if ret != nvml.SUCCESS {
		return nil, failed("DeviceGetCount", ret)
	}
	var all []nvml.Device
	var first error
	for i := range n {
		device, ret := lib.DeviceGetHandleByIndex(i)
		if ret == nvml.SUCCESS {
			all = append(all, device)
		} else if first == nil {
			first = failed(fmt.Sprintf("DeviceGetHandleByIndex(%d)", i), ret)
		}
	}
	return all, first
}

// accelerator reads one device. With an error it has an ID, if that could be read.
func accelerator(device nvml.Device) (resource.Accelerator, error) {
	a := resource.Accelerator{Kind: Kind}
	var ret nvml.Return
	if a.ID, ret = device.GetUUID(); ret != nvml.SUCCESS {
		return a, failed("DeviceGetUUID", ret)
	}
	if a.Model, ret = device.GetName(); ret != nvml.SUCCESS {
		return a, failed("DeviceGetName", ret)
	}
	memory, ret := device.GetMemoryInfo()
	if ret != nvml.SUCCESS {
		return a, failed("DeviceGetMemoryInfo", ret)
	}
	a.Memory = int64(min(memory.Total, 1<<60))
	if mode, _, ret := device.GetMigMode(); ret == nvml.SUCCESS && mode == nvml.DEVICE_MIG_ENABLE {
		return a, fmt.Errorf("is split into instances (MIG)")
	}
	// A GPU that does not know its limit draws nothing in the model, and says so nowhere
	// else; that would look free of cost, so it is not lent.
	limit, ret := device.GetEnforcedPowerLimit()
	if ret != nvml.SUCCESS {
		return a, failed("DeviceGetEnforcedPowerLimit", ret)
	}
	watts := float64(limit) / 1000
	a.Power = resource.PowerModel{SleepWatts: watts / 7, IdleWatts: watts / 7, BusyWatts: watts}
	return a, nil
}

// failed says which call has failed.
func failed(call string, ret nvml.Return) error {
	return fmt.Errorf("nvml: %s: %s", call, ret.Error())
}
