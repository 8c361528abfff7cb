// SPDX-License-Identifier: Apache-2.0

package testvec

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// fakeTB records what Require does to a test.
type fakeTB struct {
	testing.TB
	what string
}

func (f *fakeTB) Helper()                           {}
func (f *fakeTB) Skipf(format string, args ...any)  { f.note("skip: "+format, args) }
func (f *fakeTB) Fatalf(format string, args ...any) { f.note("fail: "+format, args) }

// note keeps the first call, at which a real test would stop.
func (f *fakeTB) note(format string, args []any) {
	if f.what == "" {
		f.what = fmt.Sprintf(format, args...)
	}
}

func TestRequire(t *testing.T) {
	tests := []struct {
		name, env string
		present   bool
		want      string
	}{
		{"present", "shared", true, ""},
		{"absent", "", false, "skip: "},
		{"absent, another is required", "ort,gpu", false, "skip: "},
		{"absent and required", "ort,shared", false, "fail: "},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Setenv(RequireEnv, test.env)
			tb := &fakeTB{}
			Require(tb, "shared", test.present, "no folder")
			if !strings.HasPrefix(tb.what, test.want) || (test.want == "") != (tb.what == "") {
				t.Errorf("got %q, want prefix %q", tb.what, test.want)
			}
			if test.want != "" && !strings.Contains(tb.what, "no folder") {
				t.Errorf("%q does not say why", tb.what)
			}
		})
	}
}

func TestSharedFollowsEnvironment(t *testing.T) {
	dir := t.TempDir()
	t.Setenv(SharedEnv, dir)
	if got := Shared(t); got != dir {
		t.Errorf("got %s, want %s", got, dir)
	}
	t.Setenv(SharedEnv, filepath.Join("internal", "testvec"))
	if got, want := Shared(t), filepath.Join(Root(), "internal", "testvec"); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestPythonNamesWhatIsMissing(t *testing.T) {
	if reason := tryPython("no-such-python", nil); !strings.Contains(reason, "no-such-python") {
		t.Errorf("reason %q does not name the interpreter", reason)
	}
}

func TestRequirementOfModules(t *testing.T) {
	for want, modules := range map[string][]string{"python": {"onnx", "numpy"}, "sionna": {"numpy", "sionna.phy.nr"}} {
		if got := requirement(modules); got != want {
			t.Errorf("%v: got %s, want %s", modules, got, want)
		}
	}
}

// TestAnswers reads answers beside a recording, and says what is wrong with them.
func TestAnswers(t *testing.T) {
	recording := filepath.Join(t.TempDir(), "x.sigmf-meta")
	if _, err := Answers(recording); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("without a file: %v", err)
	}
	write := func(text string) {
		if err := os.WriteFile(filepath.Join(filepath.Dir(recording), "x.tb.json"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("{")
	if _, err := Answers(recording); err == nil {
		t.Error("no error for half a file")
	}
	write(`{"transmissions": [{"slot": 4, "rnti": 7, "harq": 1, "tb_bits": 32, "tb_sha256": "` + strings.Repeat("0", 64) + `", "decodable": true}]}`)
	got, err := Answers(recording)
	if err != nil || len(got) != 1 || got[0].Slot != 4 || got[0].RNTI != 7 || got[0].HARQ != 1 || got[0].Bits != 32 || !got[0].Decodable || got[0].Sionna ||
		!got[0].Right([32]byte{}) || got[0].Right([32]byte{1}) {
		t.Errorf("got %+v, %v", got, err)
	}
}
