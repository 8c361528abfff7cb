// SPDX-License-Identifier: Apache-2.0

// Package ortlib knows the pinned builds of libonnxruntime: which archive holds
// each, what its bytes hash to, and where it lies in the user's cache.
package ortlib

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
)

// Pin is one build of libonnxruntime inside a wheel of the Python package.
type Pin struct {
	Flavor        string // which providers it has: "cpu"
	GOOS          string // operating system, as in Go
	GOARCH        string // architecture, as in Go
	Package       string // name of the Python package
	Version       string // its version
	Platform      string // its platform tag
	ArchiveSHA256 string // hash of the wheel in hex
	Member        string // path of the library in the wheel
	Size          int64  // bytes of the library
	SHA256        string // hash of the library in hex
}

// pythonVersion is the interpreter whose wheel is pinned; the library in it
// does not depend on it.
const pythonVersion = "3.13"

// Pins lists the known builds.
var pins = []Pin{
	{
		Flavor: "cpu", GOOS: "linux", GOARCH: "amd64", Package: "onnxruntime", Version: "1.32.0",
		Platform:      "manylinux_2_28_x86_64",
		ArchiveSHA256: "02ea12a28c069ea8510093d95a7f6ff8126bfd9fc5c0d3381c03b80fb2b424ba",
		Member:        "onnxruntime/capi/libonnxruntime.so.1.32.0", Size: 34824680,
		SHA256: "6c1585d1bbf45b0712ea4a21b705c5fcb4ba04ff2e30f1fbf81a49faf658638f",
	},
	{
		Flavor: "cpu", GOOS: "linux", GOARCH: "arm64", Package: "onnxruntime", Version: "1.32.0",
		Platform:      "manylinux_2_28_aarch64",
		ArchiveSHA256: "54d02baff2df38777b4c3cc7af326406fe8b8a48f54720f4c446d2d327920a79",
		Member:        "onnxruntime/capi/libonnxruntime.so.1.32.0", Size: 27165936,
		SHA256: "49852228a93995158b2a813d4df487d47a1b76b0eaa894507ef49e91b6d7954a",
	},
	{
		Flavor: "cpu", GOOS: "darwin", GOARCH: "arm64", Package: "onnxruntime", Version: "1.32.0",
		Platform:      "macosx_14_0_arm64",
		ArchiveSHA256: "27bf5dad46355a8a435c9c4e1556464d99ca834ea44e0f452909712068b8821b",
		Member:        "onnxruntime/capi/libonnxruntime.1.32.0.dylib", Size: 35272344,
		SHA256: "fa585fabbea65b823b9a8f7e27d46aee3989d1be7e36b528203d3a1fd613aae7",
	},
	{
		Flavor: "cpu", GOOS: "windows", GOARCH: "amd64", Package: "onnxruntime", Version: "1.32.0",
		Platform:      "win_amd64",
		ArchiveSHA256: "c7f9aa98036ba2a47aa041a4a8c6d0a1f7bfe1bde44c131dcd15ce334f2f148d",
		Member:        "onnxruntime/capi/onnxruntime.dll", Size: 22668600,
		SHA256: "bf0927ca8efb68ad67f6cad3851641dc78e21a687a3fd959ae262d3252e9fa0a",
	},
}

// List returns every known build.
func List() []Pin { return slices.Clone(pins) }

// Find returns the build of a flavour for this machine, or an error that lists
// what there is.
func Find(flavor string) (Pin, error) {
	var have []string
	for _, p := range pins {
		if p.Flavor == flavor && p.GOOS == runtime.GOOS && p.GOARCH == runtime.GOARCH {
			return p, nil
		}
		have = append(have, p.Flavor+" for "+p.GOOS+"/"+p.GOARCH)
	}
	return Pin{}, fmt.Errorf("ortlib: no %q library for %s/%s; there is %s",
		flavor, runtime.GOOS, runtime.GOARCH, strings.Join(have, ", "))
}

// Name returns the file name of the library.
func (p Pin) Name() string { return p.Member[strings.LastIndexByte(p.Member, '/')+1:] }

// Path returns where the library of this build lies in the user's cache, one
// folder for each flavour, version and platform. It need not be there.
func (p Pin) Path() (string, error) {
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("ortlib: %w", err)
	}
	return filepath.Join(dir, "neuroran", "onnxruntime", p.Flavor+"-"+p.Version+"-"+p.GOOS+"-"+p.GOARCH, p.Name()), nil
}

// Path returns where the library of a flavour for this machine lies in the
// user's cache. It need not be there.
func Path(flavor string) (string, error) {
	p, err := Find(flavor)
	if err != nil {
		return "", err
	}
	return p.Path()
}
