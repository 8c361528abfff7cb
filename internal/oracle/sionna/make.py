# SPDX-License-Identifier: Apache-2.0
"""Makes recordings: python make.py FOLDER [NAME…]; without names all of them
that the folder lacks."""
import os
import sys

from scenarios import SCENARIOS, make


def main(folder, names):
    os.makedirs(folder, exist_ok=True)
    for name in names or SCENARIOS:
        if not names and os.path.exists(os.path.join(folder, name + ".tb.json")):
            continue
        recording, snr = make(name)
        recording.write(folder, snr)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
