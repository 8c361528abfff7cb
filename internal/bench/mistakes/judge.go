// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"crypto/sha512"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// object is a JSON object.
type object = map[string]any

// mistake is one change of a right recording or of the arguments.
type mistake struct {
	name   string
	fields []string // any of which is wrong; none where nothing is

	base     *recording                 // what is changed
	meta     func(object)               // changes the metadata
	text     func([]byte) []byte        // changes their text
	data     func([]byte) []byte        // changes the samples
	keepHash bool                       // leaves the hash as it was
	noData   bool                       // leaves the data file out
	args     func(name string) []string // arguments instead of the recording's name
}

// judge runs the program on a mistake. It returns what was said, in one line, and
// whether it is as it should be.
func (m *mistake) judge(ctx context.Context, program, dir string) (said string, right bool, err error) {
	name, err := m.write(dir)
	if err != nil {
		return "", false, err
	}
	args := []string{"-recording", name, "-diagnose", "-json"}
	if m.args != nil {
		args = m.args(name)
	}
	cmd := exec.CommandContext(ctx, program, args...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	var exit *exec.ExitError
	if err := cmd.Run(); err != nil && !errors.As(err, &exit) {
		return "", false, err
	}
	complaint := strings.ReplaceAll(strings.TrimSpace(errs.String()), filepath.Dir(name)+string(filepath.Separator), "")
	complaint = strings.ReplaceAll(complaint, filepath.Dir(filepath.Dir(name))+string(filepath.Separator), "")
	complaint = strings.ReplaceAll(complaint, "\nuplink: ", "; ")
	switch cmd.ProcessState.ExitCode() {
	case 0:
		said, right = m.diagnosed(out.Bytes())
		return said, right && complaint == "", nil
	case 2:
		named := slices.ContainsFunc(m.fields, func(f string) bool { return strings.Contains(complaint, f) })
		return "refused: " + strings.TrimPrefix(complaint, "uplink: "), named && !strings.Contains(complaint, "goroutine "), nil
	}
	return "crash: " + complaint, false, nil
}

// summary is the last line of what the program prints.
type summary struct {
	Transmissions int `json:"transmissions"`
	CRCOK         int `json:"crc_ok"`
	Findings      []struct {
		Text    string            `json:"text"`
		Fields  []string          `json:"fields"`
		Changes map[string]string `json:"changes"`
	} `json:"findings"`
}

// diagnosed judges a recording that was decoded.
func (m *mistake) diagnosed(out []byte) (said string, right bool) {
	lines := bytes.Split(bytes.TrimSpace(out), []byte("\n"))
	var s summary
	if err := json.Unmarshal(lines[len(lines)-1], &s); err != nil {
		return fmt.Sprintf("no summary: %v", err), false
	}
	words := []string{fmt.Sprintf("%d of %d pass", s.CRCOK, s.Transmissions)}
	blamed := false
	for _, f := range s.Findings {
		text := f.Text
		switch {
		case len(f.Changes) > 0:
			for field, to := range f.Changes {
				text += fmt.Sprintf(" %s %s", field, to)
			}
		case len(f.Fields) > 0:
			text += "; check " + strings.Join(f.Fields, ", ")
		}
		words = append(words, text)
		blamed = blamed || len(f.Fields) > 0
		right = right || len(f.Fields) <= 4 && slices.ContainsFunc(m.fields, func(want string) bool { return slices.Contains(f.Fields, want) })
	}
	if len(m.fields) == 0 {
		right = !blamed
	}
	return strings.Join(words, ": "), right
}

// write writes the recording with its mistake to a folder of its own and returns the
// name of the metadata.
func (m *mistake) write(dir string) (string, error) {
	data := m.base.data
	if m.data != nil {
		data = m.data(bytes.Clone(data))
	}
	var top object
	if err := json.Unmarshal(m.base.meta, &top); err != nil {
		return "", err
	}
	if !m.keepHash {
		sum := sha512.Sum512(data)
		global(top)["core:sha512"] = hex.EncodeToString(sum[:])
	}
	if m.meta != nil {
		m.meta(top)
	}
	text, err := json.Marshal(top)
	if err != nil {
		return "", err
	}
	if m.text != nil {
		text = m.text(text)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	name := filepath.Join(dir, "r.sigmf-meta")
	if m.noData {
		return name, os.WriteFile(name, text, 0o644)
	}
	return name, errors.Join(os.WriteFile(name, text, 0o644), os.WriteFile(filepath.Join(dir, "r.sigmf-data"), data, 0o644))
}

func global(m object) object  { return m["global"].(object) }
func carrier(m object) object { return global(m)["nr:carrier"].(object) }
func grant(m object) object   { return global(m)["nr:pusch"].(object) }
func dmrs(m object) object    { return grant(m)["dmrs"].(object) }
func annotations(m object) []object {
	var out []object
	for _, a := range m["annotations"].([]any) {
		out = append(out, a.(object))
	}
	return out
}
