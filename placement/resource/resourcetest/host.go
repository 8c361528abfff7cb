// SPDX-License-Identifier: Apache-2.0

package resourcetest

import (
	"embed"
	"io/fs"
	"path"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/neuroran/neuroran/placement/resource"
)

//go:embed testdata
var recordings embed.FS

// Hosts returns the recorded hosts by name, and the machine itself as "local".
func Hosts(tb testing.TB) map[string]resource.Host {
	tb.Helper()
	entries, err := fs.ReadDir(recordings, "testdata")
	if err != nil {
		tb.Fatal(err)
	}
	hosts := map[string]resource.Host{"local": resource.LocalHost()}
	for _, e := range entries {
		text, err := fs.ReadFile(recordings, path.Join("testdata", e.Name()))
		if err != nil {
			tb.Fatal(err)
		}
		hosts[strings.TrimSuffix(e.Name(), ".txt")] = resource.Host{FS: Tree(string(text))}
	}
	return hosts
}

// Tree returns the files of a recording: the lines that follow "-- path --". What stands
// before the first is a comment.
func Tree(text string) fstest.MapFS {
	tree := fstest.MapFS{}
	var file *fstest.MapFile
	for line := range strings.Lines(text) {
		name, isName := strings.CutPrefix(strings.TrimSpace(line), "-- ")
		name, isName2 := strings.CutSuffix(name, " --")
		if isName && isName2 && fs.ValidPath(name) {
			file = &fstest.MapFile{Mode: 0o444}
			tree[name] = file
		} else if file != nil {
			file.Data = append(file.Data, line...)
		}
	}
	return tree
}
