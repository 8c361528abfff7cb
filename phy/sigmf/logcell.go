// SPDX-License-Identifier: Apache-2.0

package sigmf

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// readCount reads an integer of 0…limit−1.
func readCount(cell string, limit int) (int64, error) {
	n, err := strconv.ParseInt(decimal(cell), 10, 64)
	if err != nil || n < 0 || n >= int64(limit) {
		return 0, wanted(fmt.Sprintf("an integer of 0…%d", limit-1))
	}
	return n, nil
}

// cellValue returns a cell as the JSON value that its field wants.
func cellValue(cell, key string) json.RawMessage {
	switch key {
	case "symbol_allocation", "dmrs_port_set", "n_id":
		parts := strings.FieldsFunc(cell, func(r rune) bool { return strings.ContainsRune(" ;|[],\t", r) })
		if key == "n_id" && len(parts) == 1 && !strings.HasPrefix(cell, "[") {
			break // of the data, not of the reference signal
		}
		for i := range parts {
			parts[i] = decimal(parts[i])
		}
		return valid("["+strings.Join(parts, ",")+"]", cell)
	case "transform_precoding", "new_data":
		switch low := strings.ToLower(decimal(cell)); low {
		case "0", "false":
			return json.RawMessage("false")
		case "1", "true":
			return json.RawMessage("true")
		}
	}
	return valid(decimal(cell), cell)
}

// decimal returns a hexadecimal integer in decimal and one with a zero fraction, as
// programs write that keep all numbers alike, without it; and anything else as it is.
func decimal(cell string) string {
	if whole, fraction, ok := strings.Cut(cell, "."); ok && strings.Trim(fraction, "0") == "" {
		if _, err := strconv.ParseInt(whole, 10, 64); err == nil {
			return whole
		}
	}
	if digits, ok := strings.CutPrefix(strings.ToLower(cell), "0x"); ok {
		if n, err := strconv.ParseUint(digits, 16, 32); err == nil {
			return strconv.FormatUint(n, 10)
		}
	}
	return cell
}

// valid returns text where it is JSON, and otherwise the cell as a string.
func valid(text, cell string) json.RawMessage {
	if json.Valid([]byte(text)) {
		return json.RawMessage(text)
	}
	quoted, err := json.Marshal(cell)
	if err != nil {
		return json.RawMessage(`""`)
	}
	return quoted
}

// cellOf writes a value without brackets and quotes.
func cellOf(v any) string { return strings.Trim(fmt.Sprint(v), "[]") }
