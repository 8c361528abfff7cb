# SPDX-License-Identifier: Apache-2.0
"""Block error rate of Sionna's LDPC decoder on the code of ldpcbler.

Belief propagation with the flooding schedule, QPSK over AWGN:

    python internal/bench/ldpcbler/sionnabler.py -k 2112 -n 2320 -ebno 4.5 -iters 20

Needs sionna-no-rt 2.2 and torch. The blocks are drawn as in ldpcbler, from
other random numbers; the interval is Wilson's, 95 %.
"""

import argparse

import torch
from sionna.phy.fec.ldpc import LDPC5GDecoder, LDPC5GEncoder


def wilson(errors, blocks, z=1.959964):
    """Returns the score interval of an error rate."""
    rate = errors / blocks
    mid = rate + z * z / (2 * blocks)
    half = z * (rate * (1 - rate) / blocks + z * z / (4 * blocks**2)) ** 0.5
    scale = 1 + z * z / blocks
    return (mid - half) / scale, (mid + half) / scale


def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("-k", type=int, default=2112, help="information bits")
    p.add_argument("-n", type=int, default=2320, help="coded bits")
    p.add_argument("-ebno", type=float, default=4.5, help="Eb/No in dB")
    p.add_argument("-iters", type=int, default=20, help="iterations")
    p.add_argument("-errors", type=int, default=200, help="block errors to count")
    p.add_argument("-batch", type=int, default=100, help="blocks at a time")
    p.add_argument("-seed", type=int, default=1)
    a = p.parse_args()

    torch.manual_seed(a.seed)
    encoder = LDPC5GEncoder(a.k, a.n)
    decoder = LDPC5GDecoder(encoder, cn_update="boxplus", num_iter=a.iters)
    n0 = 1 / (a.k / a.n * 2 * 10 ** (a.ebno / 10))  # noise power of a unit-energy symbol
    errors = blocks = 0
    with torch.no_grad():
        while errors < a.errors:
            bits = torch.randint(0, 2, (a.batch, a.k)).float()
            sent = (1 - 2 * encoder(bits)) / 2**0.5
            received = sent + torch.randn(sent.shape) * (n0 / 2) ** 0.5
            llrs = -4 * received / 2**0.5 / n0  # Sionna: positive means bit 1
            errors += int((decoder(llrs) != bits).any(1).sum())
            blocks += a.batch
    lo, hi = wilson(errors, blocks)
    print(f"k {a.k}, n {a.n}, {a.iters} iterations, Eb/No {a.ebno} dB:"
          f" BLER {errors / blocks:.3e} [{lo:.3e}, {hi:.3e}], {errors} errors in {blocks} blocks")


if __name__ == "__main__":
    main()
