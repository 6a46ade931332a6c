"""Writes the trained network as a Hugging Face GPT-2 checkpoint, full vocabulary and half precision; reads it back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file

from udfs.models.demo.recipe.network import Network
from udfs.models.demo.recipe.vocabulary import END_OF_TEXT, N_VOCAB, Vocabulary

CONFIG: Final = "config.json"
WEIGHTS: Final = "model.safetensors"


def write(network: Network, vocabulary: Vocabulary, folder: Path) -> None:
    """Writes `config.json` and `model.safetensors`."""
    folder.mkdir(parents=True, exist_ok=True)
    n_positions, n_embd = network.wpe.weight.shape
    config = {
        "architectures": ["GPT2LMHeadModel"],
        "model_type": "gpt2",
        "activation_function": "gelu_new",
        "attn_pdrop": 0.0,
        "bos_token_id": END_OF_TEXT,
        "embd_pdrop": 0.0,
        "eos_token_id": END_OF_TEXT,
        "initializer_range": 0.02,
        "layer_norm_epsilon": 1e-05,
        "n_ctx": n_positions,
        "n_embd": n_embd,
        "n_head": network.n_head,
        "n_inner": None,
        "n_layer": len(network.h),
        "n_positions": n_positions,
        "resid_pdrop": 0.0,
        "scale_attn_weights": True,
        "tie_word_embeddings": True,
        "torch_dtype": "float16",
        "vocab_size": N_VOCAB,
    }
    (folder / CONFIG).write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
    partial = folder / f"{WEIGHTS}.part"
    save_file(tensors(network, vocabulary), partial, metadata={"format": "pt"})
    partial.replace(folder / WEIGHTS)


def tensors(network: Network, vocabulary: Vocabulary) -> dict[str, NDArray[np.float16]]:
    """All tensors of the checkpoint by their GPT-2 names; `wte.weight` has a row for every token."""
    state = {name: tensor.detach().float() for name, tensor in network.state_dict().items()}
    state["wte.weight"] = _full_embedding(state["wte.weight"], vocabulary)
    return {name: tensor.half().contiguous().numpy() for name, tensor in state.items()}


def _full_embedding(reduced: torch.Tensor, vocabulary: Vocabulary) -> torch.Tensor:
    """The rows of all tokens: [n_known + 1, n_embd] -> [n_vocab, n_embd]. Unknown tokens share one row."""
    return reduced[torch.from_numpy(vocabulary.lookup())]


def read(folder: Path) -> tuple[dict[str, torch.Tensor], Vocabulary]:
    """The network's state and vocabulary, as `write` took them: the tokens whose row differs from the shared one."""
    state = {name: torch.from_numpy(tensor).float() for name, tensor in load_file(folder / WEIGHTS).items()}
    rows, row_of, counts = state["wte.weight"].unique(dim=0, return_inverse=True, return_counts=True)
    shared = int(counts.argmax())
    vocabulary = Vocabulary(tuple((row_of != shared).nonzero().flatten().tolist()))
    state["wte.weight"] = torch.cat((state["wte.weight"][list(vocabulary.tokens)], rows[shared, None]))
    return state, vocabulary
