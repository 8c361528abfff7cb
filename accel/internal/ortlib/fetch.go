// SPDX-License-Identifier: Apache-2.0

package ortlib

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"strings"
)

// clients are the ways to call pip, in the order tried.
var clients = [][]string{{"python3", "-m", "pip"}, {"python", "-m", "pip"}, {"pip3"}, {"pip"}}

// Fetch downloads the wheel into dir with pip, so that the index or mirror that
// the user configured is the one that is asked. What pip prints, its progress
// bar included, goes to log. It returns the path of the wheel.
func (p Pin) Fetch(ctx context.Context, dir string, log io.Writer) (string, error) {
	args := []string{
		"download", "--no-deps", "--only-binary=:all:", "--disable-pip-version-check",
		"--implementation", "cp", "--python-version", pythonVersion, "--platform", p.Platform,
		"--dest", dir, p.Package + "==" + p.Version,
	}
	var tried []error
	for _, client := range clients {
		cmd := exec.CommandContext(ctx, client[0], append(client[1:len(client):len(client)], args...)...)
		cmd.Stdout, cmd.Stderr = log, log
		if err := cmd.Run(); err != nil {
			tried = append(tried, fmt.Errorf("%s: %w", strings.Join(client, " "), err))
			if ctx.Err() != nil {
				break
			}
			continue
		}
		found, err := filepath.Glob(filepath.Join(dir, "*.whl"))
		if err != nil || len(found) != 1 {
			return "", fmt.Errorf("ortlib: pip left %d wheels in %s", len(found), dir)
		}
		return found[0], nil
	}
	return "", fmt.Errorf("ortlib: pip download failed (get the wheel of %s %s for %s yourself and pass it with -from): %w",
		p.Package, p.Version, p.Platform, errors.Join(tried...))
}
