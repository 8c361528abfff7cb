// SPDX-License-Identifier: Apache-2.0

package accel

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/neuroran/neuroran/accel/internal/backend"
	"github.com/neuroran/neuroran/accel/internal/ort"
)

// Device names an executor: "ref", "ort/cpu", "ort/cuda:N", "ort/tensorrt:N" or
// "ort/openvino:CPU|GPU|NPU".
type Device string

// Devices that need no index.
const (
	Ref Device = "ref"     // pure Go, always there
	CPU Device = "ort/cpu" // ONNX Runtime on the CPU
)

// ParseDevice checks a device name, as it comes from a command line. It returns
// an error that wraps [ErrUnknownDevice].
func ParseDevice(s string) (Device, error) {
	d := Device(s)
	if _, err := d.kind(); err != nil {
		return "", err
	}
	return d, nil
}

// kind checks the name and returns it without its index.
func (d Device) kind() (string, error) {
	name, index, indexed := strings.Cut(string(d), ":")
	ok := false
	switch name {
	case "ref", "ort/cpu":
		ok = !indexed
	case "ort/cuda", "ort/tensorrt":
		_, err := strconv.ParseUint(index, 10, 16)
		ok = !indexed || err == nil
	case "ort/openvino":
		ok = index == "CPU" || index == "GPU" || index == "NPU"
	}
	if !ok {
		return "", fmt.Errorf("%w %q; known: ref, ort/cpu, ort/cuda:N, ort/tensorrt:N, ort/openvino:CPU|GPU|NPU", ErrUnknownDevice, string(d))
	}
	return name, nil
}

// DeviceInfo is what [Probe] finds about one device.
type DeviceInfo struct {
	Device    Device // name to open it by
	Available bool   // whether a model can be opened on it here
	Reason    error  // what is missing, when it is not available
	Version   string // version of the runtime, when it is available
	Library   string // path of the shared library, when one is used
}

// Probe lists the devices that this package knows, in order of preference for
// results that do not depend on the machine, with what is missing for each. It
// loads libonnxruntime when it finds it.
func Probe() []DeviceInfo { return Options{}.Probe() }

// Probe lists the devices under these options; see [Probe].
func (o Options) Probe() []DeviceInfo {
	infos := []DeviceInfo{{Device: Ref, Available: true, Version: "go"}}
	lib, err := ort.Load(backend.Config(o))
	infos = append(infos, DeviceInfo{Device: CPU, Available: err == nil, Reason: err, Version: lib.Version, Library: lib.Path})
	for _, d := range []Device{"ort/cuda:0", "ort/tensorrt:0", "ort/openvino:CPU", "ort/openvino:GPU", "ort/openvino:NPU"} {
		infos = append(infos, DeviceInfo{Device: d, Reason: ort.Provider(string(d), ErrNotImplemented)})
	}
	return infos
}
