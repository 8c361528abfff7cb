// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/neuroran/neuroran/accel"
	"github.com/neuroran/neuroran/internal/testvec"
)

// releasesEnv names a folder of unpacked wheels of the ONNX package, a folder for
// each release. CI has 1.5.0, 1.8.1 and 1.16.2: each is the last with the older
// forms of some operators.
const releasesEnv = "NEURORAN_ONNX_RELEASES"

// floors is how many of the counted cases of the installed package each device
// passes at least, in percent.
var floors = map[accel.Device]int{accel.Ref: 90, accel.CPU: 90}

// mutants is how many mutated models run here; -fuzz of the command runs more.
const mutants = 5000

func TestMain(m *testing.M) {
	if isWorker() {
		return
	}
	os.Exit(m.Run())
}

// TestBackend runs the backend tests of the ONNX package on every device. Each
// case of float32, integers and bool is right, or refused before Run by an error
// that says which node and operator it is; no case at all ends the process. What
// stands in testdata/known.txt is proved to be somebody else's.
func TestBackend(t *testing.T) {
	if testing.Short() {
		t.Skip("thousands of models; run without -short")
	}
	python := testvec.Python(t, "onnx", "numpy", "onnxruntime")
	dir := t.TempDir()
	args := []string{"export.py", filepath.Join(dir, "cases")}
	if releases := os.Getenv(releasesEnv); releases != "" {
		args = append(args, releases)
	}
	if out, err := exec.Command(python, args...).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	cases, err := readCases(filepath.Join(dir, "cases"))
	if err != nil {
		t.Fatal(err)
	}
	known, err := readKnown("testdata/known.txt")
	if err != nil {
		t.Fatal(err)
	}
	t.Run("mutated", func(t *testing.T) {
		requireDevice(t, accel.CPU)
		var said strings.Builder
		crashes, err := fuzz(&said, filepath.Join(dir, "cases"), 1, 0, mutants, []string{"ref", "ort/cpu"}, filepath.Join(dir, "found"))
		if err != nil || crashes > 0 {
			t.Errorf("%d of %d mutated models end the process, %v: %s", crashes, mutants, err, said.String())
		}
	})
	for _, d := range []accel.Device{accel.Ref, accel.CPU} {
		t.Run(string(d), func(t *testing.T) {
			requireDevice(t, d)
			got := filepath.Join(dir, strings.ReplaceAll(string(d), "/", "-"))
			results, err := runAll(cases, d, got)
			if err != nil {
				t.Fatal(err)
			}
			standIn(known[string(d)], cases, results)
			judge(t, cases, results, floors[d], known[string(d)])
			prove(t, python, filepath.Join(dir, "cases"), got, cases, results, known[string(d)])
		})
	}
}

func requireDevice(t *testing.T, d accel.Device) {
	for _, info := range accel.Probe() {
		if info.Device == d {
			testvec.Require(t, "ort", info.Available, fmt.Sprint(info.Reason))
		}
	}
}

// judge reports every case that is neither right, nor refused in time by a typed
// error, nor known.
func judge(t *testing.T, cases []testCase, results []result, floor int, known map[string]string) {
	total := tally{}
	for i, c := range cases {
		r := results[i]
		if r.Outcome == crashed || r.Outcome == hung {
			t.Errorf("%s: %s: %s", c.id(), r.Outcome, r.Message)
		}
		if !c.counted() {
			continue
		}
		total.add(r.Outcome)
		if known[c.id()] == "" && (r.Outcome == wrong || r.Outcome == late || r.Outcome == untyped) {
			t.Errorf("%s: %s at %s: %s", c.id(), r.Outcome, r.Stage, r.Message)
		}
	}
	t.Logf("%s\n%s", head, total.row())
	if total[passed]*100 < total["all"]*floor {
		t.Errorf("%d of %d cases passed, want at least %d %%", total[passed], total["all"], floor)
	}
}

// prove asks ONNX Runtime's Python package about every known case that did not
// pass, and reports those that are not what the list says.
func prove(t *testing.T, python, dir, got string, cases []testCase, results []result, known map[string]string) {
	var list []testCase
	var in bytes.Buffer
	for i, c := range cases {
		if known[c.id()] == "" || results[i].Outcome == passed || !c.counted() {
			continue
		}
		list = append(list, c)
		folder := filepath.Base(c.Folder)
		line, err := json.Marshal(map[string]any{"folder": folder, "inputs": c.Inputs, "outputs": c.Outputs, "got": filepath.Join(got, folder)})
		if err != nil {
			t.Fatal(err)
		}
		in.Write(append(line, '\n'))
	}
	cmd := exec.Command(python, "oracle.py", dir)
	cmd.Stdin = &in
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("oracle: %v", err)
	}
	d := json.NewDecoder(bytes.NewReader(out))
	for _, c := range list {
		var a struct {
			Equal, Expected bool
			Error           string
		}
		if err := d.Decode(&a); err != nil {
			t.Fatal(err)
		}
		ok := a.Error == "" && a.Equal && !a.Expected
		switch known[c.id()] {
		case "random":
			ok = a.Error == "" && !a.Expected
		case "error":
			ok = a.Error != ""
		}
		if !ok {
			t.Errorf("%s: listed as %s, but the Python package says %+v", c.id(), known[c.id()], a)
		}
	}
}

// standIn lets cases that are not right stand in for those of releases that are not
// here: one that two releases share is known by the older one, and comes with the newer
// where that is alone.
func standIn(known map[string]string, cases []testCase, results []result) {
	here := map[string]bool{}
	for _, c := range cases {
		here[c.Release] = true
	}
	absent := map[string]string{} // by name
	for id, why := range known {
		if release, name, _ := strings.Cut(id, "/"); !here[release] {
			absent[name] = why
		}
	}
	for i, c := range cases {
		why, o := absent[c.Name], results[i].Outcome
		if why != "" && known[c.id()] == "" && (o == wrong || o == late || o == untyped) {
			known[c.id()] = why
		}
	}
}

// readKnown reads the list of known cases: reason by device and case.
func readKnown(path string) (map[string]map[string]string, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	known, device := map[string]map[string]string{}, ""
	for line := range strings.Lines(string(data)) {
		switch f := strings.Fields(line); {
		case len(f) == 0 || f[0] == "#":
		case len(f) == 1:
			device = f[0]
			known[device] = map[string]string{}
		case len(f) == 2 && device != "":
			known[device][f[1]] = f[0]
		default:
			return nil, fmt.Errorf("%s: %q", path, line)
		}
	}
	return known, nil
}
