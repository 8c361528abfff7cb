# SPDX-License-Identifier: Apache-2.0
"""Vectors of scipy.signal.resample_poly with the filter that phy/resample documents:

    python resample.py > ../../../phy/resample/testdata/scipy.json

The filter is designed here from the formulas, at the rate up·From."""
import json
from math import ceil, gcd, pi

import numpy as np
import scipy
from scipy.signal import resample_poly

CASES = [  # From, To, PassHz, StopHz, AttenuationDB
    (15.36e6, 30.72e6, 5e6, 10.36e6, 80),
    (30.72e6, 15.36e6, 5e6, 10.36e6, 80),
    (20e6, 30.72e6, 9.18e6, 10.82e6, 80),
    (23.04e6, 15.36e6, 6.144e6, 9.216e6, 60),
    (11.52e6, 15.36e6, 4.5e6, 7.02e6, 100),
    (25e6, 7.68e6, 1e6, 6.68e6, 45),
]


def taps(rate, up, passband, stopband, attenuation):
    half = max(8, ceil((attenuation - 7.95) / (2.285 * 2 * pi * (stopband - passband) / rate) / 2))
    a = attenuation
    beta = 0.1102 * (a - 8.7) if a > 50 else 0.5842 * (a - 21) ** 0.4 + 0.07886 * (a - 21)
    t = np.arange(-half * up, half * up + 1) / up
    fc = (passband + stopband) / 2 / rate
    h = 2 * fc * np.sinc(2 * fc * t) * np.kaiser(len(t), beta)
    h[0] = h[-1] = 0
    return h


def main():
    rng, out = np.random.default_rng(1), []
    for rate, to, passband, stopband, attenuation in CASES:
        g = gcd(int(rate), int(to))
        up, down = int(to) // g, int(rate) // g
        x = (rng.normal(size=48) + 1j * rng.normal(size=48)).astype(np.complex64)
        # resample_poly multiplies the filter by up, whose gain is 1 without.
        y = resample_poly(x.astype(complex), up, down, window=taps(rate, up, passband, stopband, attenuation) / up)
        out.append({"from": rate, "to": to, "pass_hz": passband, "stop_hz": stopband, "attenuation_db": attenuation,
                    "input": flat(x), "output": flat(y)})
    print(json.dumps({"scipy": scipy.__version__, "cases": out}))


def flat(x):
    return [round(float(v), 7) for z in x for v in (z.real, z.imag)]


if __name__ == "__main__":
    main()
