"""Sketches of vectors: in step with them whoever writes, and near enough that reading few vectors finds the nearest."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy
import psycopg
import pytest
from psycopg_pool import AsyncConnectionPool

from app.caller import Caller
from app.data import access, examination, retrieval, vector_index
from app.data.index_tables import vector_literal
from app.settings import Retrieval
from tests.data.index import MODEL, LetterEmbedder, ingest

DRIFTED = """
    SELECT count(*) FROM (
        SELECT e.chunk_id, app.shelf(reader, e.model, e.dimensions) AS shelf, e.ctid AS place,
            app.vector_sketch(e.embedding) AS sketch, app.cell_of(e.embedding, e.model) AS cell
        FROM app.embeddings e, unnest(e.readers) AS reader) AS e FULL JOIN app.sketches s USING (chunk_id, shelf)
    WHERE (s.place, s.sketch, s.cell) IS DISTINCT FROM (e.place, e.sketch, e.cell)
"""


def drifted(url: str) -> int:
    with psycopg.connect(url) as connection:
        row = connection.execute(DRIFTED).fetchone()
    return int(row[0]) if row else -1


def write(url: str, vectors: Any, groups: Callable[[int], list[str]]) -> None:
    """Document dN with the one chunk cN and its vector of model m, for each row of `vectors`."""
    count, dimensions = vectors.shape
    with psycopg.connect(url) as connection, connection.cursor() as cursor:
        cursor.execute("SET search_path = app, public")
        with cursor.copy("COPY documents (tenant, id, title, version, groups, chunking) FROM STDIN") as copy:
            for number in range(count):
                copy.write_row(["default", f"d{number}", "D", "1", groups(number), "1"])
        with cursor.copy(
            "COPY chunks (id, tenant, document_id, document_version, ordinal, title, text, tokens, language, "
            "content_hash, chunker_version) FROM STDIN"
        ) as copy:
            for number in range(count):
                row = (f"c{number}", "default", f"d{number}", "1", 0, "D", "text", 1, "english", f"h{number}", "1")
                copy.write_row(row)
        cursor.execute("INSERT INTO words VALUES ('default', 'english', '', %s)", [count])
        with cursor.copy(
            "COPY embeddings (chunk_id, model, tenant, document_id, dimensions, content_hash, embedding) FROM STDIN"
        ) as copy:
            for number, vector in enumerate(vectors):
                literal = vector_literal(vector.tolist())
                copy.write_row((f"c{number}", "m", "default", f"d{number}", dimensions, f"h{number}", literal))


@pytest.mark.feature("D5")
async def test_sketches_follow_every_change(pool: AsyncConnectionPool, database_url: str) -> None:
    """New, changed, deleted and closed documents: after each there is one sketch for each reader of a vector."""
    first = {f"{n}.md": f"# D{n}\n\nAbout the letters {'abc'[n % 3]} and {'def'[n % 3]}." for n in range(6)}

    await ingest(pool, first, embed=LetterEmbedder())
    assert drifted(database_url) == 0
    await ingest(pool, {**first, "0.md": "# D0\n\nQuite another text.", "9.md": "# D9\n\nNew."}, embed=LetterEmbedder())
    assert drifted(database_url) == 0
    await ingest(pool, {"1.md": first["1.md"]}, embed=LetterEmbedder())
    assert drifted(database_url) == 0
    assert await access.permit(pool, "default", "1.md", ["board"])
    assert drifted(database_url) == 0


@pytest.mark.feature("D5")
async def test_what_somebody_did_by_hand_is_found_and_mended(pool: AsyncConnectionPool, database_url: str) -> None:
    """A sketch deleted and one opened to others: `app data doctor` names them, `app data index` puts them right."""
    await ingest(pool, {f"{n}.md": f"# D{n}\n\nText {n}." for n in range(3)}, embed=LetterEmbedder())
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("SET search_path = app, public")
        connection.execute("DELETE FROM sketches WHERE chunk_id = (SELECT min(chunk_id) FROM sketches)")
        connection.execute(
            "UPDATE sketches SET shelf = app.shelf('x', 'letters', 8) "
            "WHERE chunk_id = (SELECT max(chunk_id) FROM sketches)"
        )

        found = [one.what for one in examination.examine(connection, Retrieval()) if one.severe]
        mended = vector_index.sketch(connection)

    assert found == [
        "default: 2 vectors have no sketch or one with other readers",
        "of a chunk that is gone: 1 vectors have no sketch or one with other readers",
    ]
    assert (mended, drifted(database_url)) == (3, 0)


@pytest.mark.feature("D5")
async def test_vectors_that_have_moved_are_looked_up(pool: AsyncConnectionPool, database_url: str) -> None:
    """Rewriting the table moves every row: the same answer, a minor finding, mended by `app data index`."""
    rng = numpy.random.default_rng(5)
    vectors = {f"{n}.md": rng.standard_normal(64).tolist() for n in range(40)}

    async def embed(texts: Sequence[str]) -> list[list[float]]:
        return [vectors[text.split()[-1].rstrip(".")] for text in texts]

    await ingest(pool, {name: f"# D\n\nText {name}." for name in vectors}, embed=embed)
    await access.permit(pool, "default", "7.md", ["board"])

    async def found() -> list[str]:
        settings, caller = Retrieval(compared=5, candidates=5), Caller(groups=frozenset({"board"}))
        hits = await retrieval.search(
            pool,
            "",
            vectors["3.md"],
            caller,
            k=5,
            embedding_model=MODEL,
            settings=settings,
        )
        return [hit.document_id for hit in hits]

    before = await found()
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("VACUUM FULL app.embeddings")
        moved = await found()
        minor = [one.what for one in examination.examine(connection, Retrieval()) if "lies" in one.what]
        mended = vector_index.sketch(connection)

    assert before[0] == "3.md"
    assert moved == before
    assert minor == [f"default: {mended} sketches do not know where their vector lies"]
    assert drifted(database_url) == 0
    assert await found() == before


@pytest.mark.feature("D5")
async def test_a_vector_with_many_readers_takes_nobodys_place(pool: AsyncConnectionPool) -> None:
    """Each vector stands on all of the caller's eight shelves: the five nearest are five documents, in order."""
    rng = numpy.random.default_rng(6)
    vectors = {f"{n}.md": rng.standard_normal(64).tolist() for n in range(60)}
    groups = [f"g{n}" for n in range(8)]

    async def embed(texts: Sequence[str]) -> list[list[float]]:
        return [vectors[text.split()[-1].rstrip(".")] for text in texts]

    await ingest(pool, {name: f"# D\n\nText {name}." for name in vectors}, embed=embed)
    for name in vectors:
        await access.permit(pool, "default", name, groups)
    caller = Caller(groups=frozenset(groups))
    answers = [
        await retrieval.search(
            pool, "", vectors["3.md"], caller, k=5, embedding_model=MODEL,
            settings=Retrieval(compared=compared, candidates=5),
        )
        for compared in (11, 0)
    ]  # fmt: skip

    few, exact = [[hit.document_id for hit in hits] for hits in answers]
    assert len(set(few)) == 5
    assert few[0] == exact[0] == "3.md"
    assert len(set(few) & set(exact)) >= 4


@pytest.mark.reliability("leaking or starved search")
@pytest.mark.slow
@pytest.mark.feature("D5")
async def test_reading_a_few_vectors_after_the_sketches_finds_the_nearest(
    pool: AsyncConnectionPool, database_url: str
) -> None:
    """3,000 clustered vectors of 128 numbers, a group that may read half: of the ten nearest at least 0.95 are found
    by reading 70 vectors of 1,500, and nothing that is closed.
    """
    rng = numpy.random.default_rng(3)
    centres = rng.standard_normal((60, 128))
    # Texts of one language have much in common: no model's vectors lie evenly around zero.
    common = 0.8 * rng.standard_normal(128)
    vectors = common + centres[rng.integers(0, 60, 3_000)] + 0.9 * rng.standard_normal((3_000, 128))
    write(database_url, vectors, lambda number: ["half"] if number % 2 else ["other"])
    caller = Caller(groups=frozenset({"half"}))
    found = 0
    for number in range(1, 101, 2):
        asked = (vectors[number] + 0.4 * rng.standard_normal(128)).tolist()
        answers = [
            await retrieval.search(
                pool, "", asked, caller, k=10, embedding_model="m", settings=Retrieval(candidates=10, compared=compared)
            )
            for compared in (70, 0)
        ]
        few, exact = [{hit.chunk_id for hit in hits} for hits in answers]
        assert all(int(name[1:]) % 2 for name in few)
        assert len(few) == 10
        found += len(few & exact)

    assert found / 500 >= 0.95


@pytest.mark.reliability("leaking or starved search")
@pytest.mark.slow
@pytest.mark.feature("D5")
@pytest.mark.parametrize(
    ("spread", "looks_into_cells"),
    [pytest.param(0.3, True, id="topics"), pytest.param(2.0, False, id="no topics")],
)
async def test_looking_into_the_cells_near_a_question_finds_the_nearest(
    pool: AsyncConnectionPool,
    database_url: str,
    monkeypatch: pytest.MonkeyPatch,
    spread: float,
    looks_into_cells: bool,
) -> None:
    """18,000 vectors that a group may read of 20,000, in 400 cells: of the ten nearest at least 0.95 are found in less
    than a quarter of the cells, nothing that is closed; what is written later is found in its cell, and cell 0 always.
    Where cells do not hold what is near, all of them are looked into.
    """
    rng = numpy.random.default_rng(4)
    centres = rng.standard_normal((200, 64))
    vectors = centres[rng.integers(0, 200, 20_000)] + spread * rng.standard_normal((20_000, 64))
    write(database_url, vectors, lambda number: ["most"] if number % 10 else ["other"])
    monkeypatch.setattr(vector_index, "MOST_CELLS", 400)
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("SET search_path = app, public")
        due = vector_index.cells_due(connection)
        named = [one.what for one in examination.examine(connection, Retrieval()) if "cells" in one.what]
        written = vector_index.sketch(connection, due)
        # So that looking into cells is seen: a vector in another cell than its own is not found.
        connection.execute("UPDATE sketches SET cell = 0 WHERE chunk_id = 'c11'")
        far = "(SELECT cell FROM cells ORDER BY centre <#> %s::halfvec DESC LIMIT 1)"
        connection.execute(f"UPDATE sketches SET cell = {far} WHERE chunk_id = 'c12'", [vector_literal(vectors[12])])
        left = vector_index.cells_due(connection)

    async def search(asked: Any, compared: int = 400) -> list[str]:
        hits = await retrieval.search(
            pool, "", asked.tolist(), Caller(groups=frozenset({"most"})), k=10, embedding_model="m",
            settings=Retrieval(candidates=10, compared=compared),
        )  # fmt: skip
        return [hit.chunk_id for hit in hits]

    assert [(one.model, one.wanted) for one in due] == [("m", 400)]
    assert named == ["the vectors of m are not parted into cells, or into too few"]
    assert (written >= 20_000, left) == (True, [])
    found = 0
    for number in range(101, 151):
        asked = vectors[number] + 0.2 * rng.standard_normal(64)
        near, exact = await search(asked), await search(asked, compared=0)
        assert not any(int(name[1:]) % 10 == 0 for name in near)
        found += len(set(near) & set(exact))
    assert found / 500 >= 0.95
    assert (await search(vectors[11]))[0] == "c11"
    assert ("c12" not in await search(vectors[12])) is looks_into_cells
    assert await access.permit(pool, "default", "d12", ["most", "board"])
    assert (await search(vectors[12]))[0] == "c12"


@pytest.mark.reliability("leaking or starved search")
@pytest.mark.slow
@pytest.mark.feature("D5")
async def test_who_may_read_few_or_the_same_by_many_groups_finds_the_nearest(
    pool: AsyncConnectionPool, database_url: str
) -> None:
    """Of 20,000 vectors in topics a quarter is open to four groups at once, the rest to another. One of the four, all
    of them and the other: each finds at least 0.95 of the ten nearest that are open to it, and nothing else.
    """
    rng = numpy.random.default_rng(6)
    centres = rng.standard_normal((1_000, 64))
    vectors = centres[rng.integers(0, 1_000, 20_000)] + 0.3 * rng.standard_normal((20_000, 64))
    four = ["a", "b", "c", "d"]
    write(database_url, vectors, lambda number: ["rest"] if number % 4 else four)
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("SET search_path = app, public")
        vector_index.sketch(connection, vector_index.cells_due(connection))
        measured = connection.execute("SELECT readable, reach FROM cell_reach").fetchone()

    assert measured is not None
    readable, reach = measured
    assert readable == sorted(readable)
    assert reach[0] > reach[-1]  # the more somebody may read, the nearer the ten nearest are
    for groups in (["a"], four, ["rest"]):
        found = 0
        for number in range(40):
            asked = (vectors[number] + 0.2 * rng.standard_normal(64)).tolist()
            near, exact = [
                {hit.chunk_id for hit in await retrieval.search(
                    pool, "", asked, Caller(groups=frozenset(groups)), k=10, embedding_model="m",
                    settings=Retrieval(candidates=10, compared=compared))}
                for compared in (300, 0)
            ]  # fmt: skip
            assert {int(name[1:]) % 4 > 0 for name in near} == {groups == ["rest"]}
            found += len(near & exact)
        assert found / 400 >= 0.95, groups


@pytest.mark.slow
@pytest.mark.feature("D4")
async def test_of_vectors_that_lie_scattered_more_are_read(pool: AsyncConnectionPool, database_url: str) -> None:
    """Where no few cells hold what is near, sketches tell less: with two thirds more read, more of the nearest are
    found than where the same vectors were said to lie in topics.
    """
    rng = numpy.random.default_rng(5)
    vectors = rng.standard_normal((20_000, 64))
    write(database_url, vectors, lambda number: [])
    asked = [(vectors[number] + 0.8 * rng.standard_normal(64)).tolist() for number in range(60)]

    async def found(compared: int) -> list[set[str]]:
        settings = Retrieval(candidates=10, compared=compared)
        return [
            {hit.chunk_id for hit in await retrieval.search(
                pool, "", one, Caller(), k=10, embedding_model="m", settings=settings)}
            for one in asked
        ]  # fmt: skip

    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("SET search_path = app, public")
        vector_index.sketch(connection, vector_index.cells_due(connection))
        exact, scattered = await found(0), await found(400)
        connection.execute("UPDATE cell_reach SET reach = array_fill(0.49::float8, ARRAY[cardinality(reach)])")
        in_topics = await found(400)

    def near(few: list[set[str]]) -> int:
        return sum(len(one & other) for one, other in zip(few, exact, strict=True))

    assert near(scattered) > near(in_topics)
