"""Which operating system account runs the embedded Postgres, and which folders that account can reach.

Postgres refuses to run as root. Started by root it gets an existing unprivileged account; no account is created and no
permission of a folder that was there before is changed.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from app.errors import ConfigurationError

# Tried in this order when root starts a new cluster: the account made for it, then the one every system has.
UNPRIVILEGED = ("postgres", "nobody")


@dataclass(frozen=True, slots=True)
class Account:
    """The account of the server processes. `uid` and `gid` are None when they are simply our own."""

    uid: int | None = None
    gid: int | None = None

    def run(self, command: Sequence[str], *, cwd: Path) -> subprocess.CompletedProcess[bytes]:
        """Run to the end as this account. No pipe is handed on, so a daemon may outlive the command."""
        return subprocess.run(  # noqa: S603
            command,
            cwd=cwd,
            env={"PATH": os.defpath, "LC_ALL": "C"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            check=False,
            user=self.uid,
            group=self.gid,
            extra_groups=[] if self.uid is not None else None,
        )

    def reaches(self, path: Path) -> bool:
        """Whether this account may enter or execute `path`, every parent folder included."""
        return self.uid is None or self.run(["/usr/bin/env", "test", "-x", str(path)], cwd=Path("/")).returncode == 0

    def own(self, path: Path) -> None:
        """Hand a file or folder that we created to the account."""
        if self.uid is not None and self.gid is not None:
            os.chown(path, self.uid, self.gid)


def choose(cluster: Path) -> Account:
    """The account for the cluster at `cluster`: its owner when it exists, else an unprivileged one.

    Raises ConfigurationError when we are root and no unprivileged account exists.
    """
    import pwd

    if os.geteuid() != 0:
        return Account()
    if cluster.exists() and cluster.stat().st_uid != 0:
        found = cluster.stat()
        return Account(found.st_uid, found.st_gid)
    for name in UNPRIVILEGED:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(entry.pw_uid, entry.pw_gid)
    raise ConfigurationError(
        f"Postgres does not run as root and none of the accounts {', '.join(UNPRIVILEGED)} exists: "
        "run as another user, or set DATABASE_URL"
    )
