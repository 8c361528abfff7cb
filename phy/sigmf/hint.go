// SPDX-License-Identifier: Apache-2.0

package sigmf

import "strings"

// namespace is an object of the format with the fields that it may have.
type namespace struct {
	prefix string // of its fields in messages, such as "nr:pusch."
	fields []*spec
}

// namespaces lists the objects of the format.
func namespaces() []namespace {
	return []namespace{
		{"", specsOf(globalFields)},
		{"", specsOf(annotationFields)},
		{"nr:carrier.", specsOf(carrierFields)},
		{"nr:pusch.", specsOf(grantFields)},
		{"nr:pusch.dmrs.", specsOf(dmrsFields)},
	}
}

// hint names the field that was most likely meant by a name that the format does not
// have: one of the object itself, unless the very name is in another object. It is
// empty where none is near.
func (s scope) hint(prefix, key string, known []*spec) string {
	best, ok := nearest(key, known)
	for _, n := range s.p.format {
		for _, f := range n.fields {
			if n.prefix != prefix && distance(key, f) == 0 && !(ok && distance(key, best) == 0) {
				return "; " + n.prefix + f.key + " is one"
			}
		}
	}
	if !ok {
		return ""
	}
	return ", such as " + prefix + best.key
}

// nearest returns the field whose name, or another name for it, is most like key,
// and whether it is like it at all.
func nearest(key string, known []*spec) (best *spec, ok bool) {
	least := 0.41
	for _, f := range known {
		if d := distance(key, f); d < least {
			best, least = f, d
		}
	}
	return best, best != nil
}

// distance returns how unlike a name is to those of a field: edits per character, 0
// for one of its names in any case and with any separators.
func distance(key string, f *spec) float64 {
	least := 1.0
	if len(key) > maxName {
		return least
	}
	for _, name := range append(strings.Fields(f.also), f.key) {
		a, b := letters(key), letters(name)
		d := float64(edits(a, b)) / float64(max(len(a), len(b), 1))
		if len(a) > 3 && len(b) > 3 && (strings.Contains(a, b) || strings.Contains(b, a)) {
			d = min(d, 0.25)
		}
		least = min(least, d)
	}
	return least
}

// maxName is more than the length of any name of the format.
const maxName = 60

// letters returns a name without namespace, case and separators.
func letters(name string) string {
	if _, after, ok := strings.Cut(name, ":"); ok {
		name = after
	}
	return strings.ToLower(strings.NewReplacer("_", "", "-", "", " ", "").Replace(name))
}

// edits returns the fewest insertions, deletions and replacements of bytes that turn a
// into b (Wagner and Fischer, J. ACM 21, 1974).
func edits(a, b string) int {
	var row [maxName + 1]int
	for j := range len(b) + 1 {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			replaced := diagonal
			if a[i] != b[j] {
				replaced++
			}
			diagonal = row[j+1]
			row[j+1] = min(replaced, row[j]+1, diagonal+1)
		}
	}
	return row[len(b)]
}
