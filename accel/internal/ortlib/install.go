// SPDX-License-Identifier: Apache-2.0

package ortlib

import (
	"archive/zip"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// ErrHash says that an archive or a library is not the pinned one, because it
// is another file, truncated or changed.
var ErrHash = errors.New("SHA-256 does not match the pin")

// Verify checks every installed file against its pin. It returns an error that
// wraps [os.ErrNotExist] or [ErrHash].
func (p Pin) Verify() error {
	dir, err := p.Dir()
	if err != nil {
		return err
	}
	for _, f := range p.Files {
		if err := checkFile(filepath.Join(dir, f.Name()), f.SHA256, nil); err != nil {
			return err
		}
	}
	return nil
}

// Install takes the libraries out of a wheel and puts them into a folder of the
// user's cache. Archive and libraries are checked before anything is put in
// place, and the last step is a rename of the folder: a failed install leaves
// what was there before, and a running program keeps the files that it has
// open. It calls progress, where given, with the bytes read and written so far.
//
// It returns the path of libonnxruntime, or an error that wraps [ErrHash].
func (p Pin) Install(wheel string, progress func(done int64)) (string, error) {
	count := &counter{report: progress}
	if err := checkFile(wheel, p.ArchiveSHA256, count); err != nil {
		return "", err
	}
	dst, err := p.Dir()
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(filepath.Dir(dst), 0o755); err != nil {
		return "", fmt.Errorf("ortlib: %w", err)
	}
	tmp, err := os.MkdirTemp(filepath.Dir(dst), ".ortlib-*")
	if err != nil {
		return "", fmt.Errorf("ortlib: %w", err)
	}
	defer func() { _ = os.RemoveAll(tmp) }() // what is left is of no use
	fresh, old := filepath.Join(tmp, "new"), filepath.Join(tmp, "old")
	if err = p.extract(fresh, wheel, count); err == nil {
		err = p.swap(dst, fresh, old)
	}
	if err != nil {
		return "", fmt.Errorf("ortlib: install %s: %w", dst, err)
	}
	return p.Path()
}

// swap puts the folder fresh in the place of dst, which it moves to old. When
// another install has just put its own there, that one stays.
func (p Pin) swap(dst, fresh, old string) error {
	if err := os.Rename(dst, old); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	err := os.Rename(fresh, dst)
	if err == nil || p.Verify() == nil {
		return nil
	}
	return errors.Join(err, ignoreMissing(os.Rename(old, dst)))
}

func ignoreMissing(err error) error {
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return err
}

// extract copies the files to a new folder and checks size and hash of each.
func (p Pin) extract(dir, wheel string, count io.Writer) error {
	z, err := zip.OpenReader(wheel)
	if err != nil {
		return err
	}
	defer z.Close()
	if err := os.Mkdir(dir, 0o755); err != nil {
		return err
	}
	for _, f := range p.Files {
		if err := f.extract(dir, z, count); err != nil {
			return err
		}
	}
	return nil
}

func (f File) extract(dir string, z *zip.ReadCloser, count io.Writer) error {
	src, err := z.Open(f.Member)
	if err != nil {
		return err
	}
	defer src.Close()
	dst, err := os.OpenFile(filepath.Join(dir, f.Name()), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o755)
	if err != nil {
		return err
	}
	h := sha256.New()
	n, err := io.Copy(io.MultiWriter(dst, h, count), io.LimitReader(src, f.Size+1))
	if err = errors.Join(err, dst.Sync(), dst.Close()); err != nil {
		return err
	}
	if got := hex.EncodeToString(h.Sum(nil)); n != f.Size || got != f.SHA256 {
		return fmt.Errorf("%s: %w: got %d bytes, %s", f.Member, ErrHash, n, got)
	}
	return nil
}

// checkFile compares the hash of a file with the wanted one.
func checkFile(path, want string, count io.Writer) error {
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("ortlib: %w", err)
	}
	defer f.Close()
	h := sha256.New()
	dst := io.Writer(h)
	if count != nil {
		dst = io.MultiWriter(h, count)
	}
	n, err := io.Copy(dst, f)
	if err != nil {
		return fmt.Errorf("ortlib: %w", err)
	}
	if got := hex.EncodeToString(h.Sum(nil)); got != want {
		return fmt.Errorf("ortlib: %s: %w: %d bytes hash to %s, want %s", path, ErrHash, n, got, want)
	}
	return nil
}

// counter adds up what is written to it.
type counter struct {
	done   int64
	report func(done int64)
}

// Write implements [io.Writer].
func (c *counter) Write(b []byte) (int, error) {
	c.done += int64(len(b))
	if c.report != nil {
		c.report(c.done)
	}
	return len(b), nil
}
