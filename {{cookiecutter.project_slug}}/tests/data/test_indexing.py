"""Indexing: only what changed is written and embedded, all of it or nothing, and what is stale is found and redone."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import Any

import psycopg
import pytest
from psycopg_pool import AsyncConnectionPool

from app.caller import Caller
from app.data import access, indexing, retrieval
from app.data.chunking import chunk
from app.errors import InputError, ProviderBrokenError, StoreUnavailableError
from app.settings import Retrieval
from tests.data.index import MODEL, LetterEmbedder, corpus, ingest, letters

FILES = {
    "a.md": "# Alpha\n\n## One\n\nThe first text of alpha.\n\n## Two\n\nThe second text of alpha.",
    "b.md": "# Beta\n\nThe only text of beta.",
}


async def rows(pool: AsyncConnectionPool, statement: str, tenant: str = "default") -> list[tuple[Any, ...]]:
    async with access.indexing(pool, tenant) as connection:
        return await (await connection.execute(statement.encode())).fetchall()


@pytest.mark.feature("D2")
async def test_the_first_run_writes_everything_with_its_provenance(pool: AsyncConnectionPool) -> None:
    """Each chunk names its document, that document's version, the chunker and the time, and has a vector."""
    embed = LetterEmbedder()
    summary = await ingest(pool, FILES, embed=embed)

    assert (summary.documents_new, summary.chunks_written, summary.embedded) == (2, 3, 3)
    found = await rows(
        pool,
        "SELECT c.document_id, document_version = version, chunker_version, c.created_at <= now(), dimensions "
        "FROM chunks c JOIN documents d ON d.id = c.document_id JOIN embeddings ON chunk_id = c.id "
        "ORDER BY c.document_id, ordinal",
    )
    assert found == [(name, True, "1", True, 8) for name in ("a.md", "a.md", "b.md")]
    assert embed.seen[0] == "Alpha > One\nThe first text of alpha."


@pytest.mark.feature("D2")
async def test_an_unchanged_corpus_costs_nothing(pool: AsyncConnectionPool) -> None:
    """The second run writes no row and embeds no text."""
    await ingest(pool, FILES, embed=LetterEmbedder())
    before = await rows(pool, "SELECT xmin::text, id FROM chunks ORDER BY id")
    embed = LetterEmbedder()

    summary = await ingest(pool, FILES, embed=embed)

    assert (summary.documents_unchanged, summary.chunks_written, summary.embedded) == (2, 0, 0)
    assert embed.seen == []
    assert await rows(pool, "SELECT xmin::text, id FROM chunks ORDER BY id") == before


@pytest.mark.feature("D2")
async def test_a_changed_section_is_replaced_alone(pool: AsyncConnectionPool) -> None:
    """The other section keeps its row's identity, its time and its vector; a vanished section and document go."""
    await ingest(pool, {**FILES, "c.md": "# Gamma\n\nGone soon."}, embed=LetterEmbedder())
    embed = LetterEmbedder()
    changed = FILES["a.md"].replace("second text", "rewritten text") + "\n\n## Three\n\nNew."

    summary = await ingest(pool, {**FILES, "a.md": changed}, embed=embed)

    assert (summary.documents_changed, summary.documents_deleted, summary.chunks_deleted) == (1, 1, 1)
    assert (summary.chunks_kept, summary.chunks_written, summary.embedded) == (1, 2, 2)
    assert embed.seen == ["Alpha > Two\nThe rewritten text of alpha.", "Alpha > Three\nNew."]
    assert await rows(pool, "SELECT count(*) FROM embeddings") == [(4,)]


@pytest.mark.feature("D2")
async def test_stale_embeddings_are_found_and_redone(pool: AsyncConnectionPool) -> None:
    """A vector of an earlier text, a missing one and a new model each make `apply` embed just those chunks."""
    await ingest(pool, FILES, embed=LetterEmbedder())
    async with access.indexing(pool, "default") as connection:
        await connection.execute("UPDATE embeddings SET content_hash = 'old' WHERE chunk_id IN (SELECT id FROM chunks "
                                 "WHERE document_id = 'b.md')")  # fmt: skip
    assert len(await indexing.stale(pool, "default", MODEL)) == 1
    assert len(await indexing.stale(pool, "default", "another")) == 3

    again, other = LetterEmbedder(), LetterEmbedder()
    summary = await ingest(pool, FILES, embed=again)
    await ingest(pool, FILES, embed=other, model="another")

    assert (summary.chunks_written, summary.embedded) == (0, 1)
    assert again.seen == ["Beta\nThe only text of beta."]
    assert len(other.seen) == 3
    assert await indexing.stale(pool, "default", MODEL) == []


async def test_a_moved_document_keeps_its_vectors(pool: AsyncConnectionPool) -> None:
    """The same text under another path is another chunk with the same content: nothing is embedded again."""
    await ingest(pool, FILES, embed=LetterEmbedder())

    summary = await ingest(pool, {"a.md": FILES["a.md"], "moved/b.md": FILES["b.md"]}, embed=LetterEmbedder())

    assert (summary.documents_new, summary.documents_deleted) == (1, 1)
    assert (summary.embedded, summary.embeddings_reused) == (0, 1)


async def test_other_chunk_sizes_chunk_again(pool: AsyncConnectionPool) -> None:
    """A changed setting counts as a change of every document."""
    await ingest(pool, FILES)

    summary = await ingest(pool, FILES, settings=Retrieval(chunk_tokens=100))

    assert summary.documents_changed == 2


@pytest.mark.feature("D6")
async def test_a_failing_embedder_leaves_the_index_as_it_was(pool: AsyncConnectionPool) -> None:
    """Vectors come before the first write: neither documents nor chunks of the failed run are there."""
    await ingest(pool, {"b.md": FILES["b.md"]}, embed=LetterEmbedder())

    async def broken(texts: Sequence[str]) -> list[list[float]]:
        return [[1.0, 2.0]]

    with pytest.raises(ProviderBrokenError, match="1 vectors for 2 texts"):
        await ingest(pool, FILES, embed=broken)

    assert await rows(pool, "SELECT id FROM documents") == [("b.md",)]
    assert await rows(pool, "SELECT document_id FROM chunks") == [("b.md",)]


async def test_vectors_of_different_lengths_are_refused(pool: AsyncConnectionPool) -> None:
    """They could not be compared with one another."""

    async def uneven(texts: Sequence[str]) -> list[list[float]]:
        return [[1.0] * (n + 1) for n in range(len(texts))]

    with pytest.raises(ProviderBrokenError, match="different lengths"):
        await ingest(pool, FILES, embed=uneven)


async def test_word_counts_follow_every_change(pool: AsyncConnectionPool) -> None:
    """After additions, changes and deletions the counts equal a fresh count over all chunks."""
    await ingest(pool, FILES)
    await ingest(
        pool, {"a.md": FILES["a.md"].replace("second", "third"), "c.md": "# C\n\nDie Rechnung ist für Sie da."}
    )

    kept = await rows(pool, "SELECT language, word, chunks FROM words WHERE word <> '' ORDER BY 1, 2")
    counted = await rows(
        pool, "SELECT language, lexeme, count(*)::int FROM chunks, unnest(words) GROUP BY 1, 2 ORDER BY 1, 2"
    )
    assert kept == counted
    assert await rows(pool, "SELECT sum(chunks) FROM words WHERE word = ''") == [(3,)]


async def test_tenants_do_not_see_each_others_documents(pool: AsyncConnectionPool) -> None:
    """The same paths in two tenants are different documents; deleting one's leaves the other's."""
    await ingest(pool, FILES, tenant="one")
    await ingest(pool, FILES, tenant="two")

    await ingest(pool, {}, tenant="one")

    assert await rows(pool, "SELECT count(*) FROM chunks", "one") == [(0,)]
    assert await rows(pool, "SELECT DISTINCT tenant FROM chunks", "two") == [("two",)]


async def test_concurrent_runs_end_in_one_consistent_index(pool: AsyncConnectionPool) -> None:
    """Three pipelines over the same corpus at once: no error, no row twice."""
    await asyncio.gather(*(ingest(pool, FILES, embed=LetterEmbedder()) for _ in range(3)))

    assert await rows(pool, "SELECT count(*) FROM chunks") == [(3,)]
    assert await rows(pool, "SELECT sum(chunks) FROM words WHERE word = ''") == [(3,)]


async def test_chunks_that_are_not_the_plans_are_refused(pool: AsyncConnectionPool) -> None:
    """Chunks of an unplanned document, and a planned document without chunks, are the caller's mistake."""
    settings = Retrieval()
    plan = await indexing.plan(pool, "default", corpus({"a.md": FILES["a.md"]}), settings)
    (foreign,) = corpus({"b.md": FILES["b.md"]})

    with pytest.raises(InputError, match=r"of b\.md is not of this plan"):
        await indexing.apply(pool, plan, chunk(foreign, settings))
    with pytest.raises(InputError, match=r"a\.md has no chunks"):
        await indexing.apply(pool, plan, [])


@pytest.mark.feature("D2")
async def test_two_documents_of_one_id_are_refused(pool: AsyncConnectionPool) -> None:
    """Neither is written: which one was meant is not ours to say."""
    twice = [*corpus({"a.md": "# A\n\nOne."}), *corpus({"a.md": "# A\n\nTwo."})]

    with pytest.raises(InputError, match="distinct ids: correct the list"):
        await indexing.plan(pool, "default", twice, Retrieval())


@pytest.mark.reliability("database restart")
@pytest.mark.feature("D2")
@pytest.mark.parametrize(
    ("failure", "message"),
    [
        pytest.param("PERFORM pg_terminate_backend(pg_backend_pid())", "went away .*run again", id="restart"),
        pytest.param("RAISE EXCEPTION 'no space left' USING ERRCODE = '53100'", "disk is full .*make room", id="full"),
        pytest.param("RAISE EXCEPTION 'canceled' USING ERRCODE = '57014'", "did not finish in time", id="time-out"),
    ],
)
async def test_a_database_that_fails_in_mid_ingest_loses_nothing(
    pool: AsyncConnectionPool, database_url: str, failure: str, message: str
) -> None:
    """The third chunk meets a restart, or a full disk: one line, the index as it was, and the next run completes it."""
    await ingest(pool, {"a.md": FILES["a.md"]}, embed=LetterEmbedder())
    before = await rows(pool, "SELECT id, text FROM chunks ORDER BY id")
    broken = f"""
        CREATE FUNCTION app.broken() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
        BEGIN {failure}; RETURN NEW; END $$;
        CREATE TRIGGER broken BEFORE INSERT ON app.chunks FOR EACH ROW WHEN (NEW.document_id = 'b.md')
        EXECUTE FUNCTION app.broken();
    """
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(broken.encode())

        with pytest.raises(StoreUnavailableError, match=message):
            await ingest(pool, {"a.md": "# Other\n\nAnother text.", "b.md": FILES["b.md"]}, embed=LetterEmbedder())
        after = await rows(pool, "SELECT id, text FROM chunks ORDER BY id")
        connection.execute("DROP TRIGGER broken ON app.chunks")
    again = await ingest(pool, FILES, embed=LetterEmbedder())

    assert after == before
    assert (again.documents_new, again.documents_unchanged) == (1, 1)


async def test_a_model_that_changes_its_dimensions_is_refused_or_kept_apart(pool: AsyncConnectionPool) -> None:
    """Vectors of two lengths in one answer are the provider's fault; a later run's other length is another model's."""

    async def uneven(texts: Sequence[str]) -> list[list[float]]:
        return [[1.0] * (2 + number) for number, _ in enumerate(texts)]

    with pytest.raises(ProviderBrokenError, match="different lengths"):
        await ingest(pool, FILES, embed=uneven)

    assert await rows(pool, "SELECT count(*) FROM chunks") == [(0,)]


@pytest.mark.slow
@pytest.mark.feature("D2")
async def test_ten_thousand_unchanged_documents_cost_little(pool: AsyncConnectionPool) -> None:
    """Planning and applying them again takes a few seconds of processor time and writes nothing."""
    files = {f"{n}.md": f"# D{n}\n\nThe text number {n} is for you and it is short." for n in range(10_000)}
    started = time.perf_counter()
    first = await ingest(pool, files)
    rate = first.chunks_written / (time.perf_counter() - started)

    started = time.perf_counter()
    again = await ingest(pool, files)

    assert (again.documents_unchanged, again.chunks_written) == (10_000, 0)
    assert time.perf_counter() - started < 10
    assert rate > 300  # a floor for a busy machine; the benchmark says what it is


@pytest.mark.feature("D2")
async def test_a_new_embedding_model_comes_in_beside_the_old_one(pool: AsyncConnectionPool) -> None:
    """Searches by the old model go on unchanged until the new one is complete; then the old one can be retired."""

    async def reversed_letters(texts: Sequence[str]) -> list[list[float]]:
        return [letters(text)[::-1] for text in texts]

    async def half_way(texts: Sequence[str]) -> list[list[float]]:
        raise ProviderBrokenError("the new model is down")

    async def found(vector: list[float], model: str) -> list[str]:
        hits = await retrieval.search(pool, "", vector, Caller(), settings=Retrieval(), embedding_model=model)
        return [hit.chunk_id for hit in hits]

    await ingest(pool, FILES, embed=LetterEmbedder())
    before = await found(letters("beta"), MODEL)
    with pytest.raises(ProviderBrokenError):
        await ingest(pool, FILES, embed=half_way, model="new")
    assert await indexing.models(pool, "default") == {MODEL: (3, 3)}

    await ingest(pool, FILES, embed=reversed_letters, model="new")

    assert await indexing.models(pool, "default") == {MODEL: (3, 3), "new": (3, 3)}
    assert await found(letters("beta"), MODEL) == before
    assert await found(letters("beta")[::-1], "new") == before
    with pytest.raises(InputError, match="serves the searches"):
        await indexing.retire(pool, "default", "new", serving="new")
    with pytest.raises(InputError, match=f"'old' has no vectors: there are .*{MODEL}"):
        await indexing.retire(pool, "default", "old", serving="new")
    assert await indexing.retire(pool, "default", MODEL, serving="new") == 3
    assert await indexing.models(pool, "default") == {"new": (3, 3)}
