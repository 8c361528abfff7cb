// SPDX-License-Identifier: Apache-2.0

package link

import "fmt"

// ConfigError reports a configuration value outside its range.
type ConfigError struct {
	Field string // name of the field
	Got   any    // value received
	Want  string // what is allowed
}

// Error implements error.
func (e *ConfigError) Error() string {
	return fmt.Sprintf("link: %s: got %v, want %s", e.Field, e.Got, e.Want)
}
