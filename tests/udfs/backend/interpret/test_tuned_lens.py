"""The tuned lens: published and small files are read alike; demo's brings early layers nearer to the answer."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

import udfs
from udfs.backend.catalogue import load
from udfs.backend.errors import ModelError
from udfs.backend.interpret import tuned_lens
from udfs.cells import FUNCTIONS, CellError
from udfs.models.demo.prompts import ADVERB, TUESDAY

PROMPT = "one two three"
RANDOM = np.random.default_rng(0)


@pytest.fixture
def file(models_folder: Path) -> Iterator[Path]:
    path = models_folder / "lens" / "tiny" / "lens.safetensors"
    path.parent.mkdir(parents=True)
    yield path
    path.unlink(missing_ok=True)
    path.parent.rmdir()
    path.parent.parent.rmdir()


def maps(prefix: str = "", size: float = 0.1) -> dict[str, np.ndarray]:
    shapes = {"weight": (32, 32), "bias": (32,)}
    return {
        f"{prefix}{layer}.{name}": (size * RANDOM.standard_normal(shape)).astype(np.float32)
        for layer in range(3)
        for name, shape in shapes.items()
    }


def test_maps_of_zero_leave_the_logit_lens(file: Path) -> None:
    save_file(maps(size=0), file)
    for show in ("both", "entropy", "kl"):
        tuned, plain = (udfs.gpt2_logitlens(PROMPT, 3, "all", text, "tiny") for text in (f"{show}, tuned", show))
        assert tuned == plain


@pytest.mark.parametrize("prefix", ["", "layer_translators."])
def test_a_published_lens_follows_the_formula(file: Path, prefix: str) -> None:
    tensors = maps(prefix)
    save_file(tensors, file)
    stages = [RANDOM.standard_normal((5, 32)).astype(np.float32) for _ in range(4)]
    found = tuned_lens.tuned(stages, load("tiny"))
    for layer in range(3):
        weight, bias = (tensors[f"{prefix}{layer}.{name}"] for name in ("weight", "bias"))
        np.testing.assert_allclose(found[layer], stages[layer] + stages[layer] @ weight.T + bias, atol=1e-5)
    assert found[3] is stages[3]


def test_two_factors_are_their_product(file: Path) -> None:
    whole = maps()
    factors = {name: value for name, value in whole.items() if name.endswith("bias")}
    for layer in range(3):
        up, down = (RANDOM.standard_normal(shape).astype(np.float32) for shape in ((32, 4), (4, 32)))
        factors |= {f"{layer}.up": up, f"{layer}.down": down}
        whole[f"{layer}.weight"] = up @ down
    stages = [RANDOM.standard_normal((5, 32)).astype(np.float32) for _ in range(4)]
    save_file(whole, file)
    expected = tuned_lens.tuned(stages, load("tiny"))
    save_file(factors, file)
    for found, other in zip(tuned_lens.tuned(stages, load("tiny")), expected, strict=True):
        np.testing.assert_allclose(found, other, atol=1e-3)


def test_a_cell_notices_another_file(file: Path) -> None:
    arguments = (PROMPT, 1, -1, "kl, tuned", "tiny")
    missing = FUNCTIONS["GPT2_LOGITLENS"].answer(arguments)
    assert str(missing[0][0]).startswith("#GPT2! show: the tuned lens of tiny must be in ")
    save_file(maps(), file)
    first = FUNCTIONS["GPT2_LOGITLENS"].answer(arguments)
    save_file(maps(size=3), file)
    assert missing != first != FUNCTIONS["GPT2_LOGITLENS"].answer(arguments)


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"1.bias": None}, "1.bias is missing from lens.safetensors"),
        ({"2.weight": None}, "2.weight is missing from lens.safetensors"),
        ({"0.weight": np.zeros((32, 31), np.float32)}, "0.weight must have shape 32 x 32, not 32 x 31"),
        ({"0.bias": np.zeros((32,), np.int32)}, "0.bias must be of type F32, F16, BF16, not I32"),
        ({"0.up": np.zeros((31, 4), np.float32), "0.down": np.zeros((4, 32), np.float32)},
         "0.up must have shape 32 x 4, not 31 x 4"),
    ],
)  # fmt: skip
def test_a_damaged_lens_is_one_line(file: Path, change: dict[str, np.ndarray | None], line: str) -> None:
    save_file({name: value for name, value in (maps() | change).items() if value is not None}, file)
    with pytest.raises(ModelError) as error:
        tuned_lens.load_for(load("tiny"))
    assert str(error.value) == line


def test_a_missing_lens_names_its_place() -> None:
    with pytest.raises(CellError, match=r"^show: the tuned lens of tiny must be in .*lens\.safetensors, and that file"):
        udfs.gpt2_logitlens(PROMPT, 1, -1, "tokens, tuned", "tiny")


@pytest.mark.parametrize("prompt", [TUESDAY, ADVERB, "The capital of Japan is"])
def test_demos_lens_is_nearer_to_the_answer(prompt: str) -> None:
    plain, tuned = (udfs.gpt2_logitlens(prompt, 1, "all", show, "demo") for show in ("kl", "kl, tuned"))
    means = [np.array([row[1:] for row in table[1:]], float).mean(axis=1) for table in (plain, tuned)]
    assert means[1][:9].mean() < 0.8 * means[0][:9].mean()
    assert means[1][-1] == 0
    assert (
        udfs.gpt2_logitlens(prompt, 1, -1, "tokens, tuned", "demo")[-1]
        == udfs.gpt2_logitlens(prompt, 1, -1, "tokens", "demo")[-1]
    )


def test_demos_lens_is_small() -> None:
    path = Path(udfs.__file__).parent / "models/demo_lens/lens.safetensors"
    assert path.stat().st_size < 200_000
