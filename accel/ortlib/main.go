// SPDX-License-Identifier: Apache-2.0

// Command ortlib installs a pinned libonnxruntime into the user's cache, where
// the ort devices of accel find it.
//
//	go run github.com/neuroran/neuroran/accel/ortlib [-flavor cpu|openvino|gpu] [-from FILE] [-list] [-verify]
//
// Each flavour has a folder of its own and the CPU provider inside; openvino and
// gpu have their providers beside it. The wheel is fetched with pip, so that a
// configured index or mirror is honoured, or taken from -from. Archive and
// libraries are checked against SHA-256 hashes in the source before the folder
// is put in place; a wrong or truncated file is refused and leaves what was
// there. The command prints the path of libonnxruntime.
//
// It exits with 0 when the library is installed (or listed, or verified), with
// 1 when it is not, and with 2 for wrong arguments.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"text/tabwriter"

	"github.com/neuroran/neuroran/accel/internal/ortlib"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	fs := flag.NewFlagSet("ortlib", flag.ContinueOnError)
	fs.SetOutput(stderr)
	flavor := fs.String("flavor", "cpu", "which providers the library has: "+strings.Join(ortlib.Flavors(), ", "))
	from := fs.String("from", "", "install from this wheel instead of fetching it with pip")
	list := fs.Bool("list", false, "list the pinned builds and which are installed")
	verify := fs.Bool("verify", false, "check the installed library against its pin")
	if err := fs.Parse(args); err != nil {
		return 2
	}
	if fs.NArg() > 0 {
		fmt.Fprintf(stderr, "ortlib: unexpected argument %q\n", fs.Arg(0))
		return 2
	}
	if *list {
		return status(printList(stdout), stderr)
	}
	pin, err := ortlib.Find(*flavor)
	if err != nil {
		fmt.Fprintln(stderr, err)
		return 2
	}
	if *verify {
		return status(printVerified(stdout, pin), stderr)
	}
	return status(install(ctx, pin, *from, stdout, stderr), stderr)
}

// status prints an error and returns the exit status for it.
func status(err error, stderr io.Writer) int {
	if err != nil {
		fmt.Fprintln(stderr, err)
		return 1
	}
	return 0
}

// install puts the library in place, unless it is there already.
func install(ctx context.Context, pin ortlib.Pin, from string, stdout, stderr io.Writer) error {
	if from == "" && pin.Verify() == nil {
		return printVerified(stdout, pin)
	}
	if from == "" {
		dir, err := os.MkdirTemp("", "ortlib-*")
		if err != nil {
			return err
		}
		defer func() { _ = os.RemoveAll(dir) }() // a leftover in the system's folder is no failure
		if from, err = pin.Fetch(ctx, dir, stderr); err != nil {
			return err
		}
	}
	info, err := os.Stat(from)
	if err != nil {
		return fmt.Errorf("ortlib: %w", err)
	}
	bar := newBar(stderr, fmt.Sprintf("installing %s %s", pin.Flavor, pin.Version), info.Size()+pin.Size())
	path, err := pin.Install(from, bar.show)
	bar.end()
	if err == nil {
		fmt.Fprintln(stdout, path)
	}
	return err
}

func printVerified(stdout io.Writer, pin ortlib.Pin) error {
	if err := pin.Verify(); err != nil {
		return err
	}
	path, err := pin.Path()
	fmt.Fprintln(stdout, path)
	return err
}

func printList(stdout io.Writer) error {
	w := tabwriter.NewWriter(stdout, 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, "FLAVOR\tVERSION\tPLATFORM\tSIZE\tSTATE\tWHEEL\tSHA-256 OF THE WHEEL")
	for _, p := range ortlib.List() {
		state := "not installed"
		if err := p.Verify(); err == nil {
			state = "installed"
		} else if errors.Is(err, ortlib.ErrHash) {
			state = "damaged"
		}
		fmt.Fprintf(w, "%s\t%s\t%s/%s\t%d MB\t%s\t%s\t%s\n", p.Flavor, p.Version, p.GOOS, p.GOARCH,
			p.Size()/1e6, state, p.Package, p.ArchiveSHA256)
	}
	return w.Flush()
}
