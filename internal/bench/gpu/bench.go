// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/neuroran/neuroran/accel"
	"github.com/neuroran/neuroran/accel/acceltest"
)

// bench prints one table after another until its context ends.
type bench struct {
	ctx      context.Context
	w        io.Writer
	each     time.Duration // time of one measurement
	options  accel.Options
	failures []error // devices that computed something else
}

// host prints what the host has and lacks.
func (b *bench) host() {
	fmt.Fprintf(b.w, "# Host\n\n%s, %d processors, %s\n\n", time.Now().UTC().Format("2006-01-02"), runtime.NumCPU(), runtime.Version())
	if out, err := exec.Command("nvidia-smi", "--query-gpu=name,driver_version,memory.total", "--format=csv,noheader").Output(); err == nil {
		fmt.Fprintf(b.w, "card: %s\n", strings.TrimSpace(string(out)))
	}
	fmt.Fprintf(b.w, "folders of libraries: %s\n\n| device | there | what |\n|---|---|---|\n", strings.Join(b.options.LibraryDirs, " "))
	for _, i := range b.options.Probe() {
		what := fmt.Sprintf("%s ONNX Runtime %s", i.Detail, i.Version)
		if !i.Available {
			what = i.Reason.Error()
		}
		fmt.Fprintf(b.w, "| `%s` | %v | %s |\n", i.Device, i.Available, strings.TrimSpace(what))
	}
}

// device prints the tables of one device in one precision.
func (b *bench) device(d accel.Device, p accel.Precision) {
	fmt.Fprintf(b.w, "\n# %s, %v\n\n", d, p)
	options := b.options
	options.Precision = p
	target := target{bench: b, device: d, options: options}
	for _, part := range []func() error{target.conformance, target.llrnet, target.deepRx, target.costs} {
		if b.ctx.Err() != nil {
			fmt.Fprintln(b.w, "not reached: the time is over")
			return
		}
		err := part()
		if err != nil {
			fmt.Fprintf(b.w, "not reached: %v\n", err)
		}
		if absent(err) {
			return // nor would the rest be
		}
	}
}

// absent reports whether an error says that the device is not there.
func absent(err error) bool {
	var missing *accel.MissingError
	var library *accel.LibraryError
	return errors.As(err, &missing) || errors.As(err, &library) || errors.Is(err, accel.ErrNoCgo)
}

// target is a device under measurement.
type target struct {
	*bench
	device  accel.Device
	options accel.Options
}

// conformance compares the networks of the suite with ref.
func (t target) conformance() error {
	cases, err := acceltest.Cases()
	if err != nil {
		return err
	}
	fmt.Fprintf(t.w, "| network | deviation from `ref`, of the largest output | opening and running |\n|---|---|---|\n")
	for _, c := range cases {
		start := time.Now()
		worst, err := t.deviation(c)
		if absent(err) {
			return err // as all that follow would say
		}
		if err == nil && !(worst <= tolerance(t.options.Precision)) {
			err = fmt.Errorf("deviates from ref by %g", worst)
		}
		if err != nil {
			fmt.Fprintf(t.w, "| %s | failed: %v | |\n", c.Name, err)
			t.failures = append(t.failures, fmt.Errorf("%s, %v: %s: %w", t.device, t.options.Precision, c.Name, err))
			continue
		}
		fmt.Fprintf(t.w, "| %s | %.2g | %v |\n", c.Name, worst, time.Since(start).Round(time.Millisecond))
	}
	return nil
}

// deviation opens a network and returns its worst deviation from ref.
func (t target) deviation(c acceltest.Case) (worst float64, err error) {
	s, err := t.options.Open(t.ctx, c.Model, t.device)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	for _, batch := range c.Batches {
		dev, err := acceltest.Deviation(s, batch, uint64(batch))
		if err != nil {
			return 0, fmt.Errorf("batch %d: %w", batch, err)
		}
		worst = max(worst, dev)
	}
	return worst, nil
}

// libraryDirs lists the folders in which Python packages and toolkits put the
// libraries of CUDA and TensorRT.
func libraryDirs() []string {
	patterns := []string{"/usr/local/cuda*/lib64", "/usr/local/cuda*/targets/*/lib", "/usr/local/tensorrt/lib"}
	for _, python := range []string{"python3", "python"} {
		out, err := exec.Command(python, "-c", "import site, sysconfig; print(sysconfig.get_paths()['purelib']); print('\\n'.join(site.getsitepackages()))").Output()
		if err != nil {
			continue
		}
		for _, dir := range strings.Fields(string(out)) {
			patterns = append(patterns, filepath.Join(dir, "nvidia", "*", "lib"), filepath.Join(dir, "nvidia", "*", "*", "lib"),
				filepath.Join(dir, "tensorrt_libs"), filepath.Join(dir, "tensorrt*_libs"))
		}
		break
	}
	var dirs []string
	seen := map[string]bool{}
	for _, p := range patterns {
		found, err := filepath.Glob(p)
		if err != nil {
			continue // the patterns are ours
		}
		for _, dir := range found {
			real, err := filepath.EvalSymlinks(dir)
			if info, statErr := os.Stat(dir); err == nil && statErr == nil && info.IsDir() && !seen[real] {
				seen[real] = true
				dirs = append(dirs, dir)
			}
		}
	}
	return dirs
}
