"""The caches as a caller meets them: replies by meaning, vectors by text, and what each saved."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Callable, Sequence

import pytest

from app.caller import Caller
from app.errors import CallFailedError
from app.intelligence.messages import Chunk, Embeddings, ModelReply, ModelRequest, Usage
from app.intelligence.providers.provider import Timeouts
from app.intelligence.providers.scripted import ScriptedProvider
from app.intelligence.semantic_guard import interchangeable
from tests.intelligence.conftest import Bench

Make = Callable[..., Bench]
ME = Caller(tenant="acme", user="u1")


class Words:
    """A provider whose vectors count words, so that questions of the same words are alike in any order."""

    def __init__(self, *script: str) -> None:
        self.chat = ScriptedProvider(*(script or ("ok",)))
        self.embedded: list[tuple[str, ...]] = []
        self.known: dict[str, int] = {}

    async def complete(self, request: ModelRequest, timeouts: Timeouts) -> ModelReply:
        return await self.chat.complete(request, timeouts)

    def stream(self, request: ModelRequest, timeouts: Timeouts) -> AsyncIterator[Chunk]:
        return self.chat.stream(request, timeouts)

    async def embed(self, model: str, texts: Sequence[str], timeouts: Timeouts) -> Embeddings:
        self.embedded.append(tuple(texts))
        vectors = []
        for text in texts:
            vector = [0.0] * 64
            for word in text.lower().split():
                vector[self.known.setdefault(word, len(self.known)) % 64] += 1.0
            vectors.append(vector)
        return Embeddings(vectors, model, Usage(10 * len(texts)))

    async def close(self) -> None:
        return


@pytest.mark.feature("G6")
async def test_a_question_of_the_same_meaning_is_answered_once(bench: Make) -> None:
    """The second wording costs a vector and no reply; reply and row say how it came about."""
    provider = Words()
    made = bench(provider)

    first = await made.gateway.complete("alike", {"name": "what does the plan cost"}, ME)
    second = await made.gateway.complete("alike", {"name": "the plan what does cost"}, ME)

    assert len(provider.chat.requests) == 1
    assert (second.text, second.cached, second.cache, second.cost_usd) == (first.text, True, "semantic", 0.0)
    assert second.similarity == pytest.approx(1.0)
    assert second.saved_usd == first.cost_usd
    row = made.rows[-1]
    assert (row.cache, row.saved_usd, row.saved_tokens) == ("semantic", first.cost_usd, 21)


@pytest.mark.feature("G6")
@pytest.mark.parametrize(
    ("question", "caller"),
    [
        ("what does the plan not cost", ME),
        ("what does the plan 2 cost", ME),
        ("what does the plan cost", Caller("other")),
        ("what does the plan cost", Caller("acme", role="admin")),
        ("what does the plan cost", Caller("acme", groups=frozenset({"board"}))),
        ("how do I leave", ME),
    ],
    ids=["negated", "number", "tenant", "role", "groups", "meaning"],
)
async def test_what_differs_is_asked_again(bench: Make, question: str, caller: Caller) -> None:
    """Another fact, another tenant or other permissions never share a reply."""
    provider = Words()
    made = bench(provider)

    await made.gateway.complete("alike", {"name": "what does the plan cost"}, ME)
    again = await made.gateway.complete("alike", {"name": question}, caller)

    assert (again.cached, len(provider.chat.requests)) == (False, 2)


@pytest.mark.feature("G6")
async def test_ten_thousand_pairs_do_not_cross_tenants_or_permissions(bench: Make) -> None:
    """Whoever asks what another asked, half of them in the same words, gets no reply of the other's."""
    draw, made = random.Random(3), bench(Words())
    callers = [Caller(t, role=r, groups=frozenset(g)) for t in "ab" for r in ("user", "admin") for g in ((), ("x",))]
    caching = made.gateway._caching
    crossings = 0
    for number in range(10_000):
        one, other = draw.sample(callers, 2)
        word = f"q{number % 50}"
        first = made.gateway._drafts.of_task("alike", {"name": word}, one, None, stream=False)
        words = word if number % 2 else f"q{draw.randrange(50)}"
        second = made.gateway._drafts.of_task("alike", {"name": words}, other, None, stream=False)
        crossings += first.identity == second.identity
        crossings += first.meaning is not None and second.meaning is not None and (
            first.meaning.scope == second.meaning.scope
        )  # fmt: skip

    assert caching.serves(first)
    assert crossings == 0


@pytest.mark.feature("G6")
async def test_a_text_is_embedded_once(bench: Make) -> None:
    """Only unknown texts reach the model, each once, in one request; the order is the caller's."""
    provider = Words()
    made = bench(provider)

    first = await made.gateway.embed(["a b", "c", "a b"], ME)
    second = await made.gateway.embed(["c", "d e f", "a b"], ME)
    third = await made.gateway.embed(["a b"], ME)

    assert provider.embedded == [("a b", "c"), ("d e f",)]
    assert first.vectors[0] == first.vectors[2] == second.vectors[2] == third.vectors[0]
    assert second.vectors[0] == first.vectors[1]
    assert [(row.cache, row.cached, row.input_tokens) for row in made.rows] == [
        (None, False, 20),
        ("embedding", False, 10),
        ("embedding", True, 0),
    ]


@pytest.mark.feature("G6")
async def test_vectors_of_one_tenant_are_not_anothers(bench: Make) -> None:
    """How fast an answer comes would tell what others have stored."""
    provider = Words()
    made = bench(provider)

    await made.gateway.embed(["a"], ME)
    await made.gateway.embed(["a"], Caller("other"))

    assert provider.embedded == [("a",), ("a",)]


@pytest.mark.feature("G6")
async def test_a_tenant_may_have_nothing_kept(bench: Make) -> None:
    """`tenants.private.cache: false`: every call is made, nothing is stored."""
    provider = Words()
    made = bench(provider)

    for _ in range(2):
        await made.gateway.complete("alike", {"name": "Ada"}, Caller("private"))
        await made.gateway.embed(["a"], Caller("private"))

    assert (len(provider.chat.requests), len(provider.embedded)) == (2, 2)
    assert (made.cache.replies, made.cache.kept, made.cache.meanings) == ({}, {}, [])


@pytest.mark.feature("G5")
async def test_a_claim_ends_however_the_call_does(bench: Make) -> None:
    """A failed call lets the next process try at once."""
    made = bench(ScriptedProvider("400", "400", "ok"))

    with pytest.raises(CallFailedError):
        await made.gateway.complete("greet", {"name": "Ada"}, ME)
    failed = set(made.cache.claims)
    await made.gateway.complete("greet", {"name": "Ada"}, ME)

    assert (failed, made.cache.claims) == (set(), set())


@pytest.mark.feature("G6")
async def test_what_the_provider_kept_is_cheaper_and_counted(bench: Make) -> None:
    """The saving is the price without its cache less the price paid; filling it counts against it."""
    usage = Usage(1_000_000, 0, cached_input_tokens=400_000, cache_write_tokens=200_000)
    made = bench(ScriptedProvider(ModelReply("hello", "gold", usage)))

    reply = await made.gateway.complete("alike", {"name": "Ada"}, ME)

    assert (reply.cost_usd, reply.saved_usd) == (pytest.approx(0.69), pytest.approx(0.31))
    assert (made.rows[-1].cached_input_tokens, made.rows[-1].cache_write_tokens) == (400_000, 200_000)


@pytest.mark.feature("G6")
@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("How do I get a refund?", "How can I get a refund?", True),
        ("how do i reset my password", "How do I reset my password?", True),
        ("Refund within 14 days?", "Refund within 30 days?", False),
        ("Can I cancel?", "Can't I cancel?", False),
        ("Is it sold in Spain?", "Is it sold in Portugal?", False),
        ("What does error E401 mean?", "What does error E403 mean?", False),
        ("Wie kündige ich?", "Wie kündige ich nicht?", False),
        ("可以退款吗", "不可以退款吗", False),
        ('What does "Sync" do?', 'What does "Share" do?', False),
        ("How do I enable sync?", "How do I disable sync?", False),
        ("What is due before May?", "What is due after May?", False),
    ],
)
def test_questions_that_differ_in_a_fact_are_told_apart(one: str, other: str, same: bool) -> None:
    """Numbers, negations, names, codes, quotes and opposites, in either order."""
    assert interchangeable(one, other) is same
    assert interchangeable(other, one) is same
