// SPDX-License-Identifier: Apache-2.0

// Package sigmf reads and writes recordings of NR uplink slots in the Signal
// Metadata Format: samples of one or more antennas in a data file, and a JSON
// file beside it with the carrier and the scheduling grant of every PUSCH
// transmission, in the namespace "nr".
//
// Global objects of the namespace are nr:carrier (an [nr.Carrier]) and nr:pusch
// (the default grant). Every annotation with nr:slot_number is one
// transmission; its nr:pusch replaces the keys of the default grant that it
// names, each by a whole value, dmrs as a whole too. docs/sigmf-nr.md has every field
// and docs/sigmf-nr.schema.json a JSON schema, both made from the table that the
// reader goes by (fields.go).
//
// Metadata are checked strictly: what is missing, unknown, of a wrong type, or not
// allowed by TS 38.211 and 38.214 is an error that names the field. All that is wrong
// is told at once.
//
// A [Recording] reads slot by slot and never loads the whole file; a [Writer]
// appends slots. Samples are cf32_le, ci16_le or ci8, antennas interleaved
// sample by sample; integers are scaled so that full scale is 1.
package sigmf
