// SPDX-License-Identifier: Apache-2.0

package main

import (
	_ "embed"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

//go:embed capi/run.c
var source []byte

// compile builds the C side into dir and returns its path.
func compile(dir string) (string, error) {
	module, err := exec.Command("go", "list", "-f", "{{.Dir}}", "github.com/yalue/onnxruntime_go").Output()
	if err != nil {
		return "", fmt.Errorf("folder of the C header: %w", err)
	}
	file, program := filepath.Join(dir, "run.c"), filepath.Join(dir, "run")
	if err := os.WriteFile(file, source, 0o600); err != nil {
		return "", err
	}
	cmd := exec.Command("cc", "-O2", "-Wall", "-o", program, "-I", strings.TrimSpace(string(module)), file, "-ldl")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("cc: %w\n%s", err, out)
	}
	return program, nil
}
