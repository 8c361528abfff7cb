// SPDX-License-Identifier: Apache-2.0

package testvec

import (
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// RequireEnv is the environment variable that lists, separated by commas, what
// a run must have: "shared", "ort", "openvino", "openvino-gpu", "openvino-npu",
// "bf16", "gpu", "tensorrt", "python", "sionna". A test that lacks a listed thing fails
// instead of skipping.
const RequireEnv = "NEURORAN_REQUIRE"

// SharedEnv is the environment variable that names the folder of recordings,
// vectors and curves, from the root of the module if it is no absolute path.
// Without it the folder is ../shared beside the module.
const SharedEnv = "NEURORAN_SHARED"

// Require skips the test when present is false, or fails it when what is
// listed in [RequireEnv]. The reason is printed in both cases.
func Require(tb testing.TB, what string, present bool, reason string) {
	tb.Helper()
	if present {
		return
	}
	if slices.Contains(strings.Split(os.Getenv(RequireEnv), ","), what) {
		tb.Fatalf("%s is required by %s but absent: %s", what, RequireEnv, reason)
	}
	tb.Skipf("needs %s: %s", what, reason)
}

// Shared returns the folder of recordings, vectors and curves that other
// implementations made, or skips the test where there is none.
func Shared(tb testing.TB) string {
	tb.Helper()
	dir := os.Getenv(SharedEnv)
	if dir == "" {
		dir = filepath.Join("..", "shared")
	}
	if !filepath.IsAbs(dir) { // tests run in the folders of their packages
		dir = filepath.Join(Root(), dir)
	}
	_, err := os.Stat(dir)
	Require(tb, "shared", err == nil, "no folder "+dir+"; set "+SharedEnv)
	return dir
}

// Root returns the root folder of the module's source.
func Root() string {
	_, file, _, _ := runtime.Caller(0)
	return filepath.Dir(filepath.Dir(filepath.Dir(file)))
}
