"""Fixtures for all tests: a models folder with a random checkpoint `tiny`, isolated from this user's own files."""

from __future__ import annotations

import gc
import os
import pickle
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings

from tests.broken_gelu import BrokenGelu, broken
from tests.caches import forget_results
from tests.order import Scheduling, turn
from tests.random_checkpoint import write_checkpoint
from tests.random_sae import write_sae
from tests.shared import Shared
from udfs.backend import catalogue
from udfs.backend.errors import ModelError
from udfs.backend.gpt2.model import Model
from udfs.cells import FUNCTIONS
from udfs.cells.log import log_to_file

if TYPE_CHECKING:
    from tests.books import Books
    from tests.hosts.recorded_calls import Call

# Each process of a test run would compile every module again, and pytest would rewrite every test.
sys.dont_write_bytecode = False

# The processes that pytest-xdist starts keep freed memory for the next array. By default, glibc gives it back to the
# system and asks for it again, which takes a third of the time that a test run spends in the system.
for setting in ("MALLOC_TRIM_THRESHOLD_", "MALLOC_MMAP_THRESHOLD_"):
    os.environ.setdefault(setting, str(2**30))

# A busy machine may take long over anything. A commit is tested with the same examples every time;
# `--hypothesis-profile=explore` draws others.
settings.register_profile("explore", deadline=None)
settings.register_profile("project", deadline=None, derandomize=True)
settings.load_profile("project")

OWN_MODELS = catalogue.models_folder()  # saved before `models_folder` sets another one


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Scheduling | None:
    return Scheduling(config, log) if config.getoption("dist") == "loadfile" else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: turn(item.path))


def pytest_collection() -> None:
    """Collection makes hundreds of thousands of objects, and no garbage."""
    gc.disable()


def pytest_collection_finish() -> None:
    """Spares the garbage collector the thousands of collected tests, which it would go through again and again."""
    gc.freeze()
    gc.enable()
    gc.set_threshold(50_000, 20, 100)  # tests make large workbooks, whose many objects are not garbage


def pytest_sessionfinish() -> None:
    """Spares the collector the workbooks that are still open: pytest calls it five times when all tests are done."""
    gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def models_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The models folder of the tests: the random checkpoint `tiny` with a random sparse autoencoder before block 1.

    The default model is `demo`. Caches and logs go to temporary folders.
    """
    folder = tmp_path_factory.mktemp("models")
    write_checkpoint(folder / "tiny")
    write_sae(folder / "sae" / "tiny" / "blocks.1.hook_resid_pre")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GPT2_EXCEL_MODELS", str(folder))
        patch.setenv("GPT2_EXCEL_MODEL", "demo")
        # Each of the many processes that tests start would compile every module again.
        patch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
        patch.setenv("GPT2_EXCEL_CACHE", str(tmp_path_factory.mktemp("cache")))
        patch.setenv("GPT2_EXCEL_LOG", str(tmp_path_factory.mktemp("log") / "gpt2-excel.log"))
        yield folder


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Shared:
    folder = tmp_path_factory.getbasetemp()
    return Shared(folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder)


@pytest.fixture(scope="session")
def books(shared: Shared, models_folder: Path) -> Books:
    from tests.books import Books  # imported when needed: pytest-xdist's own process only waits for it

    return Books(shared)


@pytest.fixture(scope="session")
def pure_workbook(books: Books) -> Path:
    """`5_pure_formulas.xlsx` with the model demo."""
    return books.file("pure", model=catalogue.DEMO)


@pytest.fixture(scope="session")
def recorded(shared: Shared, models_folder: Path) -> Callable[[str], list[Call]]:
    """The calls that a template's formulas make with the model demo."""
    from tests.hosts.recorded_calls import record

    def of(template: str) -> list[Call]:
        file = shared.once(f"{template}.calls", lambda file: file.write_bytes(pickle.dumps(record(template))))
        calls: list[Call] = pickle.loads(file.read_bytes())
        return calls

    return of


@pytest.fixture
def broken_gelu(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[BrokenGelu]:
    """GPT2_GELU with a bug. A host that starts now logs it to a file in a folder that does not exist yet."""
    log = tmp_path / "new folder" / "bugs.log"
    with monkeypatch.context() as patch:
        patch.setenv("GPT2_EXCEL_LOG", str(log))
        forget_results()  # an earlier test may have asked for the same value
        patch.setitem(FUNCTIONS, "GPT2_GELU", broken())
        yield BrokenGelu(log)
    log_to_file()


@pytest.fixture
def gpt2(monkeypatch: pytest.MonkeyPatch) -> Model:
    """The real GPT-2 small. Skips the test if it is not on this machine."""
    monkeypatch.setenv("GPT2_EXCEL_MODELS", str(OWN_MODELS))
    try:
        return catalogue.load("gpt2")
    except ModelError as error:
        pytest.skip(str(error))
