// SPDX-License-Identifier: Apache-2.0

package accel

import (
	"fmt"
	"strings"

	"github.com/neuroran/neuroran/accel/backend"
	"github.com/neuroran/neuroran/accel/internal/ort"
	"github.com/neuroran/neuroran/accel/internal/ref"
)

// Device names an executor: "ref", "ort/cpu", "ort/cuda:N", "ort/tensorrt:N",
// "ort/openvino:CPU|GPU|NPU", or a device of [Options.Providers].
type Device string

// Devices that need no index.
const (
	Ref Device = "ref"     // pure Go, always there
	CPU Device = "ort/cpu" // ONNX Runtime on the CPU
)

// ParseDevice checks the name of a built-in device, as it comes from a command
// line. It returns an error that wraps [ErrUnknownDevice].
func ParseDevice(s string) (Device, error) {
	if _, err := (Options{}).provider(Device(s)); err != nil {
		return "", err
	}
	return Device(s), nil
}

// providers returns the built-in providers and those of the options.
func (o Options) providers() []backend.Provider {
	return append([]backend.Provider{ref.Provider{}, ort.Provider{}}, o.Providers...)
}

// provider returns the provider of a device, after checking its name.
func (o Options) provider(d Device) (backend.Provider, error) {
	family := string(d)
	if i := strings.IndexAny(family, "/:"); i >= 0 {
		family = family[:i]
	}
	providers := o.providers()
	known := make([]string, len(providers))
	for i, p := range providers {
		if p.Name() == family {
			return p, p.Check(string(d))
		}
		known[i] = p.Name()
	}
	return nil, fmt.Errorf("%w %q; known: devices of %s", ErrUnknownDevice, string(d), strings.Join(known, ", "))
}

// DeviceInfo is what [Probe] finds about one device.
type DeviceInfo struct {
	Device    Device // name to open it by
	Available bool   // whether a model can be opened on it here
	Reason    error  // what is missing, when it is not available
	Detail    string // what the device is, such as the name of a card, where known
	Version   string // version of the runtime, where known
	Library   string // path of the shared library, where one is used
}

// Probe lists the devices of this host and those that it could have, in order
// of preference for results that do not depend on the machine, each with what
// it lacks. It does not fix which library the process uses.
func Probe() []DeviceInfo { return Options{}.Probe() }

// Probe lists the devices under these options; see [Probe].
func (o Options) Probe() []DeviceInfo {
	var infos []DeviceInfo
	for _, p := range o.providers() {
		for _, i := range p.Probe(o.config()) {
			infos = append(infos, DeviceInfo{Device: Device(i.Device), Available: i.Available, Reason: i.Reason,
				Detail: i.Detail, Version: i.Version, Library: i.Library})
		}
	}
	return infos
}
