// SPDX-License-Identifier: Apache-2.0

package sigmf

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/neuroran/neuroran/internal/testvec"
	"github.com/neuroran/neuroran/phy/nr"
)

var update = flag.Bool("update", false, "write the tables of docs/sigmf-nr.md and the schema beside it anew")

// document returns the path of a file of docs.
func document(name string) string { return filepath.Join(testvec.Root(), "docs", name) }

// agree checks that a document is what is made from the tables of the reader, or
// writes it so.
func agree(t *testing.T, name string, want []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(document(name), want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(document(name))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("docs/%s differs from the fields of the reader; go test ./phy/sigmf -update writes it anew (-want +got):\n%s", name, diff)
	}
}

// TestDocumentedFields holds the tables of docs/sigmf-nr.md to the reader.
func TestDocumentedFields(t *testing.T) {
	text, err := os.ReadFile(document("sigmf-nr.md"))
	if err != nil {
		t.Fatal(err)
	}
	tables := map[string][]*spec{
		"global": specsOf(globalFields), "capture": specsOf(captureFields), "annotation": specsOf(annotationFields),
		"carrier": specsOf(carrierFields), "pusch": specsOf(grantFields), "dmrs": specsOf(dmrsFields),
	}
	marked := regexp.MustCompile(`(?s)<!-- fields (\w+) -->\n.*?<!-- end -->`)
	want := marked.ReplaceAllFunc(text, func(old []byte) []byte {
		name := string(marked.FindSubmatch(old)[1])
		specs := tables[name]
		delete(tables, name)
		return fmt.Appendf(nil, "<!-- fields %s -->\n%s<!-- end -->", name, table(specs))
	})
	for name := range tables {
		t.Errorf("no table of %s", name)
	}
	agree(t, "sigmf-nr.md", want)
}

// table returns a Markdown table of fields.
func table(specs []*spec) string {
	var b strings.Builder
	b.WriteString("| field | takes | default | meaning | clause | example |\n|---|---|---|---|---|---|\n")
	for _, s := range specs {
		unset, sample := s.unset, "`"+s.sample+"`"
		if unset == "" {
			unset = "must be given"
		}
		if s.sample == "" {
			sample = ""
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s | %s |\n", s.key, s.values(), unset, s.about, s.clause, sample)
	}
	return b.String()
}

// TestSchema holds docs/sigmf-nr.schema.json to the reader.
func TestSchema(t *testing.T) {
	text, err := json.Marshal(schema())
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := json.Indent(&out, text, "", "  "); err != nil {
		t.Fatal(err)
	}
	out.WriteByte('\n')
	agree(t, "sigmf-nr.schema.json", out.Bytes())
}

// TestEveryFieldIsRead checks that every field of the structs that a recording
// describes is set by a field of the format, so that what package nr comes to need is
// not forgotten here.
func TestEveryFieldIsRead(t *testing.T) {
	covers(t, carrierFields)
	covers(t, grantFields, "DMRS", "MaxIterations") // dmrs is checked by itself; the other is no part of what was sent
	covers(t, dmrsFields, "numPorts")
	covers(t, annotationFields, "Grant", "Unsupported")
	covers(t, globalFields, "Transmissions", "Unaligned", "Carrier")
	for _, s := range append(specsOf(grantFields), specsOf(dmrsFields)...) {
		if s.about == "" || s.clause == "" || s.sample == "" && s.kind != members {
			t.Errorf("%s: no meaning, clause or example", s.key)
		}
	}
}

// covers checks that every leaf of T, but those named, is changed by some field.
func covers[T any](t *testing.T, fields []field[T], but ...string) {
	t.Helper()
	var zero T
	left := map[string]bool{}
	walk(reflect.ValueOf(zero), func(name string, _ reflect.Value) { left[name] = true })
	for _, name := range but {
		delete(left, name)
	}
	for i := range fields {
		f := &fields[i]
		if f.set == nil {
			continue
		}
		v := value{n: 1, x: 1, b: true, s: "B", list: []int{1, 1}}
		if f.words != nil {
			v.s = f.words[len(f.words)-1]
		}
		x := zero
		f.set(&x, v)
		walk(reflect.ValueOf(x), func(name string, v reflect.Value) {
			if !v.IsZero() {
				delete(left, name)
			}
		})
	}
	for name := range left {
		t.Errorf("%T.%s: no field of the format", zero, name)
	}
}

// walk visits the fields of a struct and of those embedded in it.
func walk(v reflect.Value, visit func(name string, v reflect.Value)) {
	for i := range v.NumField() {
		switch f := v.Type().Field(i); {
		case f.Anonymous:
			walk(v.Field(i), visit)
		case f.Type == reflect.TypeFor[dmrs](), f.Type == reflect.TypeFor[nr.DMRS]():
		default:
			visit(f.Name, v.Field(i))
		}
	}
}
