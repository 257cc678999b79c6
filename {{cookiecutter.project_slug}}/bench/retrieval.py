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


async def measure(
    url: str, owner: str, corpus: Corpus, rounds: int, *, half: bool, others: dict[str, Peer]
) -> dict[str, Any]:
    """Percentiles and recall of each contender, in turns."""
    asking, settings = callers(corpus), Retrieval(half_precision=half)
    truth = await asyncio.to_thread(exact, corpus, asking)
    short, long = questions(corpus)
    vectors = [[float(value) for value in vector] for vector in corpus.asked]
    literals = ["[" + ",".join(f"{value:.6g}" for value in vector) + "]" for vector in vectors]
    pool = await store.open_pool(url, max_size=1, single_statements=True)
    floor = await psycopg.AsyncConnection.connect(owner, autocommit=True)
    await floor.execute("SET search_path = app, public")
    await floor.execute("SET hnsw.ef_search = 100")
    await floor.execute("SET hnsw.iterative_scan = relaxed_order")
    async with pool.connection() as connection:
        ours_used = Processor(connection.info.backend_pid)
    theirs_used = Processor(floor.info.backend_pid)

    async def ours(number: int, words: list[str] | None, **changed: Any) -> list[str]:
        hits = await retrieval.search(
            pool, words[number] if words else "", vectors[number], asking[number], k=10, embedding_model=MODEL,
            settings=settings.model_copy(update=changed),
        )  # fmt: skip
        return [hit.chunk_id for hit in hits]

    async def vector_alone(number: int) -> list[str]:
        cursor = await floor.execute(FLOOR.format(kind="halfvec" if half else "vector"), [literals[number]])
        return [row[0] for row in await cursor.fetchall()]

    async def vector_filtered(number: int) -> list[str]:
        caller = asking[number]
        statement = FILTERED.format(
            tenant=caller.tenant, dimensions=len(vectors[0]), kind="halfvec" if half else "vector"
        )
        cursor = await floor.execute(statement, [_keys(caller), literals[number]])
        return [row[0] for row in await cursor.fetchall()]

    async def plain(number: int) -> list[str]:
        caller = asking[number]
        values = {"tenant": caller.tenant, "keys": _keys(caller), "vector": literals[number]}
        cursor = await floor.execute(PLAIN, {**values, "words": " | ".join(long[number].split())})
        return [row[0] for row in await cursor.fetchall()]

    contenders: dict[str, Callable[[int], Awaitable[list[str]]]] = {
        "vector-only floor": vector_alone,
        "vectors by pgvector, same filter": vector_filtered,
        "ours, hybrid, 3 rare words": lambda number: ours(number, short),
        "ours, hybrid, 7 words, 4 common": lambda number: ours(number, long),
        "the same, every vector read": lambda number: ours(number, long, compared=0),
        "ours, vectors alone": lambda number: ours(number, None, text_weight=0.0),
        "ours, text alone, 7 words": lambda number: text_alone(number),
        "one plain statement, 7 words": plain,
    }

    async def text_alone(number: int) -> list[str]:
        hits = await retrieval.search(pool, long[number], None, asking[number], k=10, settings=settings)
        return [hit.chunk_id for hit in hits]

    times: dict[str, list[float]] = {name: [] for name in contenders}
    used: dict[str, list[float]] = {name: [] for name in contenders}
    found: dict[str, list[list[str]]] = {}
    # What the vectors alone found, for recall: fused lists have no exact counterpart.
    alone: dict[str, list[list[str]]] = {}
    for turn in range(rounds):
        for name, ask in contenders.items():
            count = len(vectors) if name != "one plain statement, 7 words" else min(30, len(vectors))
            answers = []
            processor = theirs_used if name in THEIRS else ours_used
            for number in range(count):
                before, started = processor(), time.perf_counter()
                answers.append(await ask(number))
                if turn:
                    times[name].append((time.perf_counter() - started) * 1000)
                    used[name] += [] if before is None else [(processor() or before) - before]
            found[name] = answers
        for name, peer in others.items():
            ms, answers, alone[name] = await asyncio.to_thread(peer.ask, min(PEER_QUESTIONS, len(vectors)))
            times.setdefault(name, []).extend(ms if turn else [])
            used.setdefault(name, [])
            found[name] = answers
    counting = Counting(pool)
    for number in range(len(vectors)):
        await retrieval.search(
            counting, long[number], vectors[number], asking[number], settings=settings, embedding_model=MODEL
        )  # type: ignore[arg-type]
    await pool.close()
    await floor.close()
    report: dict[str, Any] = {"statements": counting.sent / len(vectors)}
    for name, taken in times.items():
        taken.sort()
        processor_ms = sorted(used[name])
        targets = [f"c{target}" for target in corpus.targets]
        report[name] = {
            "p50_ms": round(taken[len(taken) // 2], 2),
            "p95_ms": round(taken[int(len(taken) * 0.95)], 2),
            "server_cpu_p50_ms": round(processor_ms[len(processor_ms) // 2], 2) if processor_ms else None,
            "server_cpu_p95_ms": round(processor_ms[int(len(processor_ms) * 0.95)], 2) if processor_ms else None,
            "found_target": round(
                sum(t in a[:10] for t, a in zip(targets, found[name], strict=False)) / len(found[name]), 3
            ),
        }
    for name in ("ours, vectors alone", "vectors by pgvector, same filter"):
        report[name]["recall_at_10"] = recall(found[name], truth)
    for name, peer in others.items():
        exactly = await asyncio.to_thread(exact, corpus, asking, peer.scope)
        report[name]["recall_at_10"] = recall(alone[name], exactly)
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
