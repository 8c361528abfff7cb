// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/neuroran/neuroran/placement/internal/agent"
	"github.com/neuroran/neuroran/placement/meter"
	"github.com/neuroran/neuroran/placement/resource"
	"github.com/neuroran/neuroran/sfaas"
)

// Spec says how an app is to run on the nodes. It is a plain value, equal at all nodes of a
// deployment.
type Spec struct {
	// Name tells deployments apart; "" stands for the name of the app's graph.
	Name string
	// Unit is the kind of the keys under which the app has its units: [sfaas.KindCell] if
	// each cell is placed by itself.
	Unit sfaas.Kind
	// Parts are the parts of the app that are placed, each named by any of its functions;
	// none stands for all but those of sinks alone, which belong to who receives: see
	// [Deployment.Receive].
	Parts []string

	// Slot is how often a unit has work; 0 stands for work that has no slots.
	Slot time.Duration
	// SLA is what is promised for each unit.
	SLA SLA
	// Needs is what a unit needs beyond processor time, which is measured.
	Needs resource.Need
	// Modes are ways in which a unit can work beside that on processors alone, at most
	// MaxModes, each with another kind of accelerator.
	Modes []Mode
	// Tenant is on whose account the units run; "" is one like any other. It must be one of
	// [Config].Tenants, if there are any.
	Tenant string
	// Limits is what each unit may use: what the app has under one key, wherever that is. A
	// limit is kept by the handles ([Deployment.Unit]) through which messages are pushed.
	Limits meter.Limits

	// Mode is how soft units move: [sfaas.Soft], or [sfaas.Fed] where it is the zero value and
	// units have slots. Kept units move in mode [sfaas.Kept].
	Mode sfaas.MoveMode

	// Beat is how often the owner of a unit tells its standbys that it lives, and Misses how
	// many in a row may fail before they ask: 0 stands for 5 ms and 3 on threads that run
	// before all others, and for 20 ms and 5 where the kernel refuses those.
	Beat   time.Duration
	Misses int
}

// SLA is what is promised for each unit of a deployment.
type SLA struct {
	// Deadline is until when after the start of a slot its work is done; 0 promises nothing.
	Deadline time.Duration
	// Quantile is of how many slots that holds, such as 0.999; 0 stands for that.
	Quantile float64
	// Margin is what of the deadline is left unused when units are admitted.
	Margin time.Duration
	// Standbys is how many nodes stand by for each unit, none of which is another one's or
	// the owner's: one of them takes over when the owner is lost.
	Standbys int
	// Throughput is how many slots a second are promised; 0 stands for all of them.
	Throughput float64
	// Availability is the share of time in which a unit has an owner that serves it; 0
	// promises nothing.
	Availability float64
}

// MaxStandbys bounds the standbys of a unit.
const MaxStandbys = 2

// How beats go where nothing else is said: on a thread that runs before all others, and on
// one that does not, which a busy machine lets wait for tens of milliseconds.
const (
	promptBeat, promptMisses = 5 * time.Millisecond, 3
	commonBeat, commonMisses = 20 * time.Millisecond, 5
)

// Bounds of what a Spec says: a thread that beats more often does nothing else, and one that
// waits for longer finds nobody lost.
const (
	minBeat, maxBeat = 100 * time.Microsecond, time.Minute
	maxMisses        = 1000
	maxThroughput    = 1e9
)

// Validate returns an error for the first field that cannot be, alone or for this app: a
// [*sfaas.OptionError], of Needs a [*resource.FieldError], and a [*sfaas.WiringError] where a
// part is named by what is no function of the app.
func (s *Spec) Validate(app *sfaas.App) error {
	bad := func(field string, got any, want string) error {
		return &sfaas.OptionError{Option: "placement.Spec." + field, Got: fmt.Sprint(got), Want: want}
	}
	if app == nil {
		return &sfaas.OptionError{Option: "placement.Deploy", Got: "nil", Want: "an app"}
	}
	name := cmp.Or(s.Name, app.Name())
	if name == "" || badName(name) {
		return bad("Name", strconv.Quote(name), "1 byte or more, "+wantName()+", here or as the name of the graph")
	}
	if badName(s.Tenant) {
		return bad("Tenant", strconv.Quote(s.Tenant), wantName())
	}
	durations := []struct {
		field string
		value time.Duration
	}{{"Slot", s.Slot}, {"Beat", s.Beat}, {"SLA.Deadline", s.SLA.Deadline}, {"SLA.Margin", s.SLA.Margin}}
	for _, d := range durations {
		if d.value < 0 {
			return bad(d.field, d.value, "0 or more")
		}
	}
	switch x := &s.SLA; {
	case s.Unit == sfaas.KindNone:
		return bad("Unit", "KindNone", "a kind of keys, such as KindCell")
	case s.Unit == kindWarm:
		return bad("Unit", s.Unit, "another kind: under this one deployments warm up")
	case !(x.Quantile >= 0 && x.Quantile < 1): // so that NaN is refused too
		return bad("SLA.Quantile", x.Quantile, "0 to 1, without 1")
	case !(x.Availability >= 0 && x.Availability < 1):
		return bad("SLA.Availability", x.Availability, "0 to 1, without 1")
	case !(x.Throughput >= 0 && x.Throughput <= maxThroughput):
		return bad("SLA.Throughput", x.Throughput, fmt.Sprintf("0 to %g", maxThroughput))
	case x.Margin > 0 && x.Margin >= x.Deadline:
		return bad("SLA.Margin", x.Margin, fmt.Sprintf("less than the deadline, %v", x.Deadline))
	case x.Standbys < 0 || x.Standbys > MaxStandbys:
		return bad("SLA.Standbys", x.Standbys, fmt.Sprintf("0 to %d", MaxStandbys))
	case s.Beat != 0 && (s.Beat < minBeat || s.Beat > maxBeat):
		return bad("Beat", s.Beat, fmt.Sprintf("0, or %v to %v", minBeat, maxBeat))
	case s.Misses < 0 || s.Misses > maxMisses:
		return bad("Misses", s.Misses, fmt.Sprintf("0 to %d", maxMisses))
	case s.Mode > sfaas.Fed:
		return bad("Mode", s.Mode, "Kept, Soft or Fed")
	}
	if err := s.Needs.Validate(); err != nil {
		return err
	}
	if err := s.validateModes(); err != nil {
		return err
	}
	if err := s.Limits.Validate(); err != nil {
		return bad("Limits", err, "limits of 0 or more")
	}
	if most := s.Limits.PerSecond[meter.CPU]; most > 0 && float64(s.Needs.CPU)/float64(resource.Whole) > most {
		return bad("Needs.CPU", s.Needs.CPU, fmt.Sprintf("at most the limit of %g cores", most))
	}
	return s.validateParts(app)
}

// badName reports whether a name of a deployment, or of a tenant, cannot travel.
func badName(name string) bool {
	return len(name) > maxName || strings.ContainsFunc(name, unicode.IsControl)
}

func wantName() string { return fmt.Sprintf("at most %d bytes without control characters", maxName) }

// maxDigits is how many digits the number of a key has at most: it has 56 bits.
const maxDigits = 17

// validateParts checks what depends on the parts of the app.
func (s *Spec) validateParts(app *sfaas.App) error {
	parts, err := s.parts(app)
	if err != nil {
		return err
	}
	for _, p := range parts {
		// What letters call a unit: see unitName.
		if name := cmp.Or(s.Name, app.Name()); len(name)+len(p.Name)+2+maxDigits > agent.MaxName {
			return &sfaas.OptionError{
				Option: "placement.Spec.Name", Got: fmt.Sprintf("%d bytes, beside part %.40s… of %d", len(name), p.Name, len(p.Name)),
				Want: fmt.Sprintf("at most %d bytes in all", agent.MaxName-2-maxDigits),
			}
		}
		if !p.Soft && s.SLA.Standbys > 0 {
			return &sfaas.OptionError{
				Option: "placement.Spec.SLA.Standbys", Got: fmt.Sprintf("%d for part %s, which is kept", s.SLA.Standbys, p.Name),
				Want: "0: what a standby would need of a kept unit is not replicated; it can move, and not be claimed",
			}
		}
	}
	return nil
}

// parts returns the parts that are placed.
func (s *Spec) parts(app *sfaas.App) ([]sfaas.PartInfo, error) {
	named := map[string]bool{}
	for _, name := range s.Parts {
		f, err := app.Function(name)
		if err != nil {
			return nil, err
		}
		named[f.Part] = true
	}
	var all []sfaas.PartInfo
	for _, p := range app.Parts() {
		if named[p.Name] || (len(named) == 0 && !sinksAlone(app, p)) {
			all = append(all, p)
		}
	}
	if len(all) == 0 {
		return nil, &sfaas.OptionError{Option: "placement.Spec.Parts", Got: "no part", Want: "a part with a function"}
	}
	return all, nil
}

// metered reports whether something is to be counted where messages enter.
func (s *Spec) metered() bool { return s.limited() || s.promises() }

// limited reports whether units have limits.
func (s *Spec) limited() bool { return s.Limits.PerSecond != meter.Amounts{} }

// promises reports whether the SLA names something that is measured.
func (s *Spec) promises() bool {
	return s.SLA.Deadline > 0 || s.SLA.Throughput > 0 || s.SLA.Availability > 0
}

// sinksAlone reports whether a part has no function.
func sinksAlone(app *sfaas.App, p sfaas.PartInfo) bool {
	functions := app.Functions()
	return !slices.ContainsFunc(p.Functions, func(f string) bool { return slices.Contains(functions, f) })
}

// mode returns how a unit of a part moves.
func (s *Spec) mode(soft bool) sfaas.MoveMode {
	switch {
	case !soft:
		return sfaas.Kept
	case s.Mode == sfaas.Soft || s.Slot == 0:
		return sfaas.Soft
	}
	return sfaas.Fed
}
