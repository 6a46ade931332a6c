"""`python -m udfs.models.demo.recipe.fetch FOLDER`: downloads the originals of the corpus from GitHub.

`originals.json` lists the repositories, commits and files. They are the texts before any selection: the README says how
they were filtered, and names the two sources that are not in any repository.
"""

from __future__ import annotations

import argparse
import io
import json
import urllib.request
import zipfile
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath
from typing import Final, NamedTuple

_ORIGINALS: Final = Path(__file__).with_name("originals.json")
_ARCHIVE: Final = "https://github.com/{repository}/archive/{commit}.zip"


class Original(NamedTuple):
    """Files of one commit of a repository; `files` are patterns such as `en/*.md`."""

    source: str
    repository: str
    commit: str
    files: tuple[str, ...]


def originals() -> list[Original]:
    """The content of `originals.json`."""
    listed: dict[str, list[dict[str, str]]] = json.loads(_ORIGINALS.read_text(encoding="utf-8"))
    return [
        Original(source, part["repository"], part["commit"], tuple(part["files"]))
        for source, parts in listed.items()
        for part in parts
    ]


def fetch(original: Original, folder: Path) -> int:
    """Writes the files to `folder/SOURCE/REPOSITORY/`. Returns their number."""
    url = _ARCHIVE.format(repository=original.repository, commit=original.commit)
    with urllib.request.urlopen(url) as answer:
        files = list(matching(answer.read(), original.files))
    for path, content in files:
        target = folder / original.source / original.repository.replace("/", "_") / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    return len(files)


def matching(archive: bytes, patterns: tuple[str, ...]) -> Iterator[tuple[str, bytes]]:
    """The paths and contents of an archive's files that match a pattern. An archive of GitHub has one folder."""
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        for name in opened.namelist():
            path = PurePosixPath(*PurePosixPath(name).parts[1:])
            if ".." not in path.parts and any(fnmatch(str(path), pattern) for pattern in patterns):
                yield str(path), opened.read(name)


def main() -> None:
    """Downloads everything, and prints a line for each repository."""
    parser = argparse.ArgumentParser(prog="python -m udfs.models.demo.recipe.fetch", description=__doc__)
    parser.add_argument("folder", type=Path, help="folder to write to")
    folder: Path = parser.parse_args().folder
    for original in originals():
        print(f"{original.source}: {fetch(original, folder)} files of {original.repository}", flush=True)


if __name__ == "__main__":
    main()
