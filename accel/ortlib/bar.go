// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"
	"os"
	"strings"
)

// bar shows progress in one line of a terminal. Where the output is none it
// shows nothing.
type bar struct {
	w     io.Writer // nil when nothing is shown
	text  string
	total int64
	last  int64 // per cent shown last
}

func newBar(w io.Writer, text string, total int64) *bar {
	if !isTerminal(w) {
		w = nil
	}
	return &bar{w: w, text: text, total: max(total, 1), last: -1}
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// show draws the bar when another per cent is done.
func (b *bar) show(done int64) {
	percent := min(100, 100*done/b.total)
	if b.w == nil || percent == b.last {
		return
	}
	b.last = percent
	full := int(percent) / 4
	fmt.Fprintf(b.w, "\r%s [%s%s] %3d %%", b.text, strings.Repeat("=", full), strings.Repeat(" ", 25-full), percent)
}

// end leaves the line.
func (b *bar) end() {
	if b.w != nil && b.last >= 0 {
		fmt.Fprintln(b.w)
	}
}
