// SPDX-License-Identifier: Apache-2.0

package sigmf

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"reflect"
	"slices"

	"github.com/neuroran/neuroran/phy/nr"
)

// object is a JSON object whose values are not parsed yet.
type object map[string]json.RawMessage

// field ties one key of an object of the nr namespace to a part of T.
type field[T any] struct {
	key  string
	read func(*T, json.RawMessage) error // the error says what is wanted
	get  func(*T) any                    // value to write
	may  bool                            // the key may be missing: the value is then zero
}

// carrierFields are the keys of nr:carrier.
var carrierFields = []field[nr.Carrier]{
	intField("n_cell_id", func(c *nr.Carrier) *int { return &c.CellID }),
	intField("subcarrier_spacing_khz", func(c *nr.Carrier) *int { return &c.SubcarrierSpacingKHz }),
	wordField("cyclic_prefix", "normal", "extended", func(c *nr.Carrier) *bool { return &c.ExtendedCP }),
	intField("n_size_grid", func(c *nr.Carrier) *int { return &c.NumPRB }),
	intField("n_start_grid", func(c *nr.Carrier) *int { return &c.StartCRB }),
	intField("fft_size", func(c *nr.Carrier) *int { return &c.FFTSize }),
	valueField("carrier_frequency_hz", "a number", func(c *nr.Carrier) *float64 { return &c.CarrierHz }),
	boolField("phase_compensation", func(c *nr.Carrier) *bool { return &c.PhaseCompensation }),
}

// grantFields are the keys of nr:pusch.
var grantFields = []field[grant]{
	valueField("n_rnti", "an integer of 0…65535", func(g *grant) *uint16 { return &g.RNTI }),
	intField("n_id", func(g *grant) *int { return &g.NID }),
	intField("num_layers", func(g *grant) *int { return &g.NumLayers }),
	intField("num_antenna_ports", func(g *grant) *int { return &g.NumAntennaPorts }),
	wordField("precoding", "non-codebook", "codebook", func(g *grant) *bool { return &g.Codebook }),
	intField("tpmi", func(g *grant) *int { return &g.TPMI }),
	boolField("transform_precoding", func(g *grant) *bool { return &g.TransformPrecoding }),
	{
		key:  "mapping_type",
		read: func(g *grant, raw json.RawMessage) error { return g.readMapping(raw) },
		get:  func(g *grant) any { return g.Mapping.String() },
	},
	{
		key:  "symbol_allocation",
		read: func(g *grant, raw json.RawMessage) error { return readPair(raw, &g.StartSymbol, &g.NumSymbols) },
		get:  func(g *grant) any { return []int{g.StartSymbol, g.NumSymbols} },
	},
	intField("prb_start", func(g *grant) *int { return &g.StartPRB }),
	intField("prb_size", func(g *grant) *int { return &g.NumPRB }),
	valueField("mcs_table", "an integer of 1…3", func(g *grant) *nr.MCSTable { return &g.MCSTable }),
	intField("mcs_index", func(g *grant) *int { return &g.MCSIndex }),
	optional(intField("x_overhead", func(g *grant) *int { return &g.XOverhead })),
	optional(intField("tbs_lbrm", func(g *grant) *int { return &g.TBSLBRM })),
	{
		key:  "dmrs",
		read: func(g *grant, raw json.RawMessage) error { return g.readDMRS(raw) },
		get:  func(g *grant) any { return writeFields(dmrsFields, &g.dmrs) },
	},
	intField("rv", func(g *grant) *int { return &g.RV }),
	intField("harq_process", func(g *grant) *int { return &g.HARQProcess }),
	boolField("new_data", func(g *grant) *bool { return &g.NewData }),
}

// dmrsFields are the keys of dmrs.
var dmrsFields = []field[dmrs]{
	intField("config_type", func(d *dmrs) *int { return &d.ConfigType }),
	intField("length", func(d *dmrs) *int { return &d.Length }),
	intField("additional_position", func(d *dmrs) *int { return &d.AdditionalPosition }),
	intField("type_a_position", func(d *dmrs) *int { return &d.TypeAPosition }),
	{
		key:  "dmrs_port_set",
		read: func(d *dmrs, raw json.RawMessage) error { return d.readPorts(raw) },
		get:  func(d *dmrs) any { return d.ports() },
	},
	intField("num_cdm_groups_without_data", func(d *dmrs) *int { return &d.NumCDMGroupsWithoutData }),
	intField("n_scid", func(d *dmrs) *int { return &d.NSCID }),
	{
		key:  "n_id",
		read: func(d *dmrs, raw json.RawMessage) error { return readPair(raw, &d.NID[0], &d.NID[1]) },
		get:  func(d *dmrs) any { return d.NID },
	},
}

// grant is a scheduling grant as it is read: with the number of ports named.
type grant struct {
	nr.Grant
	dmrs dmrs
}

// dmrs is a reference signal as it is read.
type dmrs struct {
	nr.DMRS
	numPorts int
}

// ports returns the ports as numbers; a []uint8 would become text in JSON.
func (d *dmrs) ports() []int {
	ports := make([]int, d.numPorts)
	for i := range ports {
		ports[i] = int(d.Ports[i])
	}
	return ports
}

func (d *dmrs) readPorts(raw json.RawMessage) error {
	ports, err := parseInts(raw, "a list of antenna ports")
	if err != nil {
		return err
	}
	if len(ports) > nr.MaxLayers {
		return wanted(fmt.Sprintf("at most %d ports", nr.MaxLayers))
	}
	d.Ports, d.numPorts = [nr.MaxLayers]uint8{}, len(ports)
	for i, p := range ports {
		if p < 0 || p > math.MaxUint8 {
			return wanted("ports of 0…11")
		}
		d.Ports[i] = uint8(p)
	}
	return nil
}

func (g *grant) readDMRS(raw json.RawMessage) error {
	var o object
	if err := parse(raw, &o, "an object"); err != nil {
		return err
	}
	g.dmrs = dmrs{}
	err := readFields("dmrs.", dmrsFields, &g.dmrs, o)
	g.DMRS = g.dmrs.DMRS
	return err
}

func (g *grant) readMapping(raw json.RawMessage) error {
	var s string
	if err := parse(raw, &s, "A or B"); err != nil {
		return err
	}
	if s != "A" && s != "B" {
		return wanted("A or B")
	}
	g.Mapping = nr.Mapping(s[0])
	return nil
}

func readPair(raw json.RawMessage, a, b *int) error {
	pair, err := parseInts(raw, "two integers")
	if err != nil {
		return err
	}
	if len(pair) != 2 {
		return wanted("two integers")
	}
	*a, *b = pair[0], pair[1]
	return nil
}

func intField[T any](key string, at func(*T) *int) field[T] {
	return valueField(key, "an integer", at)
}

// optional returns f as a field that may be missing.
func optional[T any](f field[T]) field[T] {
	f.may = true
	return f
}

func boolField[T any](key string, at func(*T) *bool) field[T] {
	return valueField(key, "true or false", at)
}

func valueField[T, V any](key, want string, at func(*T) *V) field[T] {
	return field[T]{
		key:  key,
		read: func(t *T, raw json.RawMessage) error { return parse(raw, at(t), want) },
		get:  func(t *T) any { return *at(t) },
	}
}

// wordField is a choice of two words, the second of which is true.
func wordField[T any](key, no, yes string, at func(*T) *bool) field[T] {
	words := map[bool]string{false: no, true: yes}
	return field[T]{
		key: key,
		read: func(t *T, raw json.RawMessage) error {
			var s string
			if err := parse(raw, &s, no+" or "+yes); err != nil {
				return err
			}
			if s != no && s != yes {
				return wanted(no + " or " + yes)
			}
			*at(t) = s == yes
			return nil
		},
		get: func(t *T) any { return words[*at(t)] },
	}
}

// wanted says what a value should have been; readFields adds the rest.
type wanted string

func (w wanted) Error() string { return "want " + string(w) }

// parse parses a value of exactly the type of v; null has no type.
func parse(raw json.RawMessage, v any, want string) error {
	if string(raw) == "null" || json.Unmarshal(raw, v) != nil {
		return wanted(want)
	}
	return nil
}

// parseInts parses a list of integers; null is none.
func parseInts(raw json.RawMessage, want string) ([]int, error) {
	var list []*int
	if err := parse(raw, &list, want); err != nil {
		return nil, err
	}
	numbers := make([]int, len(list))
	for i, n := range list {
		if n == nil {
			return nil, wanted(want)
		}
		numbers[i] = *n
	}
	return numbers, nil
}

// knownField is what is wanted of the name of a field that does not exist.
const knownField = "a field that the format has"

// checkKnown refuses keys of an object that are no fields of the format.
func checkKnown[T any](prefix string, fields []field[T], o object) error {
	for _, key := range slices.Sorted(maps.Keys(o)) {
		if !hasField(fields, key) {
			return &FieldError{Field: prefix + key, Got: short(o[key]), Want: knownField}
		}
	}
	return nil
}

func hasField[T any](fields []field[T], key string) bool {
	return slices.ContainsFunc(fields, func(f field[T]) bool { return f.key == key })
}

// readFields reads an object into t. All fields must be present but the
// optional ones. Prefix places the error. Values that are legal and not supported, and keys that are no fields,
// are an [*nr.UnsupportedError] for the first of them, after all others were read.
func readFields[T any](prefix string, fields []field[T], t *T, o object) error {
	var unsupported error
	for _, key := range slices.Sorted(maps.Keys(o)) {
		if !hasField(fields, key) {
			unsupported = cmp.Or[error](unsupported, &nr.UnsupportedError{Field: prefix + key, Got: short(o[key])})
		}
	}
	for _, f := range fields {
		raw, ok := o[f.key]
		if !ok && f.may {
			continue
		}
		if !ok {
			return &FieldError{Field: prefix + f.key, Got: "nothing", Want: "a value"}
		}
		switch err := f.read(t, raw).(type) {
		case nil:
		case wanted:
			return &FieldError{Field: prefix + f.key, Got: short(raw), Want: string(err)}
		case *FieldError: // of an object within
			err.Field = prefix + err.Field
			return err
		case *nr.UnsupportedError:
			err.Field = prefix + err.Field
			unsupported = cmp.Or[error](unsupported, err)
		default:
			return err
		}
	}
	return unsupported
}

// writeFields returns the object of t, in the order of the fields.
func writeFields[T any](fields []field[T], t *T) ordered {
	o := make(ordered, 0, len(fields))
	for _, f := range fields {
		o = append(o, member{f.key, f.get(t)})
	}
	return o
}

// withoutDefaults returns the object o of the fields without optional members that
// are zero: what a reader takes them for.
func withoutDefaults[T any](fields []field[T], o ordered) ordered {
	var rest ordered
	for i, m := range o {
		if !fields[i].may || !reflect.ValueOf(m.value).IsZero() {
			rest = append(rest, m)
		}
	}
	return rest
}

// short returns a value for an error message, cut to a readable length.
func short(raw json.RawMessage) string {
	const limit = 60
	if len(raw) <= limit {
		return string(raw)
	}
	return string(raw[:limit]) + "…"
}
