# SPDX-License-Identifier: Apache-2.0
"""Writes phy/ldpc/testdata/codewords.csv: SHA-256 of the codeword of a fixed
pattern for all 102 pairs of base graph and lifting size, by Sionna's encoder.

    python hashes.py > ../../../phy/ldpc/testdata/codewords.csv

Needs sionna-no-rt 2.2.0. Bit i of the K = 22·Z or 10·Z systematic bits is the
top bit of (i + 1)·0x9E3779B1 mod 2^32. The hash is over the whole codeword,
punctured bits first, packed most significant bit first.
"""
import hashlib

import numpy as np
import torch
from sionna.phy.fec.ldpc import LDPC5GEncoder

SIZES = sorted({a << j for a, top in ((2, 7), (3, 7), (5, 6), (7, 5), (9, 5), (11, 5), (13, 4), (15, 4))
                for j in range(top + 1)})


def encoder(bg, z):
    """An encoder of k bits for which Sionna chooses lifting size z."""
    columns = (22,) if bg == 1 else (10, 9, 8, 6)
    for kb in columns:
        k = kb * z
        if k < 12:
            continue
        enc = LDPC5GEncoder(k, 2 * k, bg=f"bg{bg}")
        if enc.z == z:
            return enc
    raise ValueError((bg, z))


def main():
    print("bg,z,sha256")
    for bg in (1, 2):
        for z in SIZES:
            k = (22 if bg == 1 else 10) * z
            i = np.arange(1, k + 1, dtype=np.uint64)
            pattern = (i * 0x9E3779B1 % 2**32 >> 31).astype(np.float32)
            enc = encoder(bg, z)
            word = enc._encode_fast(torch.tensor(pattern[None, :], device=enc.device))
            bits = word.cpu().numpy().reshape(-1).astype(np.uint8)
            assert bits.size == (68 if bg == 1 else 52) * z
            print(f"{bg},{z},{hashlib.sha256(np.packbits(bits).tobytes()).hexdigest()}", flush=True)


if __name__ == "__main__":
    main()
