// SPDX-License-Identifier: Apache-2.0

package placement

import "testing"

// FuzzEndpoint reads what another node may say of where a deployment is.
func FuzzEndpoint(f *testing.F) {
	for _, text := range []string{"tcp=127.0.0.1:4711 beats=127.0.0.1:4712", "unix=/tmp/s", "tcp=[::1]:1", "beats=1.2.3.4:5", "tcp=", "", "unix=a unix=b", "tcp=a beats=b"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		e, err := parseEndpoint(text)
		if err != nil {
			if e != (endpoint{}) {
				t.Fatalf("%q: %v, and %+v", text, err, e)
			}
			return
		}
		again, err := parseEndpoint(e.String())
		if err != nil || again != e {
			t.Fatalf("%q is %+v, which is read as %+v, %v", text, e, again, err)
		}
	})
}
