// SPDX-License-Identifier: Apache-2.0

package svg

import (
	"encoding/xml"
	"errors"
	"io"
	"testing"
)

// TestDrawing writes a drawing that any reader of XML takes.
func TestDrawing(t *testing.T) {
	d := New(30, 20)
	d.Text(1, 2, "start", "a < b & c")
	d.Rect(0, 0, 3, 4, `fill="red"`, `"title"`)
	d.Line(0, 0, 9, 9, `stroke="black"`)
	in, seen := xml.NewDecoder(&d.Buffer), 0
	d.End()
	for {
		token, err := in.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if _, ok := token.(xml.StartElement); ok {
			seen++
		}
	}
	if seen != 6 {
		t.Errorf("%d elements, want 6", seen)
	}
}
