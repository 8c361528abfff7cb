// SPDX-License-Identifier: Apache-2.0

// Package nr holds the recipe of the golden tables of phy/nr, phy/dmrs and
// phy/pusch: golden.py takes them from Sionna, and the test of this folder
// makes them again where Python has it.
package nr
