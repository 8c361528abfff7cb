// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestRun(t *testing.T) {
	wrong := filepath.Join(t.TempDir(), "wrong.whl")
	if err := os.WriteFile(wrong, []byte("not a wheel"), 0o600); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name   string
		args   []string
		status int
		stdout string // must contain
		stderr string // must contain
	}{
		{"list", []string{"-list"}, 0, "linux/amd64", ""},
		{"verify nothing", []string{"-verify"}, 1, "", "no such file"},
		{"wrong file", []string{"-from", wrong}, 1, "", "does not match the pin"},
		{"no file", []string{"-from", wrong + "x"}, 1, "", "no such file"},
		{"flavour", []string{"-flavor", "quantum"}, 2, "", "quantum"},
		{"argument", []string{"extra"}, 2, "", "extra"},
		{"flag", []string{"-nonsense"}, 2, "", "nonsense"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for _, env := range []string{"XDG_CACHE_HOME", "HOME", "LocalAppData"} {
				t.Setenv(env, t.TempDir())
			}
			var stdout, stderr bytes.Buffer
			if got := run(context.Background(), tt.args, &stdout, &stderr); got != tt.status {
				t.Errorf("status %d, want %d; %s", got, tt.status, &stderr)
			}
			if !strings.Contains(stdout.String(), tt.stdout) || !strings.Contains(stderr.String(), tt.stderr) {
				t.Errorf("stdout %q, stderr %q", &stdout, &stderr)
			}
		})
	}
}
