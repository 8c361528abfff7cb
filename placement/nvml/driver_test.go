// SPDX-License-Identifier: Apache-2.0

//go:build cgo

package nvml_test

import (
	"fmt"
	"math"
	"testing"

	lib "github.com/NVIDIA/go-nvml/pkg/nvml"
	"github.com/NVIDIA/go-nvml/pkg/nvml/mock/dgxa100"
	"github.com/NVIDIA/go-nvml/pkg/nvml/mock/dgxb200"
	"github.com/NVIDIA/go-nvml/pkg/nvml/mock/dgxh100"
	"github.com/NVIDIA/go-nvml/pkg/nvml/mock/dgxh200"
	"github.com/NVIDIA/go-nvml/pkg/nvml/mock/server"

	"github.com/neuroran/neuroran/placement/nvml"
	"github.com/neuroran/neuroran/placement/resource"
	"github.com/neuroran/neuroran/placement/resource/resourcetest"
	"github.com/neuroran/neuroran/sfaas"
)

// energy lets the devices of a mock have a limit of power and a counter of energy, which
// it lacks.
func energy(s *server.Server, millijoules *uint64) *server.Server {
	for _, d := range s.Devices {
		d := d.(*server.Device)
		d.GetEnforcedPowerLimitFunc = func() (uint32, lib.Return) { return 700_000, lib.SUCCESS }
		d.GetTotalEnergyConsumptionFunc = func() (uint64, lib.Return) { return *millijoules, lib.SUCCESS }
	}
	return s
}

func TestDriver(t *testing.T) {
	var mj uint64
	for name, mock := range map[string]struct {
		server *server.Server
		gib    int64
	}{
		"dgx a100": {dgxa100.New(), 40}, "dgx h100": {dgxh100.New(), 80}, "dgx h200": {dgxh200.New(), 141}, "dgx b200": {dgxb200.New(), 180},
	} {
		t.Run(name, func(t *testing.T) {
			d := nvml.With(energy(mock.server, &mj))
			resourcetest.Driver(t, d)
			v := resource.Read(resource.Host{FS: resourcetest.Tree("")}, d)
			if len(v.Accelerators) != 8 {
				t.Fatalf("%d GPUs, want 8", len(v.Accelerators))
			}
			ids := map[string]bool{}
			for _, a := range v.Accelerators {
				ids[a.ID] = true
				if a.Kind != "gpu" || a.Model == "" || a.Memory>>30 < mock.gib*95/100 || a.Memory>>30 > mock.gib || a.Power.BusyWatts != 700 {
					t.Errorf("found %+v, want %d GiB", a, mock.gib)
				}
			}
			if len(ids) != 8 {
				t.Errorf("%d different IDs", len(ids))
			}
		})
	}
}

// TestWithoutGPU runs on a library that is not there, or fails: that is a lack.
func TestWithoutGPU(t *testing.T) {
	resourcetest.Driver(t, nvml.Driver{})
	mock := dgxa100.New()
	for what, spoil := range map[string]func(){
		"nvml: Init: ":           func() { mock.InitFunc = func() lib.Return { return lib.ERROR_DRIVER_NOT_LOADED } },
		"nvml: DeviceGetCount: ": func() { mock.DeviceGetCountFunc = func() (int, lib.Return) { return 0, lib.ERROR_UNKNOWN } },
		"the library finds no device": func() {
			mock.DeviceGetCountFunc = func() (int, lib.Return) { return 0, lib.SUCCESS }
		},
	} {
		mock = dgxa100.New()
		spoil()
		v := resource.Read(resource.Host{FS: resourcetest.Tree("")}, nvml.With(mock))
		found := false
		for _, l := range v.Lacks {
			found = found || l.What == "gpu" && len(l.Why) >= len(what) && l.Why[:len(what)] == what
		}
		if !found || len(v.Accelerators) != 0 {
			t.Errorf("%q: lacks %v, has %v", what, v.Lacks, v.Accelerators)
		}
	}
}

// TestInstances leaves out a GPU that is split.
func TestInstances(t *testing.T) {
	var mj uint64
	mock := energy(dgxa100.New(), &mj)
	mock.Devices[3].(*server.Device).MigMode = lib.DEVICE_MIG_ENABLE
	v := resource.Read(resource.Host{FS: resourcetest.Tree("")}, nvml.With(mock))
	if len(v.Accelerators) != 7 {
		t.Errorf("%d GPUs, want 7", len(v.Accelerators))
	}
}

func TestSensor(t *testing.T) {
	mj := uint64(5_000_000)
	s, err := nvml.With(energy(dgxh100.New(), &mj)).OpenSensor()
	if err != nil {
		t.Fatal(err)
	}
	resourcetest.Sensor(t, s, 0, func() sfaas.Time { mj += 700; return 0 })
	mj = 10 // the driver was loaded anew
	before, err := s.Energy(0)
	if err != nil {
		t.Fatal(err)
	}
	mj = 1010
	after, err := s.Energy(0)
	if want := before.Joules + 8; err != nil || math.Abs(after.Joules-want) > 1e-9 || after.Basis != resource.Measured {
		t.Errorf("drew %v (%v), want %v J", after, err, want)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if _, err := (nvml.Driver{}).OpenSensor(); err == nil {
		t.Log("this machine has a GPU that counts energy")
	} else {
		t.Log(err)
	}
}

// A machine with eight GPUs lends parts of them.
func Example() {
	mock := dgxa100.New()
	var mj uint64
	v := resource.Read(resource.Host{FS: resourcetest.Tree("")}, nvml.With(energy(mock, &mj)))
	fmt.Println(len(v.Accelerators), v.Accelerators[0].Model)
	// Output: 8 Mock NVIDIA A100-SXM4-40GB
}
