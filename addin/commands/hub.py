"""Fetches one file from the Hugging Face hub: goes on where an earlier attempt stopped, and checks the hub's checksum.

huggingface_hub's own download starts again from nothing in a new process, so only its parts are used: what the hub
says of a file, and the transfer itself with its progress bar and retries.
"""

from __future__ import annotations

import hashlib
import logging
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

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

from addin.commands.console import size
from addin.commands.problems import Missing, Problem

_SHA256 = re.compile(r"[0-9a-f]{64}")
_GIT_SHA1 = re.compile(r"[0-9a-f]{40}")
_CHUNK = 2**20


@dataclass(frozen=True)
class RemoteFile:
    """A file as the hub states it: `checksum` is the SHA-256 of a large file, git's blob id of a small one."""

    name: str
    url: str
    size: int
    checksum: str


def look_up(repository: str, name: str) -> RemoteFile:
    """What the hub says of a file, pinned to the commit of now. Problem where there is none, Missing without a hub."""
    with _explained(repository, name):
        said = get_hf_file_metadata(hf_hub_url(repository, name))
    checksum = said.etag or ""
    if said.size is None or not (_SHA256.fullmatch(checksum) or _GIT_SHA1.fullmatch(checksum)):
        raise Problem(f"{constants.ENDPOINT} states no size or checksum for {name} of {repository}: nothing to trust")
    url = hf_hub_url(repository, name, revision=said.commit_hash)
    return RemoteFile(name, url, said.size, checksum)


def fetch(repository: str, file: RemoteFile, folder: Path) -> Path:
    """The file in that folder, whole and checked. What an earlier attempt left there is not fetched again.

    Raises Missing, and removes what came, where it does not have the hub's checksum.
    """
    whole, part = folder / file.name, folder / f"{file.name}.{file.checksum[:12]}.part"
    if whole.is_file():
        if checksum(whole, file.checksum) == file.checksum:
            return whole
        whole.unlink()
    for stale in set(folder.glob(f"{file.name}.*.part")) - {part}:
        stale.unlink()  # of a version that the hub no longer gives
    _transfer(repository, file, part)
    if checksum(part, file.checksum) != file.checksum:
        part.unlink()
        raise Missing(
            f"{file.name} of {repository} came damaged: its checksum is not the hub's {file.checksum[:12]}...; "
            "it is removed, try again"
        )
    return part.replace(whole)


def checksum(path: Path, like: str) -> str:
    """The checksum of a file, of the kind that `like` is: SHA-256, or git's SHA-1 of a blob (`git hash-object`)."""
    digest: Any = hashlib.sha256() if _SHA256.fullmatch(like) else hashlib.sha1(b"blob %d\0" % path.stat().st_size)
    with path.open("rb") as content:
        while chunk := content.read(_CHUNK):
            digest.update(chunk)
    return str(digest.hexdigest())


def _transfer(repository: str, file: RemoteFile, part: Path) -> None:
    there = part.stat().st_size if part.exists() else 0
    if there > file.size:
        part.unlink()
        there = 0
    free = shutil.disk_usage(part.parent).free
    if free < file.size - there:
        raise Missing(f"{file.name} needs {size(file.size - there)}, {part.parent} has {size(free)} free")
    headers = {"Accept-Encoding": "identity"}
    if token := get_token():
        headers["Authorization"] = f"Bearer {token}"
    logging.getLogger("huggingface_hub").setLevel(logging.ERROR)  # each of its retries is a line
    with part.open("ab") as content, _explained(repository, file.name):
        http_get(
            file.url,
            content,
            resume_size=there,
            headers=headers,
            expected_size=file.size,
            displayed_filename=file.name,
        )


@contextmanager
def _explained(repository: str, name: str) -> Iterator[None]:
    """huggingface_hub's errors in one line."""
    try:
        yield
    except (GatedRepoError, RepositoryNotFoundError) as error:
        kind = "asks for a login: hf auth login" if isinstance(error, GatedRepoError) else "is not on the hub"
        raise Problem(f"{repository} {kind}, or is private") from None
    except EntryNotFoundError:
        raise Problem(f"{repository} has no {name}; only checkpoints with it can be read") from None
    except HFValidationError:
        raise Problem(f"NAME must be a model's name or owner/repository, not {repository!r}") from None
    except OfflineModeIsEnabled:
        raise Missing("HF_HUB_OFFLINE is set: unset it to download") from None
    except HfHubHTTPError as error:
        raise Missing(f"{constants.ENDPOINT} answers {error.response.status_code} for {repository}") from None
    except Exception as error:
        # The rest are errors of the HTTP library that huggingface_hub is built on, which differs between its versions.
        raise Missing(f"cannot get {name} from {constants.ENDPOINT}: {error or type(error).__name__}") from None
