// SPDX-License-Identifier: Apache-2.0

package testvec_test

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/neuroran/neuroran/internal/testvec"
)

func ExampleRoot() {
	_, err := os.Stat(filepath.Join(testvec.Root(), "go.mod"))
	fmt.Println(err)
	// Output: <nil>
}
