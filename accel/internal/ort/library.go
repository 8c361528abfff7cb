// SPDX-License-Identifier: Apache-2.0

//go:build cgo

package ort

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"

	ort "github.com/yalue/onnxruntime_go"

	"github.com/neuroran/neuroran/accel/backend"
	"github.com/neuroran/neuroran/accel/internal/ortlib"
)

// LibraryEnv is the environment variable that names the library.
const LibraryEnv = "ONNXRUNTIME_SHARED_LIBRARY_PATH"

// minVersion is the oldest version 1.x of the library that has the C API that
// the wrapper asks for.
const minVersion = 24

// library is the process-wide runtime: the C library can be loaded once, and
// unloading it under live sessions would crash, so it stays.
var library struct {
	mu     sync.Mutex
	loaded Library
}

// load loads libonnxruntime once, for the first device that asks for it and
// lacks nothing else: from the configuration, the environment, the user's cache,
// or the system loader. It returns a [*LibraryError], or a
// [*backend.MissingError] when the library is there but not all that the device
// needs beside it.
func load(t target, c backend.Config) (Library, error) {
	library.mu.Lock()
	defer library.mu.Unlock()
	if l, ok := loaded(); ok {
		return l, errors.Join(sameLibrary(l, t, c), t.missing(l, c))
	}
	l, err := find(t, c)
	if err != nil {
		return Library{}, err
	}
	ort.SetSharedLibraryPath(l.Path)
	if err := ort.InitializeEnvironment(ort.WithLogLevelFatal()); err != nil {
		return Library{}, &LibraryError{Tried: []string{l.Path}, Flavor: t.flavor(), Err: err}
	}
	library.loaded = l
	return l, nil
}

// probe finds what load would load, without loading it for good.
func probe(t target, c backend.Config) (Library, error) {
	library.mu.Lock()
	defer library.mu.Unlock()
	if l, ok := loaded(); ok {
		return l, errors.Join(sameLibrary(l, t, c), t.missing(l, c))
	}
	return find(t, c)
}

// loaded returns the library of the process, if it has one; the lock is held.
func loaded() (Library, bool) {
	l := &library.loaded
	if l.Path == "" && ort.IsInitialized() {
		*l = Library{Path: "(initialized by the host program)", Version: ort.GetVersion()}
	}
	return *l, l.Path != ""
}

// sameLibrary refuses a configuration that names another library than the
// loaded one.
func sameLibrary(l Library, t target, c backend.Config) error {
	want := c.Library
	if want == "" && c.Flavor != "" {
		want = ortlib.Installed(c.Flavor)
	}
	if want == "" || want == l.Path {
		return nil
	}
	return &LibraryError{Tried: []string{want}, Flavor: t.flavor(),
		Err: fmt.Errorf("this process has loaded %s, and can load one library only", l.Path)}
}

// find returns the first candidate that can be loaded and has the API, if it
// has all that the device needs.
func find(t target, c backend.Config) (Library, error) {
	failed := &LibraryError{Flavor: t.flavor()}
	if c.Flavor != "" {
		failed.Flavor = c.Flavor
	}
	paths, absent := candidates(t, c)
	for _, path := range paths {
		l, err := inspect(path)
		if err == nil {
			err = checkVersion(l.Version)
		}
		if err == nil {
			return l, t.missing(l, c)
		}
		failed.Tried = append(failed.Tried, path)
		if filepath.IsAbs(path) && failed.Err == nil {
			failed.Err = err // more telling than the loader's failure to find a name
		}
		absent = err
	}
	if failed.Err == nil {
		failed.Err = absent
	}
	return Library{}, failed
}

// candidates lists where to look. What was asked for by path or flavour is the
// only one; a flavour that there is not for this machine is an error.
func candidates(t target, c backend.Config) ([]string, error) {
	if c.Library != "" {
		return []string{c.Library}, nil
	}
	if c.Flavor != "" {
		pin, err := ortlib.Find(c.Flavor)
		if err != nil {
			return nil, err
		}
		path, err := pin.Path()
		return []string{path}, err
	}
	if path := os.Getenv(LibraryEnv); path != "" {
		return []string{path}, nil
	}
	flavors := []string{t.flavor()}
	if t.provider == "cpu" {
		flavors = ortlib.Flavors() // each has the CPU provider
	}
	var list []string
	for _, f := range flavors {
		if path := ortlib.Installed(f); path != "" {
			list = append(list, path)
		}
	}
	switch runtime.GOOS {
	case "windows":
		return append(list, "onnxruntime.dll"), nil
	case "darwin":
		return append(list, "libonnxruntime.dylib"), nil
	}
	return append(list, "libonnxruntime.so.1", "libonnxruntime.so", "onnxruntime.so"), nil
}

// checkVersion refuses a library without the C API that the wrapper asks for,
// before it is asked: the library would say so on standard error only.
func checkVersion(version string) error {
	minor, _, _ := strings.Cut(strings.TrimPrefix(version, "1."), ".")
	if n, err := strconv.Atoi(minor); err == nil && strings.HasPrefix(version, "1.") && n < minVersion {
		return fmt.Errorf("version %s is too old, want 1.%d or newer", version, minVersion)
	}
	return nil
}
