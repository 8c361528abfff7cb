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

// Pin is one build of libonnxruntime inside a wheel of a Python package.
type Pin struct {
	Flavor        string // which providers it has: "cpu", "openvino" or "gpu"
	GOOS          string // operating system, as in Go
	GOARCH        string // architecture, as in Go
	Package       string // name of the Python package
	Version       string // its version
	Platform      string // its platform tag
	ArchiveSHA256 string // hash of the wheel in hex
	Files         []File // what is taken out of it; the first is libonnxruntime itself
}

// File is one file of a wheel.
type File struct {
	Member string // path in the wheel
	Size   int64  // bytes
	SHA256 string // hash in hex
}

// Name returns the name under which the file is installed.
func (f File) Name() string { return f.Member[strings.LastIndexByte(f.Member, '/')+1:] }

// Flavors lists the flavours, in the order in which a device that all of them
// have prefers them.
func Flavors() []string { return []string{"cpu", "openvino", "gpu"} }

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

// Size returns the bytes of all files of the build.
func (p Pin) Size() int64 {
	var n int64
	for _, f := range p.Files {
		n += f.Size
	}
	return n
}

// Dir returns the folder of this build in the user's cache, one for each
// flavour, version and platform. It need not be there.
func (p Pin) Dir() (string, error) {
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("ortlib: %w", err)
	}
	return filepath.Join(dir, "neuroran", "onnxruntime", p.Flavor+"-"+p.Version+"-"+p.GOOS+"-"+p.GOARCH), nil
}

// Path returns where libonnxruntime of this build lies in the user's cache. It
// need not be there.
func (p Pin) Path() (string, error) {
	dir, err := p.Dir()
	if err != nil {
		return "", err
	}
	return filepath.Join(dir, p.Files[0].Name()), nil
}

// Installed returns the path of libonnxruntime of a flavour in the user's
// cache, or "" when it is not there.
func Installed(flavor string) string {
	p, err := Find(flavor)
	if err != nil {
		return ""
	}
	path, err := p.Path()
	if err != nil {
		return ""
	}
	if _, err := os.Stat(path); err != nil {
		return ""
	}
	return path
}
