// SPDX-License-Identifier: Apache-2.0

package nr

import "fmt"

// Outcome says what became of a grant. There is one list for all: a receiver
// alone knows the first four; the others come from what runs it.
//
// The CRC is that of TS 38.212 §6.2.1; a grant is absent where its UE did not see the
// DCI of TS 38.212 §7.3.1.1.
type Outcome uint8

// The outcomes of a grant.
const (
	_                  Outcome = iota
	OutcomePassed              // the transport block is there and its CRC holds
	OutcomeFailed              // something was sent, and no CRC holds
	OutcomeAbsent              // nothing was sent: the UE missed its grant
	OutcomeUnsupported         // this library cannot receive such a transmission
	OutcomeLate                // skipped, since it would have come too late
	OutcomeDropped             // lost on the way: no samples, no schedule, no room
	OutcomeFault               // a function failed
)

var outcomeNames = [...]string{"none", "passed", "failed", "absent", "unsupported", "late", "dropped", "fault"}

// String returns the word of the outcome, such as "passed".
func (o Outcome) String() string {
	if int(o) < len(outcomeNames) {
		return outcomeNames[o]
	}
	return fmt.Sprintf("outcome %d", uint8(o))
}

// MarshalText implements [encoding.TextMarshaler] with the word of the outcome.
func (o Outcome) MarshalText() ([]byte, error) { return []byte(o.String()), nil }
