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
	"sync"
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
		Files: []File{
			{Member: "package/capi/libtest.so", Size: int64(len(library)), SHA256: hash(library)},
			{Member: "package/capi/libprovider.so", Size: int64(len(library)) - 1, SHA256: hash(library[1:])},
		}}
	var buf bytes.Buffer
	z := zip.NewWriter(&buf)
	for i, f := range p.Files {
		w, err := z.Create(f.Member)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(library[i:]); err != nil {
			t.Fatal(err)
		}
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

// leftovers lists what is in the cache, folders of builds and what lies beside.
func leftovers(t *testing.T, p Pin) []string {
	t.Helper()
	dir, err := p.Dir()
	if err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(filepath.Dir(dir))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func TestInstall(t *testing.T) {
	cache(t)
	library := bytes.Repeat([]byte("library "), 1000)
	path, p := wheel(t, library)
	if err := p.Verify(); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("Verify before: got %v, want os.ErrNotExist", err)
	}
	for range 2 { // again over the first
		var done int64
		dst, err := p.Install(path, func(n int64) { done = n })
		if err != nil {
			t.Fatal(err)
		}
		if info, err := os.Stat(path); err != nil || done != info.Size()+p.Size() {
			t.Errorf("progress ends at %d bytes", done)
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
		t.Errorf("the cache holds %v", l)
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

// TestFailedInstallKeepsTheOld installs, and then tries a damaged wheel.
func TestFailedInstallKeepsTheOld(t *testing.T) {
	cache(t)
	path, p := wheel(t, bytes.Repeat([]byte("library "), 1000))
	if _, err := p.Install(path, nil); err != nil {
		t.Fatal(err)
	}
	bad := p
	bad.Files = append([]File{}, p.Files...)
	bad.Files[1].SHA256 = hash(nil)
	if _, err := bad.Install(path, nil); !errors.Is(err, ErrHash) {
		t.Errorf("got %v, want ErrHash", err)
	}
	if err := p.Verify(); err != nil {
		t.Errorf("the old one is gone: %v", err)
	}
}

// TestInstallAtOnce installs one build from several goroutines, as several
// programs might.
func TestInstallAtOnce(t *testing.T) {
	cache(t)
	path, p := wheel(t, bytes.Repeat([]byte("library "), 1000))
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if _, err := p.Install(path, nil); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if err := p.Verify(); err != nil {
		t.Error(err)
	}
	if l := leftovers(t, p); len(l) != 1 {
		t.Errorf("the cache holds %v", l)
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
		{"another library", func(_ *testing.T, _ string, p *Pin) { p.Files[0].SHA256 = hash(nil) }, ErrHash},
		{"another provider", func(_ *testing.T, _ string, p *Pin) { p.Files[1].SHA256 = hash(nil) }, ErrHash},
		{"longer library", func(_ *testing.T, _ string, p *Pin) { p.Files[1].Size -= 5 }, ErrHash},
		{"no member", func(_ *testing.T, _ string, p *Pin) { p.Files[1].Member = "other/libtest.so" }, os.ErrNotExist},
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
			if dst, err := p.Install(path, nil); !errors.Is(err, tt.want) {
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
		if seen[id] || len(p.ArchiveSHA256) != 64 || len(p.Files) == 0 || !strings.Contains(p.Files[0].Name(), "onnxruntime.") {
			t.Errorf("pin %+v", p)
		}
		for _, f := range p.Files {
			if len(f.SHA256) != 64 || f.Size == 0 || f.Name() == "" {
				t.Errorf("%s: file %+v", id, f)
			}
		}
		seen[id] = true
	}
	for _, id := range []string{"cpulinuxamd64", "cpulinuxarm64", "openvinolinuxamd64", "gpulinuxamd64"} {
		if !seen[id] {
			t.Errorf("no pin for %s", id)
		}
	}
	if _, err := Find("nonsense"); err == nil {
		t.Error("an unknown flavour is found")
	}
}
