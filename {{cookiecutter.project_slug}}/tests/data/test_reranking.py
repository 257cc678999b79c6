"""The second look at hits: it orders near ties by the question's words, and asks for nothing that is not installed."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from psycopg_pool import AsyncConnectionPool

from app.caller import Caller
from app.data import retrieval
from app.data.reranking import rerank
from app.data.retrieval import Hit
from app.errors import ConfigurationError
from app.settings import Retrieval
from tests.data.index import ingest


def hit(name: str, text: str, score: float) -> Hit:
    return Hit(name, f"{name}.md", "Title", (), text, score, 1, None)


@pytest.mark.feature("D4")
async def test_near_ties_are_ordered_by_the_questions_words() -> None:
    """Of two equal hits the one that holds more of the question comes first; a clear difference stays."""
    near = [hit("a", "refunds in general", 0.0163), hit("b", "refunds for yearly plans", 0.0161)]
    clear = [hit("a", "refunds in general", 0.0320), hit("b", "refunds for yearly plans", 0.0161)]

    assert [h.chunk_id for h in await rerank("refund of a yearly plan", near, 1, by="lexical")] == ["b"]
    assert [h.chunk_id for h in await rerank("refund of a yearly plan", clear, 2, by="lexical")] == ["a", "b"]
    assert await rerank("anything", [], 3, by="lexical") == []


@pytest.mark.skipif(find_spec("fastembed") is not None, reason="fastembed is installed")
async def test_a_cross_encoder_that_is_not_installed_is_one_line() -> None:
    """The line names the package and the other way."""
    hits = [hit("a", "one", 0.1), hit("b", "two", 0.1)]

    with pytest.raises(ConfigurationError, match="install the package fastembed, or set it to lexical"):
        await rerank("question", hits, 1, by="some/encoder")


STAND_IN = """
class TextCrossEncoder:
    def __init__(self, model_name):
        self.model_name = model_name

    def rerank(self, question, texts):
        return (len(set(question.split()) & set(text.split())) - len(self.model_name) for text in texts)
"""


@pytest.mark.skipif(find_spec("fastembed") is not None, reason="fastembed is installed")
async def test_a_cross_encoder_orders_by_its_own_scores(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stand-in for the package: it sees label and text of each hit, its scores order and replace those of search."""
    package = tmp_path / "fastembed" / "rerank"
    package.mkdir(parents=True)
    for name in ("fastembed/__init__.py", "fastembed/rerank/__init__.py"):
        (tmp_path / name).touch()
    (package / "cross_encoder.py").write_text(STAND_IN)
    monkeypatch.syspath_prepend(tmp_path)
    hits = [hit("a", "nothing of it", 0.9), hit("b", "what holds two words", 0.1), hit("c", "one words", 0.2)]

    found = await rerank("two words", hits, 2, by="tiny")

    assert [(one.chunk_id, one.score) for one in found] == [("b", -2.0), ("c", -3.0)]
    for name in [name for name in sys.modules if name.split(".")[0] == "fastembed"]:
        del sys.modules[name]


@pytest.mark.feature("D4")
async def test_what_stands_around_a_hit_comes_on_request(pool: AsyncConnectionPool) -> None:
    """Nothing by default; the chunks next to it, or all under its heading, in order and in the same statement."""
    sentence = "This part says a lot about nothing in particular, so that it is long enough. "
    parts = [f"Marker{n}. " + sentence * 5 for n in range(4)]
    text = "# A\n\n## First\n\nBefore.\n\n## Long\n\n" + "\n\n".join(parts) + "\n\n## Last\n\nEnd."
    await ingest(pool, {"a.md": text}, settings=Retrieval(chunk_tokens=100))

    async def one(around: retrieval.Around) -> Hit:
        (found,) = await retrieval.search(
            pool, "marker1", None, Caller(), settings=Retrieval(), k=1, around=around, filters=None
        )
        return found

    alone, neighbours, section = await one("nothing"), await one("neighbours"), await one("section")

    assert (alone.before, alone.after) == ("", "")
    assert "Marker0" in neighbours.before
    assert "Marker2" in neighbours.after
    assert "Marker3" not in neighbours.after
    assert section.after.index("Marker2") < section.after.index("Marker3")
    assert "End." not in section.after
