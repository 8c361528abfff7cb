# SPDX-License-Identifier: Apache-2.0
"""Writes the backend tests of the ONNX package as folders that Go can read.

    python3 export.py OUT [RELEASES]

RELEASES holds a folder for each release, unpacked from its wheel as it is
(NAME/onnx/backend/test/data). The tests of the installed package are made in
memory. Each case becomes OUT/NNNNN with model.onnx and the elements of its inputs
and expected outputs, one file each, and a line of OUT/manifest.jsonl; what an
earlier release has byte for byte is left out.
"""
import glob, hashlib, importlib, json, os, pkgutil, sys, warnings

import numpy as np
import onnx
from onnx import TensorProto, numpy_helper

warnings.filterwarnings("ignore")
KINDS = ("node", "simple", "pytorch-converted", "pytorch-operator")


class Writer:
    def __init__(self, out):
        self.out, self.seen, self.n = out, set(), 0
        os.makedirs(out, exist_ok=True)
        self.manifest = open(os.path.join(out, "manifest.jsonl"), "w")

    def case(self, release, name, model, inputs, outputs, rtol, atol):
        """inputs and outputs: lists of (name, TensorProto or None)."""
        data = model.SerializeToString()
        digest = hashlib.sha256(data)
        for _, t in inputs:
            digest.update(t.SerializeToString() if t is not None else b"")
        if digest.digest() in self.seen:
            return
        self.seen.add(digest.digest())
        folder = os.path.join(self.out, "%05d" % self.n)
        os.makedirs(folder, exist_ok=True)
        with open(os.path.join(folder, "model.onnx"), "wb") as f:
            f.write(data)
        row = dict(release=release, name=name, opset=opset(model), operators=operators(model.graph), rtol=rtol, atol=atol,
                   folder="%05d" % self.n, inputs=self.ports(folder, "in", inputs), outputs=self.ports(folder, "out", outputs))
        self.manifest.write(json.dumps(row) + "\n")
        self.n += 1

    def ports(self, folder, prefix, tensors):
        ports = []
        for i, (name, t) in enumerate(tensors):
            port = dict(name=name, type=0, dims=None, file="")
            if t is not None and t.data_type != TensorProto.STRING:
                a = np.ascontiguousarray(numpy_helper.to_array(t))
                port.update(type=t.data_type, dims=list(t.dims), file="%s%d" % (prefix, i))
                with open(os.path.join(folder, port["file"]), "wb") as f:
                    f.write(a.tobytes())
            ports.append(port)
        return ports


def opset(model):
    return max([o.version for o in model.opset_import if o.domain in ("", "ai.onnx")], default=0)


def operators(graph):
    names = set()
    for node in graph.node:
        names.add(node.op_type if node.domain in ("", "ai.onnx") else node.domain + "." + node.op_type)
        for a in node.attribute:
            for g in list(a.graphs) + ([a.g] if a.HasField("g") else []):
                names.update(operators(g))
    return sorted(names)


def read_tensor(path, info):
    if not info.type.HasField("tensor_type"):
        return None
    t = TensorProto()
    with open(path, "rb") as f:
        t.ParseFromString(f.read())
    return t


def released(writer, release, root):
    for kind in KINDS:
        for folder in sorted(glob.glob(os.path.join(root, "onnx/backend/test/data", kind, "*"))):
            path, data = os.path.join(folder, "model.onnx"), os.path.join(folder, "test_data_set_0")
            if not (os.path.exists(path) and os.path.isdir(data)):
                continue
            model = onnx.load(path)
            count = lambda what: len(glob.glob(os.path.join(data, what + "_*.pb")))
            if count("output") != len(model.graph.output):
                continue
            side = lambda what, infos: [(v.name, read_tensor(os.path.join(data, "%s_%d.pb" % (what, i)), v))
                                        for i, v in enumerate(infos)]
            writer.case(release, os.path.basename(folder), model, side("input", list(model.graph.input)[:count("input")]),
                        side("output", model.graph.output), 1e-3, 1e-7)


def installed(writer):
    import onnx.backend.test.case.model as models
    import onnx.backend.test.case.node as nodes

    def load(package):
        for _, name, is_package in pkgutil.iter_modules(package.__path__):
            module = importlib.import_module(package.__name__ + "." + name)
            if is_package:
                load(module)

    load(nodes)
    cases = list(nodes._NodeTestCases) + [c for c in models.collect_testcases() if c.kind != "real"]
    for c in cases:
        given, wanted = c.data_sets[0]
        side = lambda infos, values: [(v.name, as_tensor(x, v)) for v, x in zip(infos, values)]
        writer.case(onnx.__version__, c.name, c.model, side(c.model.graph.input, given), side(c.model.graph.output, wanted), c.rtol, c.atol)


def as_tensor(value, info):
    if value is None or isinstance(value, (list, dict)) or not info.type.HasField("tensor_type"):
        return None
    if isinstance(value, TensorProto):
        return value
    return numpy_helper.from_array(np.asarray(value), info.name)


if __name__ == "__main__":
    w = Writer(sys.argv[1])
    for root in sorted(glob.glob(os.path.join(sys.argv[2], "*"))) if len(sys.argv) > 2 else []:
        released(w, os.path.basename(root), root)
    installed(w)
    w.manifest.close()
    print(w.n, "cases")
