// SPDX-License-Identifier: Apache-2.0

package resource

import "io/fs"

// Network is the driver of network interfaces that stand for hardware, or for the cable
// of a virtual machine. A link that does not say how fast it is lends nothing, until the
// speed is [Declared]. Shares of a link are counted, not enforced.
type Network struct{}

// Name implements [Driver].
func (Network) Name() string { return "net" }

// Discover implements [Driver].
func (Network) Discover(h Host, v *Inventory) {
	v.Links = nil
	const root = "sys/class/net/"
	for _, name := range h.names("sys/class/net") {
		// Bridges, tunnels and the loopback have no device behind them.
		if _, err := fs.Stat(h.FS, root+name+"/device"); err != nil {
			continue
		}
		state, _ := h.read(root + name + "/operstate")
		link := Link{Name: name, Up: state == "up"}
		// In Mbit/s; -1, or an error, if the driver does not know.
		if speed, err := h.number(root + name + "/speed"); err == nil && speed > 0 && speed <= 100e6 {
			link.BitsPerSecond = speed * 1e6
		} else if link.Up {
			v.Miss("net "+name, "its driver does not know its speed; declare it")
		}
		v.Links = append(v.Links, link)
	}
	if len(v.Links) == 0 {
		v.Miss("net", "no interface with a device in %s", root)
	}
}
