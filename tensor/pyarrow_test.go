// SPDX-License-Identifier: Apache-2.0

package tensor

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/neuroran/neuroran/internal/testvec"
)

// pyarrowScript reads one of our streams, prints what it holds, and writes its
// rows back through Arrow's C++ implementation.
const pyarrowScript = `
import sys, pyarrow as pa
data = open(sys.argv[1], "rb").read()
with pa.ipc.open_stream(pa.BufferReader(data)) as r:
    table = r.read_all()
table.validate(full=True)
for row in range(table.num_rows):
    t = table.slice(row, 1)
    print(t["Slot"][0].as_py(), t["NewData"][0].as_py(), t["SNR"][0].as_py(), t["Late"][0].as_py(),
          t["Gain"][0].as_py(), t["Matrix"][0].as_py(), t["Ref"][0].as_py(), t["Users"][0].as_py()[1]["On"])
    for name in ("Samples", "Soft", "Half", "Empty"):
        c = t[name].chunk(0)
        print(name, c.type.value_type, c.type.shape, c.type.dim_names, c.storage.flatten().to_pylist()[-3:])
with pa.OSFile(sys.argv[2], "wb") as f, pa.ipc.new_stream(f, table.schema) as w:
    for row in range(table.num_rows):
        w.write_table(table.slice(row, 1))
`

const pyarrowWant = `77 True 12.5 -1000000 [1.0, -2.0] [[1, 2, 3], [-4, -5, -6]] {'Type': 2, 'Ports': [0, 1, 4, 5], 'On': [True, False, True]} [False, True, True]
Samples float [2, 3, 5, 2] ['rx', 'symbol', 'subcarrier', 'iq'] [-14.0, 29.0, -14.5]
Soft int8 [67] ['bit'] [92, 95, 98]
Half halffloat [2, 2] ['a', 'b'] [1.5, 2.5, 3.5]
Empty double [0] None []
`

func TestPyArrowReadsWhatWeEncode(t *testing.T) {
	python := testvec.Python(t, "pyarrow")
	m := newTestMessage()
	enc, dec := mustCodec[testMessage](t)
	_, buf, err := enc.Encode(nil, &m)
	if err != nil {
		t.Fatal(err)
	}
	second := newTestMessage()
	second.Slot, second.Samples.Data()[29] = 78, 5
	if _, buf, err = enc.Encode(buf, &second); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	in, back := filepath.Join(dir, "in.arrows"), filepath.Join(dir, "back.arrows")
	if err := os.WriteFile(in, buf, 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(python, "-c", pyarrowScript, in, back).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	got := strings.ReplaceAll(string(out), "(", "[")
	want := pyarrowWant + strings.NewReplacer("77 True", "78 True", "-14.0, 29.0, -14.5", "-14.0, 5.0, 0.0").Replace(pyarrowWant)
	if diff := cmp.Diff(want, strings.ReplaceAll(got, ")", "]")); diff != "" {
		t.Errorf("pyarrow prints: %s", diff)
	}
	text, err := os.ReadFile(back)
	if err != nil {
		t.Fatal(err)
	}
	rest := append(alignedBytes(len(text))[:0], text...)
	for _, want := range []testMessage{m, second} {
		var got testMessage
		if rest, err = dec.Decode(&got, 0, rest); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(decoded(want), got); diff != "" {
			t.Errorf("what pyarrow wrote: %s", diff)
		}
	}
}
