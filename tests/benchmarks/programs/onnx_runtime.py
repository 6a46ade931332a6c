"""onnxruntime in float32, on a graph written for it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from safetensors.numpy import load_file

from tests.benchmarks.programs.program import TOP, Everything, greedy
from udfs.backend.arrays import Array
from udfs.backend.gpt2.config import Config, read_config

NAME = f"onnxruntime {onnxruntime.__version__}, float32"

_OPSET = 20  # the first with Gelu
_IR_VERSION = 10


class Graph:
    """An ONNX graph that grows node by node."""

    def __init__(self, weights: dict[str, Array], epsilon: float) -> None:
        self.nodes: list[Any] = []
        self.constants = [numpy_helper.from_array(array, name) for name, array in weights.items()]
        self._epsilon = epsilon

    def node(self, op: str, *inputs: str, n_outputs: int = 1, **attributes: Any) -> Any:
        """The name of what the node gives, or the names of all where there are several."""
        outputs = [f"{op}_{len(self.nodes)}_{i}" for i in range(n_outputs)]
        self.nodes.append(helper.make_node(op, list(inputs), outputs, **attributes))
        return outputs[0] if n_outputs == 1 else outputs

    def constant(self, values: Any) -> str:
        name = f"constant_{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(values), name))
        return name

    def linear(self, x: str, name: str) -> str:
        return self.node("Add", self.node("MatMul", x, f"{name}.weight"), f"{name}.bias")

    def layer_norm(self, x: str, name: str) -> str:
        return self.node("LayerNormalization", x, f"{name}.weight", f"{name}.bias", epsilon=self._epsilon)

    def name(self, output: str, name: str) -> None:
        self.nodes.append(helper.make_node("Identity", [output], [name]))


def build(config: Config, weights: dict[str, Array], everything: bool) -> bytes:
    """GPT-2 with a cache. Gives `logits` of the last row, or the states, the patterns and the lens's top tokens."""
    graph = Graph(weights, config.layer_norm_epsilon)
    heads = graph.constant(np.array([0, config.n_head, config.d_head]))
    flat = graph.constant(np.array([0, config.n_embd]))
    scale = graph.constant(np.float32(config.d_head**-0.5))
    first = graph.constant(np.array([0]))
    x = graph.node("Add", graph.node("Gather", "wte.weight", "ids"), graph.node("Gather", "wpe.weight", "positions"))
    states, patterns = [x], []
    for i in range(config.n_layer):
        qkv = graph.linear(graph.layer_norm(x, f"h.{i}.ln_1"), f"h.{i}.attn.c_attn")  # [n_seq, 3*n_embd]
        parts = graph.node("Split", qkv, n_outputs=3, axis=1, num_outputs=3)
        q, k, v = (
            graph.node("Transpose", graph.node("Reshape", part, heads), perm=[1, 0, 2])  # [n_head, n_seq, d_head]
            for part in parts
        )
        k, v = (graph.node("Concat", f"past.{kind}.{i}", new, axis=1) for kind, new in (("k", k), ("v", v)))
        graph.name(k, f"k.{i}")
        graph.name(v, f"v.{i}")
        scores = graph.node("MatMul", graph.node("Mul", q, scale), graph.node("Transpose", k, perm=[0, 2, 1]))
        pattern = graph.node("Softmax", graph.node("Add", scores, "mask"), axis=-1)
        z = graph.node("Transpose", graph.node("MatMul", pattern, v), perm=[1, 0, 2])  # [n_seq, n_head, d_head]
        x = graph.node("Add", x, graph.linear(graph.node("Reshape", z, flat), f"h.{i}.attn.c_proj"))
        hidden = graph.linear(graph.layer_norm(x, f"h.{i}.ln_2"), f"h.{i}.mlp.c_fc")
        hidden = graph.node("Gelu", hidden, approximate="tanh")
        x = graph.node("Add", x, graph.linear(hidden, f"h.{i}.mlp.c_proj"))
        states.append(x)
        patterns.append(graph.node("Unsqueeze", pattern, first))
    kept = [f"{kind}.{i}" for i in range(config.n_layer) for kind in ("k", "v")]
    if everything:
        stream = graph.node("Concat", *states, axis=0)  # [(n_layer+1)*n_seq, n_embd]
        graph.name(stream, "states")
        graph.name(graph.node("Concat", *patterns, axis=0), "patterns")
        logits = graph.node("Gemm", graph.layer_norm(stream, "ln_f"), "wte.weight", transB=1)
        top = graph.node("TopK", logits, graph.constant(np.array([TOP])), n_outputs=2)[1]
        graph.name(top, "top")
        outputs = ["states", "patterns", "top"]
    else:
        last = graph.node("Gather", x, graph.constant(np.array([-1])))  # [1, n_embd]
        graph.name(graph.node("Gemm", graph.layer_norm(last, "ln_f"), "wte.weight", transB=1), "logits")
        outputs = ["logits", *kept]
    inputs = [
        helper.make_tensor_value_info("ids", TensorProto.INT64, ["n_seq"]),
        helper.make_tensor_value_info("positions", TensorProto.INT64, ["n_seq"]),
        helper.make_tensor_value_info("mask", TensorProto.FLOAT, ["n_seq", "n_all"]),
        *(
            helper.make_tensor_value_info(f"past.{name}", TensorProto.FLOAT, [config.n_head, "n_past", config.d_head])
            for name in kept
        ),
    ]
    typed = [
        helper.make_tensor_value_info(name, TensorProto.INT64 if name == "top" else TensorProto.FLOAT, None)
        for name in outputs
    ]
    made = helper.make_graph(graph.nodes, "gpt2", inputs, typed, graph.constants)
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", _OPSET)], ir_version=_IR_VERSION)
    return bytes(model.SerializeToString())


class Measured:
    """Two sessions: one gives the last row's logits and the cache, the other everything."""

    def __init__(self, folder: Path, n_threads: int) -> None:
        self._config = read_config(folder / "config.json")
        weights = load_file(folder / "model.safetensors")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = n_threads
        self._session, self._everything = (
            onnxruntime.InferenceSession(
                build(self._config, weights, everything), options, providers=["CPUExecutionProvider"]
            )
            for everything in (False, True)
        )
        self._kept = [output.name for output in self._session.get_outputs()][1:]
        self._past = self._empty()

    def forward(self, ids: Sequence[int]) -> Array:
        return self._session.run(["logits"], self._inputs(ids, self._empty()))[0][0]

    def read(self, ids: Sequence[int]) -> Array:
        self._past = self._empty()
        return self._further(ids)

    def decode(self, token: int) -> Array:
        return self._further([token])

    def generate(self, ids: Sequence[int], count: int) -> list[int]:
        return greedy(self, ids, count)

    def everything(self, ids: Sequence[int]) -> Everything:
        states, patterns, top = self._everything.run(["states", "patterns", "top"], self._inputs(ids, self._empty()))
        return Everything(states.reshape(-1, len(ids), self._config.n_embd), patterns, top)

    def _further(self, ids: Sequence[int]) -> Array:
        logits, *kept = self._session.run(["logits", *self._kept], self._inputs(ids, self._past))
        self._past = dict(zip(self._kept, kept, strict=True))
        return logits[0]

    def _empty(self) -> dict[str, Array]:
        shape = (self._config.n_head, 0, self._config.d_head)
        return {name: np.empty(shape, np.float32) for name in self._kept}

    def _inputs(self, ids: Sequence[int], past: dict[str, Array]) -> dict[str, NDArray[Any]]:
        n_past = next(iter(past.values())).shape[1]
        n_all = n_past + len(ids)
        return {
            "ids": np.array(ids, np.int64),
            "positions": np.arange(n_past, n_all, dtype=np.int64),
            "mask": np.triu(np.full((len(ids), n_all), -np.inf, np.float32), 1 + n_past),
            **{f"past.{name}": array for name, array in past.items()},
        }
