"""Our search as a contender of somebody else's benchmark: `make(uri, data)` fills the server of `uri` and returns it.

`data` has `n`, `dim`, `q` (vectors of the questions), `qs` (dictionaries of `words`, `common`, `tenant`, `groups`),
`chunks()` (dictionaries of `body`, `tenant`, `acl`) and `vec`. The result is `{name: (ask, truth)}`: `ask(number)`
gives chunk numbers, `truth` says which exact list of the data they are to be compared with, or None.

Every chunk is a document of its own and stands in the database twice: open to its groups in one tenant for all, and as
part of its tenant. The service's role searches, through `app.data.retrieval`, as in the service.
"""

from __future__ import annotations

import asyncio
import atexit
import secrets
from collections.abc import Callable, Iterator
from typing import Any

import numpy
import psycopg
from psycopg import conninfo

from app.caller import Caller
from app.data import postgres, retrieval, store
from app.settings import Retrieval
from bench.retrieval_load import MODEL, fill

ROLE = "app_bench"
Ask = Callable[[int], list[int]]


class Twice:
    """The data as rows: number n with its groups, number n + `data.n` in its tenant."""

    per_document = 1

    def __init__(self, data: Any) -> None:
        self._data = data
        rights = [(row["tenant"], row["acl"]) for row in data.chunks()]
        self.tenant = ["all"] * data.n + [f"t{tenant}" for tenant, _ in rights]
        self.groups = [[f"g{name}" for name in acl] for _, acl in rights] + [[]] * data.n

    def __len__(self) -> int:
        return len(self.tenant)

    def texts(self) -> Iterator[str]:
        for _ in range(2):
            for row in self._data.chunks():
                yield row["body"]

    def block(self, start: int, end: int) -> Any:
        return self._data.vec[numpy.arange(start, end) % self._data.n]


def make(uri: str, data: Any) -> dict[str, tuple[Ask, str | None]]:
    """Fill the tables unless they are filled, and return what may be asked."""
    store.migrate(uri)
    password = secrets.token_urlsafe(16)
    with psycopg.connect(uri, autocommit=True) as connection:
        postgres.make_role(connection, ROLE, password)
        filled = connection.execute("SELECT EXISTS (SELECT FROM app.embeddings)").fetchone()
    store.grant(uri, ROLE)
    if filled == (False,):
        fill(uri, Twice(data), half=False)
    loop = asyncio.new_event_loop()
    service = conninfo.make_conninfo(uri, user=ROLE, password=password)
    pool = loop.run_until_complete(store.open_pool(service, max_size=1, single_statements=True))
    # Whoever asks knows nothing of a loop that has to be left in order.
    atexit.register(lambda: loop.run_until_complete(pool.close()))
    settings = Retrieval()
    by_groups = [Caller(tenant="all", groups=frozenset(f"g{name}" for name in one["groups"])) for one in data.qs]
    by_tenant = [Caller(tenant=f"t{one['tenant']}") for one in data.qs]
    few = [" ".join(one["words"]) for one in data.qs]
    many = [" ".join(one["words"] + one["common"]) for one in data.qs]
    vectors = [[float(value) for value in vector] for vector in data.q]

    def asking(callers: list[Caller], words: list[str] | None, *, near: bool = True) -> Ask:
        def ask(number: int) -> list[int]:
            hits = loop.run_until_complete(
                retrieval.search(
                    pool,
                    words[number] if words else "",
                    vectors[number] if near else None,
                    callers[number],
                    k=10,
                    settings=settings,
                    embedding_model=MODEL,
                )
            )
            return [int(hit.chunk_id[1:]) % data.n for hit in hits]

        return ask

    return {
        "own: vector, acl": (asking(by_groups, None), "acl"),
        "own: vector, tenant": (asking(by_tenant, None), "tenant"),
        "own: hybrid 3 words, acl": (asking(by_groups, few), None),
        "own: hybrid 7 words, acl": (asking(by_groups, many), None),
        "own: hybrid 7 words, tenant": (asking(by_tenant, many), None),
        "own: full text 7 words, acl": (asking(by_groups, many, near=False), None),
    }
