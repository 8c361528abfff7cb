// SPDX-License-Identifier: Apache-2.0

package resource

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/neuroran/neuroran/sfaas"
)

// Power is the driver of power: it guesses the node's [PowerModel] from its processors,
// which [Declared] does better, and says whether energy can be measured.
type Power struct{}

// Name implements [Driver].
func (Power) Name() string { return "power" }

// Discover implements [Driver].
func (Power) Discover(h Host, v *Inventory) {
	cpus, _ := h.usable() // that they cannot be read is said by their own driver
	v.Power = GuessPower(len(cpus))
	v.Miss("power model", "guessed from %d processors; declare it", len(cpus))
	if _, err := OpenRAPL(h); err != nil {
		v.Miss("energy counters", "%v", err)
	}
}

// Sensor tells how much energy something has drawn since the sensor was opened. It never
// falls. A Sensor is for one goroutine at a time.
type Sensor interface {
	// Name returns what is read, such as "rapl package-0 dram".
	Name() string
	// Energy returns the sum up to now, which must not go back. With an error it is the
	// sum as far as it could be read.
	Energy(now sfaas.Time) (Energy, error)
}

// OpenSensor returns the counters of the processors where they can be read, and
// otherwise the model over the use of the processors ([OpenModel]).
func OpenSensor(h Host, now sfaas.Time, model PowerModel) Sensor {
	if r, err := OpenRAPL(h); err == nil {
		return r
	}
	return OpenModel(h, now, model)
}

// RAPL is the [Sensor] of running average power limit counters: processor packages and
// their memory, or the platform where the processor counts that. Fans, disks and losses
// of the supply are not in it. It is measured.
//
// Linux, Documentation/power/powercap/powercap.rst.
type RAPL struct {
	host   Host
	zones  []zone
	joules float64
}

// zone is one counter of microjoules, which begins anew beyond its range.
type zone struct {
	path        string
	name        string
	last, wraps int64
}

// OpenRAPL returns a sensor of the counters that can be read, or why there is none.
func OpenRAPL(h Host) (*RAPL, error) {
	const root = "sys/class/powercap/"
	r := &RAPL{host: h}
	var platform []zone
	var why error
	for _, folder := range h.names("sys/class/powercap") {
		if !strings.HasPrefix(folder, "intel-rapl:") { // AMD's counters have that name too
			continue
		}
		z := zone{path: root + folder + "/energy_uj"}
		z.name, _ = h.read(root + folder + "/name")
		inside := strings.Count(folder, ":") > 1
		// Of what is inside a package its memory alone is not counted with it.
		if inside && z.name != "dram" {
			continue
		}
		var err, err2 error
		z.last, err = h.number(z.path)
		z.wraps, err2 = h.number(root + folder + "/max_energy_range_uj")
		switch {
		case err != nil || err2 != nil:
			why = cmp.Or(err, err2)
		case z.name == "psys":
			platform = append(platform, z)
		default:
			r.zones = append(r.zones, z)
		}
	}
	if len(platform) > 0 {
		r.zones = platform
	}
	switch {
	case len(r.zones) > 0:
		return r, nil
	case why != nil:
		return nil, why
	}
	return nil, fmt.Errorf("no intel-rapl in %s", root)
}

// Name implements [Sensor].
func (r *RAPL) Name() string {
	name := "rapl"
	for _, z := range r.zones {
		name += " " + z.name
	}
	return name
}

// Energy implements [Sensor]. It must be asked before a counter goes round twice: about
// every half hour at 100 W.
func (r *RAPL) Energy(sfaas.Time) (Energy, error) {
	var first error
	for i := range r.zones {
		z := &r.zones[i]
		count, err := r.host.number(z.path)
		if err != nil {
			first = cmp.Or(first, err)
			continue
		}
		drawn := count - z.last
		if drawn < 0 { // gone round
			drawn = max(0, z.wraps-z.last) + count
		}
		z.last = count
		r.joules += float64(drawn) / 1e6
	}
	return Energy{r.joules, Measured}, first
}

// Model is the [Sensor] of a [PowerModel] and the share of processor time in use. Time
// that a hypervisor gave to others is not in use. It is modelled.
type Model struct {
	host        Host
	power       PowerModel
	last        sfaas.Time
	busy, total int64
	joules      float64
}

// OpenModel returns a sensor that starts now.
func OpenModel(h Host, now sfaas.Time, power PowerModel) *Model {
	m := &Model{host: h, power: power, last: now}
	m.busy, m.total, _ = h.ticks()
	return m
}

// Name implements [Sensor].
func (m *Model) Name() string { return "model of idle and busy power" }

// Energy implements [Sensor]. If the use cannot be read the node is taken for idle.
func (m *Model) Energy(now sfaas.Time) (Energy, error) {
	busy, total, err := m.host.ticks()
	share := 0.0
	if err == nil && total > m.total {
		share = float64(busy-m.busy) / float64(total-m.total)
	}
	if d := now.Sub(m.last); d > 0 {
		m.joules += m.power.Energy(share, d).Joules
		m.last = now
	}
	if err == nil {
		m.busy, m.total = busy, total
	}
	return Energy{m.joules, Modelled}, err
}

// ticks returns the processor time in use and in all since the machine started, from
// "cpu user nice system idle iowait irq softirq steal ..." (proc_stat(5)).
func (h Host) ticks() (busy, total int64, err error) {
	text, err := h.read("proc/stat")
	if err != nil {
		return 0, 0, err
	}
	line, _, _ := strings.Cut(text, "\n")
	fields := strings.Fields(line)
	if len(fields) < 9 || fields[0] != "cpu" {
		return 0, 0, fmt.Errorf("proc/stat: got %q, want cpu and eight numbers", clip(line))
	}
	for i, field := range fields[1:9] {
		n, err := amount("proc/stat", field)
		if err != nil {
			return 0, 0, err
		}
		n = min(n, maxAmount/8)
		total += n
		if i != 3 && i != 4 && i != 7 { // idle, waiting for a disk, stolen
			busy += n
		}
	}
	return busy, total, nil
}
