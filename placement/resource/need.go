// SPDX-License-Identifier: Apache-2.0

package resource

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Milli is thousandths of a core, or of an accelerator: 2500 is two and a half.
type Milli int64

// Whole is one core, or one accelerator.
const Whole Milli = 1000

// String returns the number of wholes, such as "2.5".
func (m Milli) String() string { return strconv.FormatFloat(float64(m)/float64(Whole), 'g', -1, 64) }

// MaxAccelerators is how many accelerators one [Need] may name.
const MaxAccelerators = 16

// Need is a vector of resources: what a unit asks for, what a lease holds, and, from
// [Inventory.Total] and [Table.Free], the need that would take all there is. The zero
// Need asks for nothing.
type Need struct {
	CPU          Milli             // thousandths of a core
	Memory       int64             // bytes
	Disk         int64             // bytes
	Net          int64             // bit/s
	Accelerators []AcceleratorNeed // each on one accelerator; several may share one
}

// AcceleratorNeed is a part of one accelerator.
type AcceleratorNeed struct {
	Kind   string // kind of the accelerator, such as "gpu": see [Accelerator]
	Share  Milli  // of its time, at most [Whole]
	Memory int64  // bytes of its own memory
}

// Validate returns a [*FieldError] for the first amount that no node can have.
func (n Need) Validate() error {
	if err := n.validate(); err != nil {
		return err
	}
	for i, a := range n.Accelerators {
		if a.Share > Whole {
			return &FieldError{Of: "resource", Field: fmt.Sprintf("need.accelerators[%d].share", i), Got: a.Share.String(), Want: "0 to 1"}
		}
	}
	return nil
}

// validate is Validate of what has been measured, which may be more than there is.
func (n *Need) validate() error {
	for _, line := range n.lines() {
		if line.amount < 0 {
			return &FieldError{Of: "resource", Field: "need." + line.line.String(), Got: line.line.Format(line.amount), Want: "0 or more"}
		}
	}
	if len(n.Accelerators) > MaxAccelerators {
		return &FieldError{Of: "resource", Field: "need.accelerators", Got: strconv.Itoa(len(n.Accelerators)), Want: fmt.Sprintf("at most %d", MaxAccelerators)}
	}
	for i, a := range n.Accelerators {
		field := fmt.Sprintf("need.accelerators[%d].", i)
		switch {
		case a.Kind == "":
			return &FieldError{Of: "resource", Field: field + "kind", Got: "none", Want: "a kind, such as gpu"}
		case a.Share < 0:
			return &FieldError{Of: "resource", Field: field + "share", Got: a.Share.String(), Want: "0 to 1"}
		case a.Memory < 0:
			return &FieldError{Of: "resource", Field: field + "memory", Got: LineMemory.Format(a.Memory), Want: "0 or more"}
		}
	}
	return nil
}

// equal reports whether two needs are the same.
func (n *Need) equal(m *Need) bool {
	return n.CPU == m.CPU && n.Memory == m.Memory && n.Disk == m.Disk && n.Net == m.Net && slices.Equal(n.Accelerators, m.Accelerators)
}

// String lists what is not 0, such as "cpu 2, memory 64 MiB, net 1 Gbit/s, gpu 0.3".
func (n Need) String() string {
	var words []string
	for _, line := range n.lines() {
		if line.amount != 0 {
			words = append(words, line.line.String()+" "+line.line.Format(line.amount))
		}
	}
	for _, a := range n.Accelerators {
		word := a.Kind + " " + a.Share.String()
		if a.Memory != 0 {
			word += " with " + LineMemory.Format(a.Memory)
		}
		words = append(words, word)
	}
	if len(words) == 0 {
		return "nothing"
	}
	return strings.Join(words, ", ")
}

// Line is one line of a [Need]: a resource that may not suffice.
type Line uint8

// Lines of a need.
const (
	LineCPU               Line = iota // thousandths of a core
	LineMemory                        // bytes
	LineDisk                          // bytes
	LineNet                           // bit/s
	LineAccelerator                   // thousandths of an accelerator
	LineAcceleratorMemory             // bytes on an accelerator
)

// String returns the name of the resource, such as "cpu".
func (l Line) String() string {
	switch l {
	case LineCPU:
		return "cpu"
	case LineMemory:
		return "memory"
	case LineDisk:
		return "disk"
	case LineNet:
		return "net"
	case LineAccelerator:
		return "share"
	case LineAcceleratorMemory:
		return "memory"
	}
	return fmt.Sprintf("line %d", uint8(l))
}

// Format writes an amount with the unit of the line.
func (l Line) Format(amount int64) string {
	switch l {
	case LineCPU, LineAccelerator:
		return Milli(amount).String()
	case LineNet:
		return scaled(amount, 1000, "bit/s", "kbit/s", "Mbit/s", "Gbit/s", "Tbit/s")
	}
	return scaled(amount, 1024, "B", "KiB", "MiB", "GiB", "TiB")
}

// scaled writes an amount in the largest unit of which there is a whole one.
func scaled(amount int64, step float64, units ...string) string {
	x := float64(amount)
	for len(units) > 1 && (x >= step || x <= -step) {
		x /= step
		units = units[1:]
	}
	return strconv.FormatFloat(x, 'g', 4, 64) + " " + units[0]
}

// amountOf is one line of a need with its amount.
type amountOf struct {
	line   Line
	amount int64
}

// lines returns what is counted for the node as a whole.
func (n *Need) lines() [4]amountOf {
	return [4]amountOf{{LineCPU, int64(n.CPU)}, {LineMemory, n.Memory}, {LineDisk, n.Disk}, {LineNet, n.Net}}
}

// take subtracts the lines of m, and give adds them. Accelerators are the caller's.
func (n *Need) take(m *Need) {
	n.CPU, n.Memory, n.Disk, n.Net = n.CPU-m.CPU, n.Memory-m.Memory, n.Disk-m.Disk, n.Net-m.Net
}

func (n *Need) give(m *Need) {
	n.CPU, n.Memory, n.Disk, n.Net = n.CPU+m.CPU, n.Memory+m.Memory, n.Disk+m.Disk, n.Net+m.Net
}
