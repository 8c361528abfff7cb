// SPDX-License-Identifier: Apache-2.0

// Package svg writes small drawings: text, rectangles and lines, in Scalable Vector
// Graphics.
package svg

import (
	"bytes"
	"fmt"
	"html"
)

// Drawing is a picture of a fixed size in pixels, from the upper left corner. Use [New].
type Drawing struct{ bytes.Buffer }

// New returns a white drawing.
func New(width, height int) *Drawing {
	d := &Drawing{}
	fmt.Fprintf(d, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" font-family="sans-serif" font-size="12">`+"\n",
		width, height, width, height)
	fmt.Fprintf(d, `<rect width="%d" height="%d" fill="white"/>`+"\n", width, height)
	return d
}

// Text writes text at a place; anchor is start, middle or end.
func (d *Drawing) Text(x, y float64, anchor, text string) {
	fmt.Fprintf(d, `<text x="%.1f" y="%.1f" text-anchor="%s">%s</text>`+"\n", x, y, anchor, html.EscapeString(text))
}

// Rect draws a rectangle with attributes such as fill="red", and a title that shows when
// one points at it; "" for none.
func (d *Drawing) Rect(x, y, w, h float64, style, title string) {
	fmt.Fprintf(d, `<rect x="%.2f" y="%.2f" width="%.2f" height="%.2f" %s>`, x, y, w, h, style)
	if title != "" {
		fmt.Fprintf(d, "<title>%s</title>", html.EscapeString(title))
	}
	d.WriteString("</rect>\n")
}

// Line draws a line with attributes such as stroke="black".
func (d *Drawing) Line(x1, y1, x2, y2 float64, style string) {
	fmt.Fprintf(d, `<line x1="%.2f" y1="%.2f" x2="%.2f" y2="%.2f" %s/>`+"\n", x1, y1, x2, y2, style)
}

// End closes the drawing and returns it.
func (d *Drawing) End() []byte {
	d.WriteString("</svg>\n")
	return d.Bytes()
}
