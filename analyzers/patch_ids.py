"""What tells the same change again under another name: rebased, cherry-picked, put elsewhere. Pure.

As `git patch-id` does it: by what a patch adds, removes and stands beside, and not by where in the
file that is or by white space. Nothing is stored by it, so it may change.
"""

from __future__ import annotations

import json
from hashlib import sha256

from analyzers.model import Commit, FileChange


def patch_id(commit: Commit) -> str:
    """A name that two commits share if they make the same change.

    Where the patches do not tell the whole change (a merge, an empty commit, a binary or very large
    file, a mode), the author and the time of writing count as well, which a rebase keeps: two
    different changes must not be taken for one, or the second would not be told.
    """
    told: list[object] = [_file(change) for change in commit.files]
    if commit.files_omitted or not all(change.patch for change in commit.files) or not told:
        told += [commit.author.name, commit.author.email, commit.authored_at.isoformat()]
    if not commit.files:
        told.append(commit.message)
    return sha256(json.dumps(told).encode()).hexdigest()


def _file(change: FileChange) -> list[object]:
    lines = change.patch.split("\n") if change.patch else ()
    return [
        change.path,
        change.previous_path,
        change.status.value,
        *([] if lines else [change.additions, change.deletions]),
        # Lines of a hunk have a sign before them; `@@` is its header, and a backslash a remark on
        # the end of the file.
        *(line[:1] + "".join(line[1:].split()) for line in lines if line[:1] not in ("@", "\\")),
    ]
