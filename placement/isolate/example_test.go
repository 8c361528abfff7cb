// SPDX-License-Identifier: Apache-2.0

//go:build linux

package isolate_test

import (
	"bufio"
	"context"
	"fmt"

	"github.com/neuroran/neuroran/placement/isolate"
	"github.com/neuroran/neuroran/placement/resource"
)

// An entry that sends back what it hears runs best effort, in 64 MiB. The launcher comes
// from isolate.Init, the first statement of main.
func Example() {
	box, err := launcher.Start(context.Background(), isolate.Config{
		Entry: "echo", Idle: true,
		Lease: resource.Lease{Need: resource.Need{Memory: 64 << 20}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer box.Close()
	in := bufio.NewReader(box.Link())
	if _, err := in.ReadString('\n'); err != nil { // who it is
		fmt.Println(err)
		return
	}
	fmt.Fprintln(box.Link(), "is there anybody?")
	line, err := in.ReadString('\n')
	fmt.Print(line, err)
	// Output:
	// is there anybody?
	// <nil>
}
