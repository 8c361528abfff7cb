// SPDX-License-Identifier: Apache-2.0

//go:build !race

package sfaas_test

const raceEnabled = false
