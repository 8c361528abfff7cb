// SPDX-License-Identifier: Apache-2.0

package store

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"

	"github.com/cespare/xxhash/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/neuroran/neuroran/sfaas"
)

// prove reads the proof of a folder and checks every claim of it. What Pebble would
// take for the end of a log, and what it would not miss, is found here, before Pebble
// opens, and perhaps tidies, anything.
func prove(real vfs.FS, dir string) (map[string]claim, error) {
	data, err := readFile(real, real.PathJoin(dir, proofName))
	if errors.Is(err, fs.ErrNotExist) {
		return map[string]claim{}, proveEmpty(real, dir)
	}
	if err != nil {
		return nil, err
	}
	claims, err := readClaims(data)
	if err != nil {
		return nil, &DamagedError{proofName, err}
	}
	for name, c := range claims {
		if err := c.check(real, real.PathJoin(dir, name)); err != nil {
			return nil, err
		}
	}
	return claims, proveTails(real, dir, claims)
}

// proveTails checks what stands in the logs behind their claims.
func proveTails(real vfs.FS, dir string, claims map[string]claim) error {
	names, err := real.List(dir)
	if err != nil {
		return err
	}
	for _, name := range names {
		if name = lastName(name); !strings.HasSuffix(name, ".log") {
			continue
		}
		log, err := readFile(real, real.PathJoin(dir, name))
		if err == nil {
			err = checkTail(name, log, claims[name].size)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// proveEmpty checks that a folder without a proof has nothing that needs one, and nothing
// of somebody else: whoever has named the wrong folder hears of it before it is written to.
// Folders within it, such as lost+found, are left alone.
func proveEmpty(real vfs.FS, dir string) error {
	names, err := real.List(dir)
	if err != nil {
		return err
	}
	for _, name := range names {
		if name = lastName(name); name == lockName || name == proofTemp {
			continue
		}
		if trusted(name) || strings.HasSuffix(name, ".sst") {
			return &DamagedError{proofName, fs.ErrNotExist}
		}
		about, err := real.Stat(real.PathJoin(dir, name))
		if err != nil {
			return err
		}
		if !about.IsDir() {
			return &sfaas.OptionError{Option: "Open", Got: fmt.Sprintf("%s, which has a file %s", dir, name), Want: "an empty folder, or one of a store"}
		}
	}
	return nil
}

var errSum = errors.New("its bytes have changed")

// check reads what is claimed of a file.
func (c claim) check(real vfs.FS, path string) error {
	f, err := real.Open(path)
	if err != nil {
		return &DamagedError{lastName(path), err}
	}
	defer f.Close()
	sum := xxhash.New()
	switch n, err := io.Copy(sum, io.LimitReader(f, c.size)); {
	case err != nil:
		return &DamagedError{lastName(path), err}
	case n < c.size:
		return &DamagedError{lastName(path), fmt.Errorf("%d bytes of %d that were synced", n, c.size)}
	case sum.Sum64() != c.sum:
		return &DamagedError{lastName(path), errSum}
	}
	return nil
}

func readFile(real vfs.FS, path string) ([]byte, error) {
	f, err := real.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(f)
}
