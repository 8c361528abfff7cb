// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"path/filepath"

	"github.com/neuroran/neuroran/internal/svg"
	"github.com/neuroran/neuroran/phy/sigmf"
	"github.com/neuroran/neuroran/ran/uplink"
)

// plot writes constellation.svg and timeline.svg to a folder, which it makes.
func plot(folder string, rec *sigmf.Recording, r *uplink.Report, cloud *constellation) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(folder, "constellation.svg"), cloud.draw(r), 0o644); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(folder, "timeline.svg"), timeline(rec, r), 0o644)
}

// drawing is a picture with what the plots of this program have in common.
type drawing struct{ *svg.Drawing }

func newDrawing(width, height int) drawing { return drawing{svg.New(width, height)} }
