// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/neuroran/neuroran/internal/testvec"
	"github.com/neuroran/neuroran/phy/sigmf"
	"github.com/neuroran/neuroran/ran/uplink"
)

// hashBlocks returns the hash of what became of each transmission of the recording.
func hashBlocks() (string, error) {
	rec, err := sigmf.Open(filepath.Join(testvec.Root(), "examples", "uplink", "testdata", "uplink.sigmf-meta"))
	if err != nil {
		return "", err
	}
	defer rec.Close()
	a, err := openAir()
	if err != nil {
		return "", err
	}
	c, err := uplink.New(a.cfg)
	if err != nil {
		return "", err
	}
	defer c.Close()
	report, err := c.Play(context.Background(), rec, uplink.PlayConfig{})
	if err != nil {
		return "", err
	}
	all := sha256.New()
	for i := range report.Transmissions {
		t := &report.Transmissions[i]
		fmt.Fprintf(all, "%d %v %x\n", t.Slot, t.Outcome, t.SHA256)
	}
	return fmt.Sprintf("%x", all.Sum(nil)), nil
}

// independence builds the program in other ways and compares what it decodes.
func (b *bench) independence() error {
	want, err := hashBlocks()
	if err != nil {
		return err
	}
	same, ways := 1, [][]string{{"GOFLAGS=-tags=purego"}, {"CGO_ENABLED=0"}, {"GOAMD64=v3"}}
	for _, env := range ways {
		cmd := exec.Command("go", "run", "./internal/bench/tableone", "-hash")
		cmd.Dir, cmd.Env = testvec.Root(), append(os.Environ(), env...)
		got, err := cmd.Output()
		if err != nil {
			return fmt.Errorf("%v: %w", env, err)
		}
		if strings.TrimSpace(string(got)) == want {
			same++
		}
	}
	b.put("independence", node, fmt.Sprintf("of %d builds decode the same blocks: as it is, purego, without cgo, GOAMD64=v3", len(ways)+1), float64(same), "builds")
	cmd := exec.Command("go", "build", "-o", os.DevNull, "./internal/bench/tableone")
	cmd.Dir, cmd.Env = testvec.Root(), append(os.Environ(), "GOARCH=arm64", "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("arm64: %w: %s", err, out)
	}
	b.put("independence", node, "further architectures it builds for (arm64), not run here", 1, "")
	return nil
}
