# SPDX-License-Identifier: Apache-2.0
"""Compares results with those of the onnxruntime package of Python.

    python3 oracle.py CASES < list

Each line of the list is a JSON object: folder of a case, its inputs and outputs as
in the manifest, and got, a folder with the outputs that are to be compared. The
answer is a JSON object per line: equal, whether the package gives the same, and
expected, whether it gives what the case expects; or error, what it said.
"""
import json, os, sys

import numpy as np
import onnx
import onnxruntime
from onnx import helper

onnxruntime.set_default_logger_severity(4)


def read(path, port):
    dtype = helper.tensor_dtype_to_np_dtype(port["type"])
    return np.fromfile(path, dtype=dtype).reshape(port["dims"])


def same(a, b):
    return a.shape == b.shape and bool(np.allclose(a.astype(np.float64), b.astype(np.float64), rtol=1e-4, atol=1e-6, equal_nan=True))


for line in sys.stdin:
    case = json.loads(line)
    folder, answer = os.path.join(sys.argv[1], case["folder"]), {}
    try:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        session = onnxruntime.InferenceSession(os.path.join(folder, "model.onnx"), options, providers=["CPUExecutionProvider"])
        names = {i.name for i in session.get_inputs()}
        feeds = {p["name"]: read(os.path.join(folder, p["file"]), p) for p in case["inputs"] if p["name"] in names}
        got = session.run([p["name"] for p in case["outputs"]], feeds)
        ours = [os.path.join(case["got"], p["file"]) for p in case["outputs"]]
        answer["equal"] = all(os.path.exists(f) and same(np.asarray(g), read(f, p)) for f, g, p in zip(ours, got, case["outputs"]))
        answer["expected"] = all(np.allclose(np.asarray(g).astype(np.float64), read(os.path.join(folder, p["file"]), p).astype(np.float64),
                                             rtol=1e-3, atol=1e-7, equal_nan=True) for g, p in zip(got, case["outputs"]))
    except Exception as e:  # whatever the package says is the answer
        answer["error"] = str(e)
    print(json.dumps(answer), flush=True)
