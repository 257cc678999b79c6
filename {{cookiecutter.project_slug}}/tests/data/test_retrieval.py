"""Search: both halves in one statement, permissions and filters before ranking, and words that fit no template."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from psycopg import AsyncCursor
from psycopg_pool import AsyncConnectionPool

from app.caller import Caller
from app.data import retrieval
from app.data.retrieval import Hit
from app.settings import Retrieval
from tests.data.index import MODEL, LetterEmbedder, ingest, letters

SETTINGS = Retrieval()
FILES = {
    "billing/refunds.md": "# Refunds\n\n## Refund window\n\nYearly plans can be refunded within 14 days of purchase.",
    "billing/plans.md": "---\nteam: sales\ntags: [price, plan]\n---\n# Plans\n\nYou pay for the plan by the month.",
    "api/errors.md": "# Errors\n\nThe code TB-2014 means that the invoice is locked by somebody else.",
    "de/mahnung.md": "# Mahnungen\n\nDie Mahngebühr der zweiten Mahnung ist 10 Euro und wird mit der Rechnung erhoben.",
    "es/cobros.md": "# Cobros\n\nLa retención de IRPF es el quince por ciento y se aplica a las facturas.",
    "staff/salaries.md": "---\ngroups: [staff]\n---\n# Salaries\n\nThe refund desk earns more than the plan said.",
}


async def find(
    pool: AsyncConnectionPool, query: str, caller: Caller | None = None, vector: str | None = None, **options: object
) -> list[Hit]:
    embedding = letters(vector) if vector else None
    return await retrieval.search(
        pool, query, embedding, caller or Caller(), settings=SETTINGS, embedding_model=MODEL, **options
    )  # type: ignore[arg-type]


def names(hits: list[Hit]) -> list[str]:
    return [hit.document_id for hit in hits]


@pytest.fixture
async def index(pool: AsyncConnectionPool) -> AsyncConnectionPool:
    await ingest(pool, FILES, embed=LetterEmbedder())
    return pool


@pytest.mark.feature("D4")
async def test_full_text_and_vectors_are_fused_by_reciprocal_rank(index: AsyncConnectionPool) -> None:
    """The score is the sum of weight / (rrf_k + rank); what only one half finds keeps the other rank empty."""
    hits = await find(index, "yearly refunds", vector="Plans\nYou pay for the plan by the month.", k=10)

    assert names(hits)[:2] == ["billing/refunds.md", "billing/plans.md"]
    assert hits[0].text_rank == 1
    assert [hit.vector_rank for hit in hits if hit.document_id == "billing/plans.md"] == [1]
    assert any(hit.text_rank is None for hit in hits)
    for hit in hits:
        ranks = ((SETTINGS.text_weight, hit.text_rank), (1.0, hit.vector_rank))
        assert hit.score == pytest.approx(sum(weight / (SETTINGS.rrf_k + rank) for weight, rank in ranks if rank))
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)


@pytest.mark.feature("D4")
async def test_words_found_by_chance_push_none_of_the_nearest_vectors_aside(pool: AsyncConnectionPool) -> None:
    """A question in another language than the texts, one word of which they happen to hold: what full text alone finds
    comes after all vectors; where they hold every word of it, it comes among the first."""
    nearest = {f"near/{n}.md": f"# N\n\n{'abacabadabacaba ' * (n + 1)}" for n in range(6)}
    nearest["near/5.md"] += "hard"
    chance = {f"chance/{n}.md": f"# C\n\nDie hard, hgfe hgfe hgfe {n}." for n in range(12)}
    await ingest(pool, nearest | chance, embed=LetterEmbedder())

    async def found(question: str) -> set[str]:
        hits = await retrieval.search(
            pool, question, letters(nearest["near/2.md"]), Caller(), k=5, embedding_model=MODEL,
            settings=SETTINGS.model_copy(update={"candidates": 6}),
        )  # fmt: skip
        return {hit.document_id.split("/")[0] for hit in hits}

    assert await found("hard kommen fremde worte zusammen") == {"near"}
    assert await found("hard") == {"near", "chance"}


async def test_without_a_vector_the_full_text_serves_alone(index: AsyncConnectionPool) -> None:
    """No embedding, no vector ranks; what shares no word with the question is not found."""
    hits = await find(index, "Within how many days can I get a refund for yearly plans?")

    assert names(hits)[0] == "billing/refunds.md"
    assert {hit.vector_rank for hit in hits} == {None}
    assert hits[0].heading == ("Refunds", "Refund window")
    assert (hits[0].section, hits[0].label) == ("Refund window", "Refunds > Refund window")
    assert await find(index, "zeppelin") == []
    assert await find(index, "") == []


@pytest.mark.parametrize(
    ("question", "document"),
    [
        pytest.param("Wie hoch sind Mahngebühren?", "de/mahnung.md", id="German, other number"),
        pytest.param("¿Qué retenciones se aplican?", "es/cobros.md", id="Spanish, other number"),
        pytest.param("what does tb-2014 mean", "api/errors.md", id="code in lower case"),
        pytest.param("INVOICES THAT WERE LOCKED", "api/errors.md", id="shouting"),
    ],
)
async def test_words_are_found_in_the_language_of_the_document(
    index: AsyncConnectionPool, question: str, document: str
) -> None:
    """Each language stems the question its own way; nobody has to say which it is in."""
    assert names(await find(index, question))[0] == document


@pytest.mark.parametrize(
    "query", ["' | ! & ( ) : * <-> \\", "refund':*", 'a\\\'b \\\\ "c"', "%s %(tenant)s", "\0", "<b>&amp;", "🧾 " * 50]
)
async def test_no_question_is_a_syntax_error(index: AsyncConnectionPool, query: str) -> None:
    """Operators, quotes, placeholders and odd characters are words or nothing."""
    assert isinstance(await find(index, query), list)


@pytest.mark.parametrize(
    "query", ["refunded, refunded, plans", "C:\\dir\\it's within 14 days", "the code of a purchase"]
)
async def test_a_tenant_of_one_language_is_searched_as_one_of_several(pool: AsyncConnectionPool, query: str) -> None:
    """A text in another language, which shares no word with the question, changes neither order nor scores."""
    await ingest(pool, {name: text for name, text in FILES.items() if name[:3] not in {"de/", "es/"}})
    alone = await find(pool, query, k=10)

    await ingest(pool, {name: text for name, text in FILES.items() if name[:3] != "de/"})

    assert alone
    assert [(hit.chunk_id, hit.text_rank, hit.score) for hit in await find(pool, query, k=10)] == [
        (hit.chunk_id, hit.text_rank, hit.score) for hit in alone
    ]


@pytest.mark.feature("D4")
async def test_metadata_filters_narrow_both_halves(index: AsyncConnectionPool) -> None:
    """Single values, list members and the folder; every filter must hold."""
    everything = "refund plan invoice"

    assert names(await find(index, everything, vector="a", filters={"team": "sales"})) == ["billing/plans.md"]
    assert names(await find(index, everything, vector="a", filters={"tags": "price"})) == ["billing/plans.md"]
    assert set(names(await find(index, everything, vector="a", filters={"folder": "billing"}))) == {
        "billing/plans.md", "billing/refunds.md",
    }  # fmt: skip
    assert await find(index, everything, vector="a", filters={"folder": "billing", "team": "x"}) == []


async def test_only_what_the_caller_may_read_is_found(index: AsyncConnectionPool) -> None:
    """A closed document needs one of its groups, whichever half would find it; another tenant finds nothing."""
    outsider = await find(index, "refund desk salaries", vector="Salaries\nThe refund desk earns more", k=20)
    staff = await find(index, "refund desk salaries", Caller(groups=frozenset({"staff", "x"})), k=20)
    stranger = await find(index, "refund", Caller(tenant="other", groups=frozenset({"staff"})), vector="refund")

    assert "staff/salaries.md" not in names(outsider)
    assert names(staff)[0] == "staff/salaries.md"
    assert stranger == []


class CountingPool:
    """Lends connections of a real pool and keeps the statements that are sent on them."""

    def __init__(self, pool: AsyncConnectionPool) -> None:
        self.pool = pool
        self.sent: list[str] = []

    @contextlib.asynccontextmanager
    async def connection(self) -> AsyncIterator[CountingPool]:
        async with self.pool.connection() as self.lent:
            yield self

    async def execute(self, statement: str, parameters: object) -> AsyncCursor:
        self.sent.append(statement)
        return await self.lent.execute(statement, parameters)


@pytest.mark.feature("D4")
async def test_a_search_is_one_round_trip(index: AsyncConnectionPool) -> None:
    """Term choice, both searches, permissions, filters and fusion: one statement reaches the server."""
    counting = CountingPool(index)

    hits = await find(counting, "refund", vector="refund", filters={"folder": "billing"})  # type: ignore[arg-type]

    assert hits
    assert len(counting.sent) == 1


async def test_equal_scores_are_ordered_by_id(pool: AsyncConnectionPool) -> None:
    """Ten copies of a document: the same order each time, by chunk id."""
    await ingest(pool, {f"{n}.md": "# Same\n\nThe very same words." for n in range(10)})

    runs = [await find(pool, "same words", k=10) for _ in range(3)]

    assert [hit.chunk_id for hit in runs[0]] == sorted(hit.chunk_id for hit in runs[0])
    assert runs[0] == runs[1] == runs[2]


@pytest.mark.feature("D4")
async def test_stop_words_of_a_rare_language_are_no_rare_words(pool: AsyncConnectionPool) -> None:
    """Two texts too short to tell their language keep their stop words: a question full of such does not mean them."""
    files = {
        f"{n}.md": f"# Note {n}\n\nThis is the note about the topic of number {n} and what it is for."
        for n in range(40)
    }
    files["answer.md"] = "# Money\n\nThis is the text that says when a deposit is paid back to you."
    files["odd.md"] = "# Odd\n\nWhat is it? How do we do?"
    files["odder.md"] = "# Odder\n\nWhen the"

    await ingest(pool, files)
    hits = await retrieval.search(
        pool, "How do we know what it is when a deposit is due?", None, Caller(), settings=Retrieval()
    )

    assert hits[0].document_id == "answer.md"


@pytest.mark.feature("D4")
async def test_a_common_word_is_no_rare_word_in_a_rare_language(pool: AsyncConnectionPool) -> None:
    """A note too short to tell its language keeps a common word unstemmed: it is as common there as elsewhere."""
    texts = {
        f"{n}.md": f"# Report\n\nThis information is of the year {1900 + n} and it is for the public."
        for n in range(30)
    }
    turbines = {f"turbine{n}.md": f"# Report\n\nThe blades of turbine {n} are made of steel." for n in range(3)}
    await ingest(pool, {**texts, **turbines, "note.md": "# Note\n\nInformation"})

    hits = await find(pool, "information about turbines")

    assert {name[:7] for name in names(hits)[:3]} == {"turbine"}


@pytest.mark.feature("D4")
async def test_a_word_said_again_and_again_counts_less_each_time(pool: AsyncConnectionPool) -> None:
    """As in BM25: two of the question's words once each are worth more than one of them four times."""
    filler = "The minutes of the meeting were sent to everybody who had taken part in it and to two guests."
    await ingest(
        pool,
        {
            "both.md": f"# A\n\nThe anchor was lifted near the harbour. {filler}",
            "one.md": f"# B\n\n{'anchor, ' * 4}and so on. {filler}",
            "other.md": f"# C\n\nThe harbour of the town. {filler}",
        },
    )

    assert names(await find(pool, "anchor in the harbour"))[0] == "both.md"


async def test_a_vector_of_another_length_is_no_error(index: AsyncConnectionPool) -> None:
    """After a change of the embedding model old vectors are not compared with new ones; the text still serves."""
    hits = await retrieval.search(index, "refund", [1.0, 2.0, 3.0], Caller(), settings=SETTINGS, embedding_model=MODEL)

    assert names(hits)[0] == "billing/refunds.md"
    assert {hit.vector_rank for hit in hits} == {None}


async def test_the_sample_questions_find_their_sections(pool: AsyncConnectionPool, project_root: Path) -> None:
    """Full text alone, without any model: recall@5 over the sample's answerable questions is at least 0.8."""
    folder = project_root / SETTINGS.corpus
    await ingest(pool, {p.relative_to(folder).as_posix(): p.read_text(encoding="utf-8") for p in folder.rglob("*.md")})
    cases = [json.loads(line) for line in (project_root / "evals/cases/rag.jsonl").read_text("utf-8").splitlines()]

    shares, times = [], []
    for case in (case for case in cases if case["expected"]["answerable"]):
        started = time.perf_counter()
        hits = await find(pool, case["inputs"]["question"])
        times.append(time.perf_counter() - started)
        found = {(hit.document_id, hit.section) for hit in hits}
        wanted = [(section["document"], section["heading"]) for section in case["expected"]["relevant"]]
        shares.append(sum(section in found for section in wanted) / len(wanted))

    assert sum(shares) / len(shares) >= 0.8
    assert sorted(times)[len(times) // 2] < 0.1
