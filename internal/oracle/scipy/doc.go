// SPDX-License-Identifier: Apache-2.0

// Package scipy holds the recipes of test vectors made with SciPy:
//
//	python internal/oracle/scipy/resample.py > phy/resample/testdata/scipy.json
package scipy
