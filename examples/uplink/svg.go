// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"fmt"
	"html"
	"os"
	"path/filepath"

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

// svg is a drawing.
type svg struct{ bytes.Buffer }

func newSVG(width, height int) *svg {
	s := &svg{}
	fmt.Fprintf(s, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" font-family="sans-serif" font-size="12">`+"\n",
		width, height, width, height)
	fmt.Fprintf(s, `<rect width="%d" height="%d" fill="white"/>`+"\n", width, height)
	return s
}

func (s *svg) text(x, y float64, anchor, text string) {
	fmt.Fprintf(s, `<text x="%.1f" y="%.1f" text-anchor="%s">%s</text>`+"\n", x, y, anchor, html.EscapeString(text))
}

func (s *svg) rect(x, y, w, h float64, style, title string) {
	fmt.Fprintf(s, `<rect x="%.2f" y="%.2f" width="%.2f" height="%.2f" %s>`, x, y, w, h, style)
	if title != "" {
		fmt.Fprintf(s, "<title>%s</title>", html.EscapeString(title))
	}
	s.WriteString("</rect>\n")
}

func (s *svg) line(x1, y1, x2, y2 float64, style string) {
	fmt.Fprintf(s, `<line x1="%.2f" y1="%.2f" x2="%.2f" y2="%.2f" %s/>`+"\n", x1, y1, x2, y2, style)
}

func (s *svg) end() []byte {
	s.WriteString("</svg>\n")
	return s.Bytes()
}
