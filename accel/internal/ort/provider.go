// SPDX-License-Identifier: Apache-2.0

package ort

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/sys/cpu"

	"github.com/neuroran/neuroran/accel/backend"
)

// Provider is ONNX Runtime as a [backend.Provider] of the devices whose names
// begin with "ort/".
type Provider struct{}

var _ backend.Provider = Provider{}

// Name implements [backend.Provider].
func (Provider) Name() string { return "ort" }

// Check implements [backend.Provider].
func (Provider) Check(device string) error {
	_, err := parse(device)
	return err
}

// Open implements [backend.Provider].
func (Provider) Open(ctx context.Context, device string, m backend.Model, c backend.Config) (backend.Session, error) {
	t, err := parse(device)
	if err != nil {
		return nil, err
	}
	if err := t.checkOptions(m, c); err != nil {
		return nil, err
	}
	return t.open(ctx, m, c)
}

// target is a device of ONNX Runtime: an execution provider and what it is to
// run on.
type target struct {
	device   string // the whole name, such as "ort/openvino:CPU"
	provider string // "cpu", "cuda", "tensorrt" or "openvino"
	index    string // number of a card, or kind of an OpenVINO device; "" for cpu
	plain    bool   // OpenVINO compiles node by node, and fuses no subgraphs
}

// parse reads the name of a device.
func parse(device string) (target, error) {
	name, index, indexed := strings.Cut(device, ":")
	t := target{device: device, provider: strings.TrimPrefix(name, "ort/"), index: index}
	ok := false
	switch name {
	case "ort/cpu":
		ok = !indexed
	case "ort/cuda", "ort/tensorrt":
		_, err := strconv.ParseUint(index, 10, 16)
		if !indexed {
			t.index = "0"
		}
		ok = !indexed || err == nil
	case "ort/openvino":
		ok = index == "CPU" || index == "GPU" || index == "NPU"
	}
	if !ok {
		return target{}, fmt.Errorf("%w %q; known: ort/cpu, ort/cuda:N, ort/tensorrt:N, ort/openvino:CPU|GPU|NPU", backend.ErrUnknownDevice, device)
	}
	return t, nil
}

// flavor returns the flavour of the library that has the provider.
func (t target) flavor() string {
	switch t.provider {
	case "cuda", "tensorrt":
		return "gpu"
	}
	return t.provider
}

// ownMemory reports whether the device has memory of its own, to which inputs
// are copied.
func (t target) ownMemory() bool {
	return t.provider != "cpu" && t.index != "CPU"
}

// checkOptions refuses what the device cannot do, before anything is loaded.
func (t target) checkOptions(m backend.Model, c backend.Config) error {
	var can []backend.Precision
	switch t.provider + t.index {
	case "cpu":
		can = []backend.Precision{backend.Float32}
	case "openvinoCPU":
		can = []backend.Precision{backend.Float32}
		if computesBF16() {
			can = append(can, backend.BFloat16)
		}
	case "openvinoGPU":
		can = []backend.Precision{backend.Float32, backend.Float16}
	case "openvinoNPU":
		can = []backend.Precision{backend.Float16}
	default:
		can = []backend.Precision{backend.Float32, backend.TF32}
		if t.provider == "tensorrt" {
			can = append(can, backend.BFloat16, backend.Float16, backend.Int8)
		}
	}
	names := make([]string, len(can))
	for i, p := range can {
		if names[i] = p.String(); p == c.Precision {
			return t.checkQuantized(m, c)
		}
	}
	return &backend.OptionError{Device: t.device, Option: "Precision", Got: c.Precision, Want: strings.Join(names, ", ")}
}

// computesBF16 reports whether the processor multiplies numbers of bfloat16.
// Where it does not, OpenVINO emulates each operation: LLRnet then takes 250
// times as long as in float32.
func computesBF16() bool { return cpu.X86.HasAVX512BF16 || cpu.X86.HasAMXBF16 }

// checkQuantized refuses Int8 for a model that says nowhere how to quantize:
// scales would have to be guessed.
func (t target) checkQuantized(m backend.Model, c backend.Config) error {
	if c.Precision != backend.Int8 {
		return nil
	}
	for i := range m.Graph.Graph.Nodes {
		if m.Graph.Graph.Nodes[i].OpType == "DequantizeLinear" {
			return nil
		}
	}
	return &backend.OptionError{Device: t.device, Option: "Precision", Got: c.Precision,
		Want: "another for a model without QuantizeLinear and DequantizeLinear"}
}
