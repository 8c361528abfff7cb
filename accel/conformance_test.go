// SPDX-License-Identifier: Apache-2.0

package accel_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/cpu"

	"github.com/neuroran/neuroran/accel"
	"github.com/neuroran/neuroran/accel/acceltest"
	"github.com/neuroran/neuroran/internal/testvec"
)

// deviceEnv names the device that a child process of TestConformance tests: one
// process loads one libonnxruntime.
const deviceEnv = "NEURORAN_TEST_DEVICE"

// conformance is the devices that a machine may have, what a test must name in
// NEURORAN_REQUIRE to demand them, and how they are opened.
var conformance = []struct {
	name    string
	require string
	acceltest.Config
}{
	{"ref", "", acceltest.Config{Device: "ref"}},
	{"cpu", "ort", acceltest.Config{Device: "ort/cpu"}},
	{"cpu-threads", "ort", acceltest.Config{Device: "ort/cpu", Options: accel.Options{Threads: 2}}},
	{"openvino", "openvino", acceltest.Config{Device: "ort/openvino:CPU", Sessions: 20}},
	{"openvino-bf16", "openvino", acceltest.Config{Device: "ort/openvino:CPU", Options: accel.Options{Precision: accel.BFloat16}, Tolerance: 0.03, Sessions: 20}},
	{"openvino-gpu", "openvino-gpu", acceltest.Config{Device: "ort/openvino:GPU"}},
	{"openvino-npu", "openvino-npu", acceltest.Config{Device: "ort/openvino:NPU", Options: accel.Options{Precision: accel.Float16}, Tolerance: 0.01}},
	{"cuda", "gpu", acceltest.Config{Device: "ort/cuda:0"}},
	{"cuda-tf32", "gpu", acceltest.Config{Device: "ort/cuda:0", Options: accel.Options{Precision: accel.TF32}, Tolerance: 5e-3}},
	{"tensorrt", "tensorrt", acceltest.Config{Device: "ort/tensorrt:0", Tolerance: 5e-3, Sessions: 20}},
	{"tensorrt-f16", "tensorrt", acceltest.Config{Device: "ort/tensorrt:0", Options: accel.Options{Precision: accel.Float16}, Tolerance: 0.01, Sessions: 20}},
}

// TestConformance runs the suite on every device that there is here, each in a
// process of its own.
func TestConformance(t *testing.T) {
	for _, c := range conformance {
		t.Run(c.name, func(t *testing.T) {
			if testing.Short() && (c.Options.Threads > 1 || c.Options.Precision == accel.BFloat16) {
				t.Skip("-short: the device itself is tested")
			}
			available(t, c.Device, c.require)
			if c.Options.Precision == accel.BFloat16 {
				testvec.Require(t, "bf16", cpu.X86.HasAVX512BF16 || cpu.X86.HasAMXBF16, "the processor does not compute in bfloat16")
			}
			out, _ := child(t, "TestConformanceOfOne", c.name)
			if !strings.Contains(out, "--- PASS: TestConformanceOfOne") {
				t.Fatalf("the child ran nothing:\n%s", out)
			}
			t.Log(out)
		})
	}
}

// TestProbeChild finds out about one device.
func TestProbeChild(t *testing.T) {
	d := isChild(t)
	for _, i := range accel.Probe() {
		if i.Device == accel.Device(d) {
			reason := "none"
			if !i.Available {
				reason = i.Reason.Error()
			}
			fmt.Println("reason: " + reason)
		}
	}
}

// TestConformanceOfOne is the child of TestConformance that tests one device.
func TestConformanceOfOne(t *testing.T) {
	name := isChild(t)
	for _, c := range conformance {
		if c.name == name {
			if os.Getenv("NEURORAN_LONG") != "" && c.Sessions == 0 {
				c.Sessions = 10000 // where opening takes no more than milliseconds
			}
			acceltest.Run(t, c.Config)
		}
	}
}
