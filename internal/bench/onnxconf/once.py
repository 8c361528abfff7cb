# SPDX-License-Identifier: Apache-2.0
"""Runs one model in the onnxruntime package of Python, with ones for inputs.

    python3 once.py MODEL

It prints the lengths of the outputs, or what the package says. Some models end
the process instead: the test of this package says which.
"""
import sys

import numpy as np
import onnxruntime

onnxruntime.set_default_logger_severity(4)
TYPES = {"tensor(float)": np.float32, "tensor(int64)": np.int64, "tensor(bool)": np.bool_}

try:
    session = onnxruntime.InferenceSession(sys.argv[1], providers=["CPUExecutionProvider"])
    feeds = {i.name: np.ones(i.shape, TYPES[i.type]) for i in session.get_inputs()}
    print([r.shape for r in session.run(None, feeds)])
except Exception as e:  # whatever the package says is the answer
    print(e)
