"""llama.cpp in float32, through llama-cpp-python. It gives logits only, so no states, patterns or lens."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

import llama_cpp
import numpy as np
from gguf import GGUFWriter
from safetensors.numpy import load_file

from tests.benchmarks.programs.program import Everything, greedy
from udfs.backend.arrays import Array
from udfs.backend.gpt2.config import Config, read_config

NAME = f"llama.cpp (llama-cpp-python {llama_cpp.__version__}), float32"

_NAMES = {
    "wte.weight": "token_embd.weight",
    "wpe.weight": "position_embd.weight",
    "ln_f": "output_norm",
    "ln_1": "attn_norm",
    "ln_2": "ffn_norm",
    "attn.c_attn": "attn_qkv",
    "attn.c_proj": "attn_output",
    "mlp.c_fc": "ffn_up",
    "mlp.c_proj": "ffn_down",
}


def write_gguf(path: Path, config: Config, weights: dict[str, Array]) -> None:
    """The checkpoint in llama.cpp's own format, without a vocabulary: only ids are asked."""
    writer = GGUFWriter(path, "gpt2")
    writer.add_block_count(config.n_layer)
    writer.add_context_length(config.n_ctx)
    writer.add_embedding_length(config.n_embd)
    writer.add_feed_forward_length(config.n_inner)
    writer.add_head_count(config.n_head)
    writer.add_layer_norm_eps(config.layer_norm_epsilon)
    writer.add_vocab_size(config.n_vocab)
    writer.add_tokenizer_model("no_vocab")
    for name, array in weights.items():
        is_linear = ".c_" in name and array.ndim == 2  # stored as [in, out]; llama.cpp wants [out, in]
        writer.add_tensor(_gguf_name(name), np.ascontiguousarray(array.T) if is_linear else array)
    writer.add_tensor("output.weight", weights["wte.weight"])
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _gguf_name(name: str) -> str:
    for ours, theirs in _NAMES.items():
        name = name.replace(ours, theirs)
    return f"blk.{name.removeprefix('h.')}" if name.startswith("h.") else name


class Measured:
    """`Llama` with logits of the last row only."""

    def __init__(self, folder: Path, n_threads: int) -> None:
        config = read_config(folder / "config.json")
        with tempfile.TemporaryDirectory() as temporary:
            path = Path(temporary) / "model.gguf"
            write_gguf(path, config, load_file(folder / "model.safetensors"))
            self.model = llama_cpp.Llama(
                str(path),
                n_ctx=config.n_ctx,
                n_batch=config.n_ctx,
                n_threads=n_threads,
                n_threads_batch=n_threads,
                use_mmap=False,
                verbose=False,
            )
        self._n_vocab = config.n_vocab

    def forward(self, ids: Sequence[int]) -> Array:
        return self.read(ids)

    def read(self, ids: Sequence[int]) -> Array:
        self.model.reset()
        return self._further(ids)

    def decode(self, token: int) -> Array:
        return self._further([token])

    def generate(self, ids: Sequence[int], count: int) -> list[int]:
        return greedy(self, ids, count)

    def everything(self, ids: Sequence[int]) -> Everything:
        raise NotImplementedError("llama.cpp gives logits only")

    def _further(self, ids: Sequence[int]) -> Array:
        self.model.eval(ids)
        logits = llama_cpp.llama_get_logits_ith(self.model.ctx, -1)
        return np.ctypeslib.as_array(logits, (self._n_vocab,)).copy()
