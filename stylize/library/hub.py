"""Styles in a dataset repository on the Hugging Face Hub, or on any server of the same kind.

A repository holds one file written by `StyleLibrary.export`. What is pulled is always one commit
named by its hash: the same hash brings the same styles, whatever happens to the repository.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from stylize.errors import LibraryError
from stylize.extras import needs_extra
from stylize.library.shared_file import MAX_TOTAL_BYTES
from stylize.library.sharing import ImportReport, OnConflict

if TYPE_CHECKING:
    from stylize.library.library import StyleLibrary

STYLES_FILE = "styles.zip"
_CARD = """\
---
tags:
- style-transfer
- stylize
---
# Styles for Stylize Studio

`styles.zip` holds {count} styles: credits, style vectors and thumbnails. Take them with

    stylize library pull {repository}

Each style's record names its artist, source and licence.
"""


def push_styles(
    library: StyleLibrary,
    repository: str,
    names: Sequence[str] | None = None,
    *,
    originals: bool = False,
    private: bool = True,
    token: str | None = None,
    endpoint: str | None = None,
) -> str:
    """Send styles to a dataset repository, in one commit.

    Args:
        library: Where the styles are.
        repository: ``user/name``; created if it is not there.
        names: Which styles. Default: all of the user's own.
        originals: Send the kept pictures too. They may be under copyright.
        private: Whether a new repository is private.
        token: Access token. Default: the one of ``hf auth login`` or ``HF_TOKEN``.
        endpoint: Address of the server. Default: the Hub.

    Returns:
        The hash of the commit: the revision to pull.

    Raises:
        LibraryError: There is nothing to send, or the server cannot be reached or refuses.
        MissingExtraError: The extra ``hub`` is not installed.
    """
    with needs_extra("hub"):
        from huggingface_hub import CommitOperationAdd, HfApi

    api = HfApi(endpoint=endpoint, token=token)
    with tempfile.TemporaryDirectory() as folder, _hub_errors(repository):
        path = Path(folder) / STYLES_FILE
        count = library.export(path, names, originals=originals)
        api.create_repo(repository, repo_type="dataset", private=private, exist_ok=True)
        operations = [CommitOperationAdd(STYLES_FILE, path)]
        if not api.file_exists(repository, "README.md", repo_type="dataset"):
            card = _CARD.format(count=count, repository=repository).encode()
            operations.append(CommitOperationAdd("README.md", card))
        commit = api.create_commit(
            repository, operations, repo_type="dataset", commit_message=f"Add {count} styles"
        )
    return commit.oid


def pull_styles(
    library: StyleLibrary,
    repository: str,
    *,
    revision: str | None = None,
    on_conflict: OnConflict = "error",
    token: str | None = None,
    endpoint: str | None = None,
) -> tuple[ImportReport, str]:
    """Add the styles of a dataset repository, verified as those of any other file.

    Args:
        library: Where to add them.
        repository: ``user/name``.
        revision: The hash of a commit, or the name of a branch or tag, which is resolved to a
            hash first. Default: the newest commit.
        on_conflict: As for `StyleLibrary.import_`.
        token: Access token, for a private repository.
        endpoint: Address of the server. Default: the Hub.

    Returns:
        What was done, and the hash of the commit that was taken.

    Raises:
        LibraryError: The repository, revision or file is missing, damaged or too large, or the
            server cannot be reached.
        MissingExtraError: The extra ``hub`` is not installed.
        StyleExistsError: Names are taken and ``on_conflict`` is "error".
    """
    with needs_extra("hub"):
        from huggingface_hub import HfApi

    api = HfApi(endpoint=endpoint, token=token)
    with tempfile.TemporaryDirectory() as folder:
        with _hub_errors(repository):
            info = api.dataset_info(repository, revision=revision, files_metadata=True)
            taken = info.sha or ""
            if revision and re.fullmatch(r"[0-9a-f]{40}", revision) and taken != revision:
                raise LibraryError(f"{repository} answered with another commit than {revision}.")
            sizes = {file.rfilename: file.size or 0 for file in info.siblings or ()}
            if STYLES_FILE not in sizes:
                raise LibraryError(f"{repository} holds no {STYLES_FILE}, so no styles to pull.")
            if sizes[STYLES_FILE] > MAX_TOTAL_BYTES:
                limit = MAX_TOTAL_BYTES // 2**30
                raise LibraryError(f"{STYLES_FILE} of {repository} is larger than {limit} GiB.")
            path = api.hf_hub_download(
                repository, STYLES_FILE, repo_type="dataset", revision=taken, local_dir=folder
            )
        return library.import_(path, on_conflict=on_conflict), taken


@contextmanager
def _hub_errors(repository: str) -> Iterator[None]:
    """Turn what can go wrong between here and the server into messages for the user."""
    from huggingface_hub import errors

    try:
        yield
    except errors.HFValidationError as error:
        raise LibraryError(f'"{repository}" is no repository; give it as user/name.') from error
    except errors.RevisionNotFoundError as error:
        raise LibraryError(f"{repository} has no such revision.") from error
    except errors.RepositoryNotFoundError as error:
        raise LibraryError(
            f"There is no dataset repository {repository}, or it is private: log in with "
            "`hf auth login` or set HF_TOKEN."
        ) from error
    except errors.HfHubHTTPError as error:
        reason = error.server_message or str(error).splitlines()[0]
        raise LibraryError(f"The server refused the request for {repository}: {reason}") from error
    except Exception as error:
        # Which HTTP client it uses, and so whose errors come through, is huggingface_hub's matter.
        client = type(error).__module__.partition(".")[0]
        unreachable = (errors.LocalEntryNotFoundError, errors.OfflineModeIsEnabled, OSError)
        if not isinstance(error, unreachable) and not client.startswith("http"):
            raise
        raise LibraryError(
            f"The server of {repository} cannot be reached. Check the network and try again."
        ) from error
