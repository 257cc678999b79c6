"""Search under permissions: ours against what the same server can do at best.

A made corpus with skewed words, clustered vectors, tenants and groups is written into a Postgres of its own; then every
question is asked in one process, one at a time, contenders taking turns. The last line is JSON.

    python bench/retrieval.py [--chunks 200000] [--dimensions 384] [--questions 200]

BENCH_RETRIEVAL_CHUNKS stands for --chunks, BENCH_RETRIEVAL_HALF=1 for --half. BENCH_RETRIEVAL_PEERS names others that
are asked the same in turn, each with the Python it is installed for: `langchain-ensemble=PYTHON lancedb=PYTHON`
(`bench/retrieval_peers.py` knows which).
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy
import psycopg

from app.caller import Caller
from app.data import postgres, retrieval, store
from app.settings import Retrieval
from bench.retrieval_corpus import Corpus, Scope, callers, exact, make, questions
from bench.retrieval_load import MODEL, build_floor, fill

# Some of the peers take a second for a question.
PEER_QUESTIONS = 50
# A fraction of a second each, at 200,000 chunks.
SLOW = ("one plain statement, 7 words",)
SLOW_QUESTIONS = 30
THEIRS = ("vector-only floor", "vectors by pgvector, same filter", "one plain statement, 7 words")
FLOOR = "SELECT id FROM floor ORDER BY embedding <=> %s::{kind} LIMIT 40"
# The same under the caller's filter, by the tenant's own index walked until enough rows are met.
FILTERED = """
    SELECT chunk_id FROM app.embeddings WHERE tenant = '{tenant}' AND model = 'bench' AND dimensions = {dimensions}
        AND readers && %s ORDER BY embedding::{kind}({dimensions}) <=> %s::{kind}({dimensions}) LIMIT 40
"""
PLAIN = """
    WITH v AS (SELECT id, row_number() OVER () AS r FROM (SELECT chunk_id AS id FROM app.embeddings
        WHERE tenant = %(tenant)s AND readers && %(keys)s ORDER BY embedding <=> %(vector)s::vector LIMIT 40) x),
    f AS (SELECT id, row_number() OVER (ORDER BY s DESC, id) AS r FROM (SELECT c.id, ts_rank_cd(c.words, q) AS s
        FROM app.chunks c, to_tsquery('english', %(words)s) q WHERE c.tenant = %(tenant)s AND c.readers && %(keys)s
        AND c.words @@ q ORDER BY s DESC LIMIT 40) y)
    SELECT id FROM v FULL JOIN f USING (id) ORDER BY coalesce(1.0 / (60 + v.r), 0) + coalesce(1.0 / (60 + f.r), 0) DESC
    LIMIT 10
"""


SIZES = """
    SELECT name, pg_total_relation_size(('app.' || name)::regclass)
    FROM unnest(ARRAY['chunks', 'embeddings', 'sketches', 'words']) AS name
    UNION ALL SELECT 'vector indexes', coalesce(sum(pg_relation_size(oid)), 0)::bigint FROM pg_class
    WHERE relname LIKE 'embeddings\\_near\\_%'
"""


class Counting:
    """Lends a pool's connections and counts the statements sent on them; none opens a transaction of its own."""

    def __init__(self, pool: Any) -> None:
        self._pool = pool
        self.sent = 0

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Counting]:
        """Lend one."""
        async with self._pool.connection() as self._lent:
            yield self

    async def execute(self, statement: str, parameters: Any) -> Any:
        """Send one."""
        self.sent += 1
        return await self._lent.execute(statement, parameters)


class Processor:
    """Processor time of one server process in ms, where the system tells it (Linux): less moved by a busy machine."""

    def __init__(self, pid: int) -> None:
        self._file = Path(f"/proc/{pid}/schedstat")

    def __call__(self) -> float | None:
        return int(self._file.read_text().split()[0]) / 1e6 if self._file.exists() else None


class Peer:
    """Another library in a process of its own: it fills its store, then answers all questions at each call."""

    def __init__(self, name: str, python: str, folder: Path, url: str) -> None:
        script = Path(__file__).with_name("retrieval_peers.py")
        command = [python, str(script), name, str(folder), url]
        quiet = {**os.environ, "LANCE_LOG": "error"}
        self._process = subprocess.Popen(command, env=quiet, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        built = self._answer()
        self.built_s: float = built["built_s"]
        self.scope: Scope = built["scope"]

    def ask(self, most: int) -> tuple[list[float], list[list[str]], list[list[str]]]:
        """Milliseconds and found ids of the first `most` questions, and what its vectors alone find."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{most}\n")
        self._process.stdin.flush()
        answer = self._answer()
        return answer["ms"], answer["ids"], answer["near"]

    def close(self) -> None:
        self._process.communicate()

    def _answer(self) -> Any:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if line.startswith('{"'):
                return json.loads(line)
        raise SystemExit(f"the peer ended with code {self._process.wait()}: its own message stands above")


def hand_over(corpus: Corpus, asking: list[Caller], words: list[str], folder: Path) -> None:
    """Write what the peers read."""
    folder.mkdir(exist_ok=True)
    numpy.save(folder / "vectors.npy", corpus.vectors)
    numpy.save(folder / "asked.npy", corpus.asked)
    (folder / "texts.txt").write_text("\n".join(corpus.texts()), encoding="utf-8")
    tenants = [corpus.tenant[corpus.document(number)] for number in range(len(corpus))]
    (folder / "tenants.json").write_text(json.dumps(tenants))
    (folder / "questions.json").write_text(json.dumps(words))
    (folder / "callers.json").write_text(json.dumps([caller.tenant for caller in asking]))


def peers(corpus: Corpus, folder: Path, url: str) -> dict[str, Peer]:
    """Those that BENCH_RETRIEVAL_PEERS names, filled."""
    named = os.environ.get("BENCH_RETRIEVAL_PEERS", "").split()
    if named:
        hand_over(corpus, callers(corpus), questions(corpus)[1], folder / "peers")
    made = {}
    for name, _, python in (entry.partition("=") for entry in named):
        made[name] = Peer(name, python, folder / "peers", url)
        print(f"{name} built in {made[name].built_s} s", flush=True)
    return made


class Asking:
    """The contenders of our own server: each is asked a question by its number and gives the ids it found."""

    def __init__(self, corpus: Corpus, pool: Any, floor: psycopg.AsyncConnection, *, half: bool) -> None:
        self.callers = callers(corpus)
        self.short, self.long = questions(corpus)
        self.vectors = [[float(value) for value in vector] for vector in corpus.asked]
        self.settings = Retrieval(half_precision=half)
        self.pool = pool
        self._floor = floor
        self._kind = "halfvec" if half else "vector"
        self._literals = ["[" + ",".join(f"{value:.6g}" for value in vector) + "]" for vector in self.vectors]
        self.contenders: dict[str, Callable[[int], Awaitable[list[str]]]] = {
            "vector-only floor": self._vector_alone,
            "vectors by pgvector, same filter": self._vector_filtered,
            "ours, hybrid, 3 rare words": lambda number: self.ours(number, self.short),
            "ours, hybrid, 7 words, 4 common": lambda number: self.ours(number, self.long),
            "the same, every vector read": lambda number: self.ours(number, self.long, compared=0),
            "ours, vectors alone": lambda number: self.ours(number, None, text_weight=0.0),
            "ours, text alone, 7 words": lambda number: self.ours(number, self.long, vector=False),
            "one plain statement, 7 words": self._plain,
        }

    async def ours(self, number: int, words: list[str] | None, *, vector: bool = True, **changed: Any) -> list[str]:
        """Our search, with settings `changed`."""
        settings = self.settings.model_copy(update=changed) if changed else self.settings
        hits = await retrieval.search(
            self.pool, words[number] if words else "", self.vectors[number] if vector else None, self.callers[number],
            k=10, embedding_model=MODEL, settings=settings,
        )  # fmt: skip
        return [hit.chunk_id for hit in hits]

    async def statements(self) -> float:
        """How many statements a search of ours sends."""
        counting = Counting(self.pool)
        for number, vector in enumerate(self.vectors):
            await retrieval.search(
                counting, self.long[number], vector, self.callers[number], settings=self.settings, embedding_model=MODEL
            )  # type: ignore[arg-type]
        return counting.sent / len(self.vectors)

    async def _vector_alone(self, number: int) -> list[str]:
        return await self._first(FLOOR.format(kind=self._kind), [self._literals[number]])

    async def _vector_filtered(self, number: int) -> list[str]:
        caller = self.callers[number]
        statement = FILTERED.format(tenant=caller.tenant, dimensions=len(self.vectors[0]), kind=self._kind)
        return await self._first(statement, [_keys(caller), self._literals[number]])

    async def _plain(self, number: int) -> list[str]:
        caller = self.callers[number]
        values = {"tenant": caller.tenant, "keys": _keys(caller), "vector": self._literals[number]}
        return await self._first(PLAIN, {**values, "words": " | ".join(self.long[number].split())})

    async def _first(self, statement: str, values: Any) -> list[str]:
        cursor = await self._floor.execute(statement.encode(), values)
        return [row[0] for row in await cursor.fetchall()]


@dataclass
class Taken:
    """What one contender took and found: milliseconds by the clock and of the server's processor, and ids by question.

    `near` is what its vectors alone found, where that is told apart: fused lists have no exact counterpart.
    """

    ms: list[float] = field(default_factory=list)
    used: list[float] = field(default_factory=list)
    found: list[list[str]] = field(default_factory=list)
    near: list[list[str]] = field(default_factory=list)

    def figures(self, targets: list[str]) -> dict[str, Any]:
        """By name."""
        self.ms.sort()
        self.used.sort()
        hit = sum(target in ids[:10] for target, ids in zip(targets, self.found, strict=False))
        return {
            "p50_ms": round(self.ms[len(self.ms) // 2], 2),
            "p95_ms": round(self.ms[int(len(self.ms) * 0.95)], 2),
            "server_cpu_p50_ms": round(self.used[len(self.used) // 2], 2) if self.used else None,
            "server_cpu_p95_ms": round(self.used[int(len(self.used) * 0.95)], 2) if self.used else None,
            "found_target": round(hit / len(self.found), 3),
        }


async def take_turns(
    asking: Asking, rounds: int, others: dict[str, Peer], processors: Callable[[str], Processor]
) -> dict[str, Taken]:
    """All questions by each contender, round by round; the first round warms and is not counted."""
    taken = {name: Taken() for name in (*asking.contenders, *others)}
    for turn in range(rounds):
        for name, ask in asking.contenders.items():
            one, processor = taken[name], processors(name)
            one.found = []
            count = min(SLOW_QUESTIONS, len(asking.vectors)) if name in SLOW else len(asking.vectors)
            for number in range(count):
                before, started = processor(), time.perf_counter()
                one.found.append(await ask(number))
                if turn:
                    one.ms.append((time.perf_counter() - started) * 1000)
                    one.used += [] if before is None else [(processor() or before) - before]
        for name, peer in others.items():
            one = taken[name]
            ms, one.found, one.near = await asyncio.to_thread(peer.ask, min(PEER_QUESTIONS, len(asking.vectors)))
            one.ms += ms if turn else []
    return taken


async def measure(
    url: str, owner: str, corpus: Corpus, rounds: int, *, half: bool, others: dict[str, Peer]
) -> dict[str, Any]:
    """Percentiles and recall of each contender, in turns."""
    pool = await store.open_pool(url, max_size=1, single_statements=True)
    floor = await psycopg.AsyncConnection.connect(owner, autocommit=True)
    for setting in ("search_path = app, public", "hnsw.ef_search = 100", "hnsw.iterative_scan = relaxed_order"):
        await floor.execute(f"SET {setting}".encode())
    async with pool.connection() as connection:
        ours = Processor(connection.info.backend_pid)
    theirs = Processor(floor.info.backend_pid)
    asking = Asking(corpus, pool, floor, half=half)
    taken = await take_turns(asking, rounds, others, lambda name: theirs if name in THEIRS else ours)
    report: dict[str, Any] = {"statements": await asking.statements()}
    await pool.close()
    await floor.close()
    targets = [f"c{target}" for target in corpus.targets]
    report |= {name: one.figures(targets) for name, one in taken.items()}
    truth = await asyncio.to_thread(exact, corpus, asking.callers)
    for name in ("ours, vectors alone", "vectors by pgvector, same filter"):
        report[name]["recall_at_10"] = recall(taken[name].found, truth)
    for name, peer in others.items():
        exactly = await asyncio.to_thread(exact, corpus, asking.callers, peer.scope)
        report[name]["recall_at_10"] = recall(taken[name].near, exactly)
    return report


def recall(found: list[list[str]], truth: list[set[str]]) -> float:
    """The share of the true ten that the first ten hold."""
    pairs = list(zip(found, truth, strict=False))
    return round(sum(len(set(a[:10]) & t) for a, t in pairs) / sum(len(t) for _, t in pairs), 4)


def _keys(caller: Caller) -> list[str]:
    return [f"{caller.tenant}\x1f{name}" for name in ("", *caller.groups)]


def sizes(owner: str) -> dict[str, float]:
    """Megabytes of each table of the search with its indexes, and of the vector indexes among them."""
    with psycopg.connect(owner) as connection:
        tables = connection.execute(SIZES).fetchall()
    return {name: round(size / 1e6, 1) for name, size in tables}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--chunks", type=int, default=int(os.environ.get("BENCH_RETRIEVAL_CHUNKS", 200_000)))
    parser.add_argument("--half", action="store_true", default=os.environ.get("BENCH_RETRIEVAL_HALF") == "1")
    parser.add_argument("--dimensions", type=int, default=384)
    parser.add_argument("--questions", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--keep", type=Path, help="Use this folder for the database and keep it for the next time.")
    options = parser.parse_args()
    folder = options.keep or Path(tempfile.mkdtemp(prefix="bench-retrieval-"))
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o711)
    corpus = make(options.chunks, options.dimensions, options.questions)
    owner = postgres.start(folder)
    took: dict[str, float] = {}
    try:
        service = postgres.service(folder)
        store.migrate(owner)
        store.grant(owner, store.role_of(service))
        with psycopg.connect(owner, autocommit=True) as connection:
            connection.execute("ALTER SYSTEM SET shared_buffers = '1GB'")
            filled = connection.execute("SELECT to_regclass('app.floor')").fetchone()
        if filled == (None,):
            postgres.stop(folder)
            owner = postgres.start(folder)
            took = fill(owner, corpus, half=options.half)
            took["floor's index"] = build_floor(owner, options.dimensions, half=options.half)
            print("built in seconds:", {name: round(seconds, 1) for name, seconds in took.items()}, flush=True)
        others = peers(corpus, folder, owner)
        report = asyncio.run(
            measure(postgres.service(folder), owner, corpus, options.rounds, half=options.half, others=others)
        )
        size_mb = sizes(owner)
        for peer in others.values():
            peer.close()
    finally:
        postgres.stop(folder)
    statements = report.pop("statements")
    for name, values in report.items():
        print(f"{name:<34} " + "  ".join(f"{key} {value}" for key, value in values.items()))
    floor, hybrid = report["vector-only floor"], report["ours, hybrid, 7 words, 4 common"]
    line = {
        "chunks": options.chunks,
        "dimensions": options.dimensions,
        "ratio_to_floor_p95": round(hybrid["p95_ms"] / floor["p95_ms"], 2),
        "ratio_to_floor_server_cpu_p95": floor["server_cpu_p95_ms"]
        and round(hybrid["server_cpu_p95_ms"] / floor["server_cpu_p95_ms"], 2),
        "ratio_to_same_filter_p95": round(hybrid["p95_ms"] / report["vectors by pgvector, same filter"]["p95_ms"], 2),
        "recall_at_10": report["ours, vectors alone"]["recall_at_10"],
        "recall_at_10_of": {
            name: report[name]["recall_at_10"] for name in ("vectors by pgvector, same filter", *others)
        },
        "common_words_cost": round(hybrid["p50_ms"] / report["ours, hybrid, 3 rare words"]["p50_ms"], 2),
        "sketches_save": round(1 - hybrid["p50_ms"] / report["the same, every vector read"]["p50_ms"], 2),
        "times_slower_p50": {name: round(report[name]["p50_ms"] / hybrid["p50_ms"], 1) for name in others},
        "statements": statements,
        "size_mb": size_mb,
        "built_s": {name: round(seconds, 1) for name, seconds in took.items()},
        "contenders": report,
    }
    print(json.dumps(line))


if __name__ == "__main__":
    main()
