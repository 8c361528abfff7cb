// SPDX-License-Identifier: Apache-2.0

package ortlib

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

func hash(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// wheel writes an archive that holds library as the member of the pin, and
// returns its path and the pin that fits both.
func wheel(t *testing.T, library []byte) (string, Pin) {
	t.Helper()
	p := Pin{Flavor: "test", Version: "0", GOOS: runtime.GOOS, GOARCH: runtime.GOARCH,
		Member: "package/capi/libtest.so", Size: int64(len(library)), SHA256: hash(library)}
	var buf bytes.Buffer
	z := zip.NewWriter(&buf)
	w, err := z.Create(p.Member)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(library); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	p.ArchiveSHA256 = hash(buf.Bytes())
	path := filepath.Join(t.TempDir(), "test.whl")
	if err := os.WriteFile(path, buf.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return path, p
}

// cache points the user's cache at an empty folder.
func cache(t *testing.T) {
	t.Helper()
	dir := t.TempDir()
	for _, env := range []string{"XDG_CACHE_HOME", "HOME", "LocalAppData"} {
		t.Setenv(env, dir)
	}
}

// leftovers lists what a failed install left beside the library.
func leftovers(t *testing.T, p Pin) []string {
	t.Helper()
	path, err := p.Path()
	if err != nil {
		t.Fatal(err)
	}
	all, err := filepath.Glob(filepath.Join(filepath.Dir(path), "*"))
	if err != nil {
		t.Fatal(err)
	}
	hidden, err := filepath.Glob(filepath.Join(filepath.Dir(path), ".*"))
	if err != nil {
		t.Fatal(err)
	}
	return append(all, hidden...)
}

func TestInstall(t *testing.T) {
	cache(t)
	library := bytes.Repeat([]byte("library "), 1000)
	path, p := wheel(t, library)
	if err := p.Verify(); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("Verify before: got %v, want os.ErrNotExist", err)
	}
	for range 2 { // again over the first
		dst, err := p.Install(path)
		if err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(dst)
		if err != nil || !bytes.Equal(got, library) {
			t.Fatalf("installed %d bytes, %v", len(got), err)
		}
	}
	if err := p.Verify(); err != nil {
		t.Error(err)
	}
	if l := leftovers(t, p); len(l) != 1 {
		t.Errorf("the folder holds %v", l)
	}
	dst, err := p.Path()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(dst, library[:7999], 0o600); err != nil {
		t.Fatal(err)
	}
	if err := p.Verify(); !errors.Is(err, ErrHash) {
		t.Errorf("Verify of a truncated library: got %v, want ErrHash", err)
	}
}

func TestInstallRefuses(t *testing.T) {
	library := bytes.Repeat([]byte("library "), 1000)
	tests := []struct {
		name string
		edit func(t *testing.T, path string, p *Pin)
		want error
	}{
		{"no file", func(t *testing.T, path string, _ *Pin) {
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
		}, os.ErrNotExist},
		{"truncated", func(t *testing.T, path string, _ *Pin) {
			if err := os.Truncate(path, 200); err != nil {
				t.Fatal(err)
			}
		}, ErrHash},
		{"another archive", func(_ *testing.T, _ string, p *Pin) { p.ArchiveSHA256 = hash(nil) }, ErrHash},
		{"another library", func(_ *testing.T, _ string, p *Pin) { p.SHA256 = hash(nil) }, ErrHash},
		{"longer library", func(_ *testing.T, _ string, p *Pin) { p.Size -= 5 }, ErrHash},
		{"no member", func(_ *testing.T, _ string, p *Pin) { p.Member = "other/libtest.so" }, os.ErrNotExist},
		{"no archive", func(t *testing.T, path string, p *Pin) {
			if err := os.WriteFile(path, library, 0o600); err != nil {
				t.Fatal(err)
			}
			p.ArchiveSHA256 = hash(library)
		}, zip.ErrFormat},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			cache(t)
			path, p := wheel(t, library)
			tt.edit(t, path, &p)
			if dst, err := p.Install(path); !errors.Is(err, tt.want) {
				t.Errorf("got %q, %v, want %v", dst, err, tt.want)
			}
			if l := leftovers(t, p); len(l) != 0 {
				t.Errorf("left behind: %v", l)
			}
		})
	}
}

// TestFetchAsksPip puts a stand-in for the interpreter on the path, which
// writes down its arguments and leaves a wheel.
func TestFetchAsksPip(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("needs a shell")
	}
	bin, dir := t.TempDir(), t.TempDir()
	script := "#!/bin/sh\necho \"$@\"\nfor last; do :; done\n: >\"" + dir + "/$last.whl\"\n"
	if err := os.WriteFile(filepath.Join(bin, "python3"), []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", bin+string(os.PathListSeparator)+os.Getenv("PATH"))
	var log bytes.Buffer
	p := List()[0]
	path, err := p.Fetch(context.Background(), dir, &log)
	if err != nil {
		t.Fatal(err)
	}
	if want := p.Package + "==" + p.Version + ".whl"; filepath.Base(path) != want {
		t.Errorf("got %s, want %s", path, want)
	}
	if got := log.String(); !strings.HasPrefix(got, "-m pip download ") || !strings.Contains(got, p.Platform) || strings.Contains(got, "http") {
		t.Errorf("asked for %s", got)
	}
}

func TestPins(t *testing.T) {
	seen := map[string]bool{}
	for _, p := range List() {
		id := p.Flavor + p.GOOS + p.GOARCH
		if seen[id] || len(p.ArchiveSHA256) != 64 || len(p.SHA256) != 64 || p.Size == 0 || p.Name() == "" {
			t.Errorf("pin %+v", p)
		}
		seen[id] = true
	}
	for _, id := range []string{"cpulinuxamd64", "cpulinuxarm64"} {
		if !seen[id] {
			t.Errorf("no pin for %s", id)
		}
	}
	if _, err := Find("nonsense"); err == nil {
		t.Error("an unknown flavour is found")
	}
}
