// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"strings"
	"testing"
)

func TestBar(t *testing.T) {
	var out bytes.Buffer
	b := newBar(&out, "installing", 200)
	b.show(100)
	b.end()
	if out.Len() != 0 {
		t.Errorf("no terminal: printed %q", &out)
	}
	b = &bar{w: &out, text: "installing", total: 200, last: -1}
	for done := int64(0); done <= 200; done++ {
		b.show(done)
	}
	b.end()
	lines := strings.Split(out.String(), "\r")
	if len(lines) != 102 { // one for each per cent, after the empty first
		t.Errorf("%d drawings, want 101", len(lines)-1)
	}
	if want := "installing [" + strings.Repeat("=", 25) + "] 100 %\n"; lines[len(lines)-1] != want {
		t.Errorf("got %q, want %q", lines[len(lines)-1], want)
	}
}
