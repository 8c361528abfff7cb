// SPDX-License-Identifier: Apache-2.0

//go:build cgo

package ort

import (
	"fmt"
	"os"
	"runtime"
	"sync"

	ort "github.com/yalue/onnxruntime_go"

	"github.com/neuroran/neuroran/accel/internal/backend"
	"github.com/neuroran/neuroran/accel/internal/ortlib"
)

// LibraryEnv is the environment variable that names the library.
const LibraryEnv = "ONNXRUNTIME_SHARED_LIBRARY_PATH"

// library is the process-wide runtime: the C library can be loaded once, and
// unloading it under live sessions would crash, so it stays.
var library struct {
	mu     sync.Mutex
	loaded Library
}

// Load loads libonnxruntime once: from the configuration, the environment, the
// user's cache, or the system loader. It returns a [*LibraryError].
func Load(cfg backend.Config) (Library, error) {
	library.mu.Lock()
	defer library.mu.Unlock()
	l := &library.loaded
	if l.Path == "" && ort.IsInitialized() {
		*l = Library{Path: "(initialised by the host program)", Version: ort.GetVersion()}
	}
	if l.Path != "" {
		if cfg.Library != "" && cfg.Library != l.Path {
			return Library{}, &LibraryError{Tried: []string{cfg.Library},
				Err: fmt.Errorf("this process has loaded %s, and can load one library only", l.Path)}
		}
		return *l, nil
	}
	failed := &LibraryError{}
	for _, path := range candidates(cfg) {
		failed.Tried = append(failed.Tried, path)
		ort.SetSharedLibraryPath(path)
		if failed.Err = ort.InitializeEnvironment(); failed.Err == nil {
			*l = Library{Path: path, Version: ort.GetVersion()}
			return *l, nil
		}
	}
	return Library{}, failed
}

// candidates lists where to look. A path that was asked for is the only one.
func candidates(cfg backend.Config) []string {
	if cfg.Library != "" {
		return []string{cfg.Library}
	}
	if path := os.Getenv(LibraryEnv); path != "" {
		return []string{path}
	}
	var list []string
	if path, err := ortlib.Path("cpu"); err == nil {
		if _, err := os.Stat(path); err == nil {
			list = append(list, path)
		}
	}
	switch runtime.GOOS {
	case "windows":
		return append(list, "onnxruntime.dll")
	case "darwin":
		return append(list, "libonnxruntime.dylib")
	}
	return append(list, "libonnxruntime.so.1", "libonnxruntime.so", "onnxruntime.so")
}

// Provider returns why the provider of the given device cannot be opened: the
// given reason, or what is missing below it.
func Provider(_ string, reason error) error { return reason }
