"""Downloads files inside a browser, chunk by chunk, so that they are never in memory as a whole.

The Hugging Face hub allows pages of other sites a plain GET. It refuses their requests for a range of bytes or for the
headers alone, so a download that was stopped starts over. No function in a cell calls this: the user starts it.
"""

from __future__ import annotations

import logging
import os
import shutil
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path

from addin.errors import AddinError

_log = logging.getLogger(__name__)

_HUB = "https://huggingface.co"  # or `HF_ENDPOINT`
_STEP = 50_000_000  # bytes between two lines of progress
_INCOMPLETE = ".incomplete"  # suffix of the folder while its files arrive


async def fetched(url: str) -> AsyncIterator[bytes]:
    """The content of a URL in chunks. Raises AddinError if the server answers with an error."""
    from pyodide.http import pyfetch  # a browser's Python has it

    response = await pyfetch(url)
    if not response.ok:
        raise AddinError(f"{url} answered {response.status}")
    reader = response.js_response.body.getReader()
    while not (piece := await reader.read()).done:
        yield piece.value.to_bytes()


async def download(
    repository: str,
    files: Sequence[str],
    folder: Path,
    check: Callable[[Path], object],
    *,
    tell: Callable[[str], object] = print,
    fetch: Callable[[str], AsyncIterator[bytes]] = fetched,
) -> None:
    """Downloads files of a repository into a folder, which appears only when all are there and pass the check.

    check: raises an exception if the files in a folder cannot be used
    tell: receives lines about the progress
    fetch: gives the content of a URL in chunks

    Raises AddinError if the hub cannot be reached or lacks a file. Nothing is kept then.
    """
    arriving = folder.with_name(folder.name + _INCOMPLETE)
    shutil.rmtree(arriving, ignore_errors=True)
    arriving.mkdir(parents=True)
    try:
        for name in files:
            url = f"{os.environ.get('HF_ENDPOINT', _HUB)}/{repository}/resolve/main/{name}"
            await _save(fetch(url), arriving / name, tell)
        check(arriving)
        shutil.rmtree(folder, ignore_errors=True)
        arriving.replace(folder)
    finally:
        shutil.rmtree(arriving, ignore_errors=True)
    tell(f"{folder.name} is now in {folder}")


async def _save(chunks: AsyncIterator[bytes], file: Path, tell: Callable[[str], object]) -> None:
    n_bytes = told = 0
    with file.open("wb") as content:
        try:
            async for chunk in chunks:
                content.write(chunk)
                n_bytes += len(chunk)
                if n_bytes >= told + _STEP:
                    told = n_bytes
                    tell(f"{file.name}: {n_bytes / 1e6:.0f} MB so far")
        except (AddinError, MemoryError):
            raise
        except Exception as error:  # JavaScript's errors
            _log.exception("the download of %s stopped", file.name)
            raise AddinError(f"{file.name} stopped after {n_bytes / 1e6:.0f} MB: {error}") from None
    tell(f"{file.name}: {n_bytes / 1e6:.1f} MB, complete")
