"""Downloads from the Hugging Face hub into the models folder, and the progress of the downloads on this machine.

`huggingface_hub.snapshot_download` deletes an unfinished file when its process ends, and checks only the size of a file
that comes over plain HTTP (read in version 2.4.0). GPT-2 XL is 6.4 GB, so this module keeps what has arrived and checks
each file against the hub's checksum. It uses huggingface_hub's own functions to look up and to transfer a file.
"""

from __future__ import annotations

import hashlib
import logging
import re
import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from huggingface_hub import constants, get_hf_file_metadata, get_token, hf_hub_url
from huggingface_hub.errors import (
    EntryNotFoundError,
    GatedRepoError,
    HfHubHTTPError,
    HFValidationError,
    OfflineModeIsEnabled,
    RepositoryNotFoundError,
)
from huggingface_hub.file_download import http_get

from addin.errors import AddinError, MissingError
from udfs.backend.errors import ModelError
from udfs.backend.folders import models_folder

_SHA256 = re.compile(r"[0-9a-f]{64}")
_GIT_SHA1 = re.compile(r"[0-9a-f]{40}")
_CHUNK = 2**20
_INCOMPLETE = ".incomplete"  # suffix of a folder while its files arrive
_PART = re.compile(r".+\.safetensors\.[0-9a-f]{12}\.(\d+)\.part")  # `_RemoteFile.part` of a file of weights
_STOPPED_AFTER = 60.0  # seconds without a new byte


@dataclass(frozen=True)
class Download:
    """An unfinished download: the model's name, how many bytes have arrived of how many, whether more still arrive."""

    model: str
    done: int
    total: int
    is_moving: bool


@dataclass(frozen=True)
class _RemoteFile:
    """A file on the hub. `checksum` is the SHA-256 of a large file, and git's blob id of a small one."""

    repository: str
    path: str
    url: str
    size: int
    checksum: str

    @property
    def name(self) -> str:
        return self.path.rpartition("/")[2]

    @property
    def part(self) -> str:
        """The name of the file while it arrives. It differs for each version of the file, and states the full size."""
        return f"{self.name}.{self.checksum[:12]}.{self.size}.part"


# Checks the folder of a download after a file has arrived. It may return further files, each with its check.
Check: TypeAlias = Callable[[Path], "Mapping[str, Check] | object"]


def install(repository: str, files: Mapping[str, Check], folder: Path) -> None:
    """Downloads files of a repository into a folder, which appears only when all of them are complete and usable.

    files: each file's path in the repository, and its check, which raises ModelError if the file cannot be used. The
    next file is then not downloaded, and nothing is kept.

    Raises AddinError if the repository has no such files, MissingError if the hub cannot be reached.
    """
    waiting = [(_look_up(repository, path), check) for path, check in files.items()]
    arriving = folder.with_name(folder.name + _INCOMPLETE)
    arriving.mkdir(parents=True, exist_ok=True)
    for file, check in waiting:  # grows while it is read
        _fetch(file, arriving)
        try:
            more = check(arriving)
        except ModelError as error:
            shutil.rmtree(arriving)
            raise AddinError(f"{repository} cannot be used here: {error}") from None
        if isinstance(more, Mapping):
            waiting += [(_look_up(repository, path), further) for path, further in more.items()]
    _replace(folder, arriving)


def present(repository: str, paths: Sequence[str]) -> list[str]:
    """Those of the files that a repository has. Raises the errors of `install`, except for missing files."""
    return [path for path in paths if _is_present(repository, path)]


def _is_present(repository: str, path: str) -> bool:
    with _explained(repository, path), suppress(EntryNotFoundError):
        get_hf_file_metadata(hf_hub_url(repository, path))
        return True
    return False


def downloads() -> list[Download]:
    """Every unfinished download on this machine, whichever process runs it."""
    found = []
    for folder in sorted(models_folder().rglob(f"*{_INCOMPLETE}")):
        for part in sorted(folder.iterdir()):
            match = _PART.fullmatch(part.name)
            if not match:
                continue
            try:
                stat = part.stat()
            except OSError:  # it was completed just now
                continue
            is_moving = time.time() - stat.st_mtime < _STOPPED_AFTER
            found.append(Download(folder.name.removesuffix(_INCOMPLETE), stat.st_size, int(match[1]), is_moving))
    return found


def _look_up(repository: str, path: str) -> _RemoteFile:
    """A file's size and checksum, and its address at the current commit."""
    with _explained(repository, path):
        metadata = get_hf_file_metadata(hf_hub_url(repository, path))
    checksum = metadata.etag or ""
    if metadata.size is None or not (_SHA256.fullmatch(checksum) or _GIT_SHA1.fullmatch(checksum)):
        raise AddinError(f"{constants.ENDPOINT} gives no size or checksum for {path} of {repository}")
    url = hf_hub_url(repository, path, revision=metadata.commit_hash)
    return _RemoteFile(repository, path, url, metadata.size, checksum)


def _fetch(file: _RemoteFile, folder: Path) -> None:
    """Downloads one file and checks it. Resumes an earlier attempt, and keeps a file that is already complete."""
    whole, part = folder / file.name, folder / file.part
    if whole.is_file():
        if _checksum(whole, file.checksum) == file.checksum:
            return
        whole.unlink()
    for outdated in set(folder.glob(f"{file.name}.*.part")) - {part}:
        outdated.unlink()
    _transfer(file, part)
    if _checksum(part, file.checksum) != file.checksum:
        part.unlink()
        raise MissingError(
            f"{file.name} of {file.repository} was damaged on the way: its checksum is not the hub's "
            f"{file.checksum[:12]}...; it was removed, try again"
        )
    part.replace(whole)


def _transfer(file: _RemoteFile, part: Path) -> None:
    done = part.stat().st_size if part.exists() else 0
    if done > file.size:
        part.unlink()
        done = 0
    needed, free = file.size - done, shutil.disk_usage(part.parent).free
    if free < needed:
        raise MissingError(f"{file.name} needs {needed / 1e6:.0f} MB, and {part.parent} has {free / 1e6:.0f} MB free")
    headers = {"Accept-Encoding": "identity"}
    if token := get_token():
        headers["Authorization"] = f"Bearer {token}"
    logging.getLogger("huggingface_hub").setLevel(logging.ERROR)  # it logs a line for each retry
    with part.open("ab") as content, _explained(file.repository, file.path):
        http_get(
            file.url,
            content,
            resume_size=done,
            headers=headers,
            expected_size=file.size,
            displayed_filename=file.name,
        )


def _checksum(path: Path, like: str) -> str:
    """A file's checksum, of the same kind as `like`: SHA-256, or git's SHA-1 of a blob (`git hash-object`)."""
    digest: Any = hashlib.sha256() if _SHA256.fullmatch(like) else hashlib.sha1(b"blob %d\0" % path.stat().st_size)
    with path.open("rb") as content:
        while chunk := content.read(_CHUNK):
            digest.update(chunk)
    return str(digest.hexdigest())


def _replace(folder: Path, arriving: Path) -> None:
    """Replaces the old folder by the new one. The old one stays if a file of it is in use on Windows."""
    old = folder.with_name(f"{folder.name}{_INCOMPLETE}-old")
    shutil.rmtree(old, ignore_errors=True)
    if folder.exists():
        folder.replace(old)
    arriving.replace(folder)
    shutil.rmtree(old, ignore_errors=True)


@contextmanager
def _explained(repository: str, path: str) -> Iterator[None]:
    """Turns huggingface_hub's errors into one line."""
    try:
        yield
    except GatedRepoError:
        raise AddinError(f"{repository} requires a login (hf auth login), or is private") from None
    except RepositoryNotFoundError:
        raise AddinError(f"{repository} is not on the hub, or is private") from None
    except EntryNotFoundError:
        raise AddinError(f"{repository} has no {path}; only checkpoints that have one can be read") from None
    except HFValidationError:
        raise AddinError(f"NAME must be a model's name or owner/repository, not {repository!r}") from None
    except OfflineModeIsEnabled:
        raise MissingError("HF_HUB_OFFLINE is set: unset it to download") from None
    except HfHubHTTPError as error:
        raise MissingError(f"{constants.ENDPOINT} answered {error.response.status_code} for {repository}") from None
    except Exception as error:
        # The other errors come from huggingface_hub's HTTP library, which differs between its versions.
        raise MissingError(f"cannot get {path} from {constants.ENDPOINT}: {error or type(error).__name__}") from error
