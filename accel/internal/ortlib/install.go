// SPDX-License-Identifier: Apache-2.0

package ortlib

import (
	"archive/zip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
)

// ErrHash says that an archive or a library is not the pinned one, because it
// is another file, truncated or changed.
var ErrHash = errors.New("SHA-256 does not match the pin")

// Verify checks the installed library against its pin. It returns an error
// that wraps [os.ErrNotExist] or [ErrHash].
func (p Pin) Verify() error {
	path, err := p.Path()
	if err != nil {
		return err
	}
	return checkFile(path, p.SHA256)
}

// Install takes the library out of a wheel and puts it into the user's cache.
// Archive and library are checked before anything is put in place, and the last
// step is a rename: a failed install leaves nothing, and a running program
// keeps the file that it has open.
//
// It returns the path of the library, or an error that wraps [ErrHash].
func (p Pin) Install(wheel string) (string, error) {
	if err := checkFile(wheel, p.ArchiveSHA256); err != nil {
		return "", err
	}
	dst, err := p.Path()
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(filepath.Dir(dst), 0o755); err != nil {
		return "", fmt.Errorf("ortlib: %w", err)
	}
	tmp, err := os.CreateTemp(filepath.Dir(dst), ".ortlib-*")
	if err != nil {
		return "", fmt.Errorf("ortlib: %w", err)
	}
	defer func() { _ = os.Remove(tmp.Name()) }() // gone already after the rename
	err = errors.Join(p.extract(tmp, wheel), tmp.Chmod(0o755), tmp.Sync(), tmp.Close())
	if err == nil {
		err = os.Rename(tmp.Name(), dst)
	}
	if err != nil {
		return "", fmt.Errorf("ortlib: install %s: %w", dst, err)
	}
	return dst, nil
}

// extract copies the library to dst and checks its size and hash.
func (p Pin) extract(dst io.Writer, wheel string) error {
	z, err := zip.OpenReader(wheel)
	if err != nil {
		return err
	}
	defer z.Close()
	src, err := z.Open(p.Member)
	if err != nil {
		return err
	}
	defer src.Close()
	h := sha256.New()
	n, err := io.Copy(io.MultiWriter(dst, h), io.LimitReader(src, p.Size+1))
	if err != nil {
		return err
	}
	if got := hex.EncodeToString(h.Sum(nil)); n != p.Size || got != p.SHA256 {
		return fmt.Errorf("%s: %w: got %d bytes, %s", p.Member, ErrHash, n, got)
	}
	return nil
}

// Fetch downloads the wheel into dir with pip, so that the index or mirror that
// the user configured is the one that is asked. Its output goes to log. It
// returns the path of the wheel.
func (p Pin) Fetch(ctx context.Context, dir string, log io.Writer) (string, error) {
	args := []string{
		"-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--disable-pip-version-check",
		"--implementation", "cp", "--python-version", pythonVersion, "--platform", p.Platform,
		"--dest", dir, p.Package + "==" + p.Version,
	}
	var tried []error
	for _, python := range []string{"python3", "python"} {
		cmd := exec.CommandContext(ctx, python, args...)
		cmd.Stdout, cmd.Stderr = log, log
		if err := cmd.Run(); err != nil {
			tried = append(tried, fmt.Errorf("%s: %w", python, err))
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

// checkFile compares the hash of a file with the wanted one.
func checkFile(path, want string) error {
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("ortlib: %w", err)
	}
	defer f.Close()
	h := sha256.New()
	n, err := io.Copy(h, f)
	if err != nil {
		return fmt.Errorf("ortlib: %w", err)
	}
	if got := hex.EncodeToString(h.Sum(nil)); got != want {
		return fmt.Errorf("ortlib: %s: %w: %d bytes hash to %s, want %s", path, ErrHash, n, got, want)
	}
	return nil
}
