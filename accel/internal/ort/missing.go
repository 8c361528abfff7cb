// SPDX-License-Identifier: Apache-2.0

//go:build cgo

package ort

import (
	"debug/elf"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/neuroran/neuroran/accel/backend"
	"github.com/neuroran/neuroran/accel/internal/ortlib"
)

// missing returns a [*backend.MissingError] that lists what the device needs
// beside libonnxruntime and does not find: the provider's own library, the
// libraries that this one needs, and the hardware. ONNX Runtime itself would
// say "Failed to load shared library", and why on standard error only.
func (t target) missing(l Library, c backend.Config) error {
	if t.provider == "cpu" {
		return nil
	}
	var lacks []backend.Missing
	for _, name := range t.libraries() {
		path := filepath.Join(filepath.Dir(l.Path), name)
		if _, err := os.Stat(path); err != nil {
			lacks = []backend.Missing{t.notBeside(name, l)} // says it all: it is another library
			break
		}
		lacks = append(lacks, needs(path, c.LibraryDirs)...)
	}
	if len(lacks) == 0 {
		for _, name := range t.optional() {
			_ = reach(name, filepath.Dir(l.Path), c.LibraryDirs) // now or never: the provider looks by name
		}
		lacks = t.hardware(l)
	}
	if len(lacks) == 0 {
		return nil
	}
	slices.SortStableFunc(lacks, func(a, b backend.Missing) int { return strings.Compare(a.What, b.What) })
	return &backend.MissingError{Device: t.device, Missing: slices.Compact(lacks)}
}

// libraries lists the files beside libonnxruntime that the device needs.
func (t target) libraries() []string {
	list := []string{"libonnxruntime_providers_" + t.provider + ".so", "libonnxruntime_providers_shared.so"}
	switch t.provider {
	case "tensorrt":
		list = append(list, "libonnxruntime_providers_cuda.so")
	case "openvino":
		list = append(list, "libopenvino_intel_"+strings.ToLower(t.index)+"_plugin.so")
	}
	return list
}

// optional lists the libraries that the provider opens by name when a model
// needs them, and does without otherwise.
func (t target) optional() []string {
	switch t.provider {
	case "cuda":
		return []string{"libcudnn.so.9", "libnvrtc.so.13"}
	case "tensorrt":
		return []string{"libcudnn.so.9", "libnvrtc.so.13", "libnvinfer_plugin.so.10"}
	}
	return nil
}

// notBeside says that a file is not where libonnxruntime looks for it.
func (t target) notBeside(name string, l Library) backend.Missing {
	m := backend.Missing{What: name, Why: "not beside " + l.Path, Mend: installCommand(t.flavor())}
	if library.loaded.Path == "" {
		return m
	}
	m.Why += ", the one library that this process has loaded"
	if ortlib.Installed(t.flavor()) != "" {
		m.Mend = fmt.Sprintf("open it in a process of its own, or first; or set Options.Flavor to %q", t.flavor())
	}
	return m
}

// needs lists the libraries that a library needs and the loader does not find.
// Those that lie in one of dirs are loaded from there and stay, so that the
// loader finds them by name afterwards.
func needs(path string, dirs []string) []backend.Missing {
	f, err := elf.Open(path)
	if err != nil {
		return nil // no ELF file: its system's loader has the word
	}
	defer f.Close()
	names, err := f.ImportedLibraries()
	if err != nil {
		return []backend.Missing{{What: filepath.Base(path), Why: err.Error()}}
	}
	var lacks []backend.Missing
	for _, name := range names {
		if err := reach(name, filepath.Dir(path), dirs); err != nil {
			lacks = append(lacks, backend.Missing{What: name, Why: short(name, err), Mend: mend(name)})
		}
	}
	return lacks
}

// reach tries to load a library by its name, from the folder of the one that
// needs it, and from dirs. It returns the loader's error for the name.
func reach(name, origin string, dirs []string) error {
	err := tryLoad(name, false)
	if err == nil {
		return nil
	}
	if _, statErr := os.Stat(filepath.Join(origin, name)); statErr == nil {
		return tryLoad(filepath.Join(origin, name), false)
	}
	for _, dir := range dirs {
		path := filepath.Join(dir, name)
		if _, statErr := os.Stat(path); statErr == nil {
			return tryLoad(path, true)
		}
	}
	return err
}

// short takes the name of the library and the commonplace off what the loader
// says: what remains is "" or names something else.
func short(name string, err error) string {
	text := strings.TrimPrefix(err.Error(), name+": ")
	if text == "cannot open shared object file: No such file or directory" {
		return ""
	}
	return text
}

// mend says what brings a library that a provider needs.
func mend(name string) string {
	stem, version, _ := strings.Cut(name, ".so.")
	cuda := ""
	if version == "12" || version == "11" {
		cuda = "-cu" + version
	}
	switch {
	case stem == "libcuda":
		return "install the driver of the NVIDIA card"
	case strings.HasPrefix(stem, "libcublas"):
		return "pip install nvidia-cublas" + cuda
	case stem == "libcudart":
		return "pip install nvidia-cuda-runtime" + cuda
	case stem == "libcurand":
		return "pip install nvidia-curand"
	case stem == "libcufft":
		return "pip install nvidia-cufft"
	case strings.HasPrefix(stem, "libcudnn"):
		return "pip install nvidia-cudnn-cu13"
	case strings.HasPrefix(stem, "libnvinfer"), stem == "libnvonnxparser":
		return "pip install 'tensorrt-cu13<11'"
	case stem == "libOpenCL":
		return "apt install ocl-icd-libopencl1 and the driver of the Intel card"
	case strings.HasPrefix(stem, "libopenvino"), stem == "libtbb":
		return installCommand("openvino")
	}
	return ""
}

// hardware lists what the device lacks when all libraries are there.
func (t target) hardware(l Library) []backend.Missing {
	if t.provider == "openvino" {
		found, err := openvinoDevices(filepath.Dir(l.Path))
		if err != nil || slices.ContainsFunc(found, func(d string) bool { return d == t.index || strings.HasPrefix(d, t.index+".") }) {
			return nil // without the list, OpenVINO has the word
		}
		return []backend.Missing{{What: "a device of kind " + t.index, Why: "OpenVINO finds " + strings.Join(found, ", ")}}
	}
	cards, err := cudaDevices()
	if err != nil {
		return []backend.Missing{{What: "a CUDA card", Why: err.Error()}}
	}
	if n, _ := strconv.Atoi(t.index); n >= len(cards) {
		return []backend.Missing{{What: "card " + t.index, Why: fmt.Sprintf("there are %d, from 0", len(cards))}}
	}
	return nil
}
