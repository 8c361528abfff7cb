// SPDX-License-Identifier: Apache-2.0

package testvec

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// PythonEnv is the environment variable that names the Python interpreter of
// the oracles: a name on the search path, or a path, from the root of the module
// if it is not absolute. Without it the interpreter is python3 of the search path.
const PythonEnv = "NEURORAN_PYTHON"

var pythons sync.Map // interpreter and modules → error text, or ""

// Python returns a Python interpreter that can import all the modules, or
// skips the test where there is none; see [Require] with "python", or with
// "sionna" for the oracles that need gigabytes of packages.
func Python(tb testing.TB, modules ...string) string {
	tb.Helper()
	name := os.Getenv(PythonEnv)
	switch {
	case name == "":
		name = "python3"
	case strings.ContainsRune(name, filepath.Separator) && !filepath.IsAbs(name):
		name = filepath.Join(Root(), name)
	}
	key := name + " " + strings.Join(modules, ",")
	reason, ok := pythons.Load(key)
	if !ok {
		reason = tryPython(name, modules)
		pythons.Store(key, reason)
	}
	Require(tb, requirement(modules), reason == "", reason.(string))
	return name
}

// requirement names what a list of modules needs: a Python with a few small
// packages, or one with Sionna and PyTorch.
func requirement(modules []string) string {
	for _, m := range modules {
		if top, _, _ := strings.Cut(m, "."); top == "sionna" || top == "torch" {
			return "sionna"
		}
	}
	return "python"
}

// tryPython returns why the interpreter cannot import the modules, or "".
func tryPython(name string, modules []string) string {
	code := "pass"
	if len(modules) > 0 {
		code = "import " + strings.Join(modules, ", ")
	}
	out, err := exec.Command(name, "-c", code).CombinedOutput()
	if err == nil {
		return ""
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	return name + ": " + err.Error() + ": " + lines[len(lines)-1] + "; set " + PythonEnv
}
