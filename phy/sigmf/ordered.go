// SPDX-License-Identifier: Apache-2.0

package sigmf

import (
	"bytes"
	"encoding/json"
	"reflect"
)

// ordered is a JSON object whose members keep their order.
type ordered []member

// member is a key with its value.
type member struct {
	key   string
	value any
}

// MarshalJSON implements [json.Marshaler].
func (o ordered) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, m := range o {
		if i > 0 {
			b.WriteByte(',')
		}
		key, err := json.Marshal(m.key)
		if err != nil {
			return nil, err
		}
		value, err := json.Marshal(m.value)
		if err != nil {
			return nil, err
		}
		b.Write(key)
		b.WriteByte(':')
		b.Write(value)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// without returns the members that differ from those of defaults.
func (o ordered) without(defaults ordered) ordered {
	rest := ordered{}
	for i, m := range o {
		if i >= len(defaults) || !reflect.DeepEqual(m, defaults[i]) {
			rest = append(rest, m)
		}
	}
	return rest
}
