"""Voyage's doors. Its client is not among this project's packages: these are the bodies that it sends."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest

from app.intelligence.wire.openai_embeddings import to_base64
from tests.interface.served_doors import KEY, Served

pytestmark = pytest.mark.slow


def posted(doors: Served, path: str, body: Any) -> httpx2.Response:
    """One plain request."""
    return httpx2.post(f"{doors.url}/voyage/v1/{path}", json=body, headers={"authorization": f"Bearer {KEY}"})


@pytest.mark.feature("I1")
@pytest.mark.parametrize("encoding", [None, "base64"])
def test_embeddings(doors: Served, encoding: str | None) -> None:
    """A vector a text, as floats or in base64, with the tokens in one count."""
    body = {"model": "voyage-3", "input": ["a", "bcd"], "input_type": "document", "truncation": True}

    reply = posted(doors, "embeddings", {**body, "encoding_format": encoding}).json()

    vectors: Any = [[0.5, 1.0], [0.5, 3.0]]
    assert [one["embedding"] for one in reply["data"]] == (
        [to_base64(vector) for vector in vectors] if encoding else vectors
    )
    assert (reply["usage"], reply["model"]) == ({"total_tokens": 2}, "voyage-3")


@pytest.mark.feature("I1")
def test_rerank(doors: Served) -> None:
    """Best first, `top_k` alone, by a model that scores or by the likeness of vectors, which the header says."""
    texts = ["xyz", "abc", "a"]

    scored = posted(doors, "rerank", {"model": "large", "query": "abc", "documents": texts, "top_k": 2})
    alike = posted(doors, "rerank", {"model": "rerank-2", "query": "abc", "documents": texts})

    assert [one["index"] for one in scored.json()["data"]] == [1, 2]
    assert scored.json()["usage"]["total_tokens"] > 0
    assert (scored.headers["x-reranked-by"], alike.headers["x-reranked-by"]) == ("large", "standin-hash")
    assert len(alike.json()["data"]) == 3


@pytest.mark.parametrize(
    ("path", "body", "says"),
    [
        ("embeddings", {"model": "m", "input": []}, "input holds nothing"),
        ("embeddings", {"model": "m", "input": ["a"], "output_dtype": "int8"}, "output_dtype is 'int8'"),
        ("embeddings", {"model": "m", "input": ["a"], "output_dimension": 7}, "the length 7 is asked for"),
        ("rerank", {"model": "m", "query": "a", "documents": []}, "documents is empty"),
        ("rerank", {"model": "m", "documents": ["a"]}, "query is missing"),
        ("rerank", {"model": "m", "query": " ", "documents": ["a"]}, "query is empty"),
    ],
)
def test_bad_bodies_are_refused_with_the_place(doors: Served, path: str, body: Any, says: str) -> None:
    """In Voyage's shape, naming the field."""
    answer = posted(doors, path, body)

    assert answer.status_code == 400
    assert says in answer.json()["detail"]


def test_a_text_of_nothing_ranks_last(doors: Served) -> None:
    """Where vectors tell, it gets none of its own, which models refuse to give; the others are ranked all the same."""
    found = posted(doors, "rerank", {"model": "rerank-2", "query": "abc", "documents": ["", "abc", " "]}).json()

    assert [one["index"] for one in found["data"]] == [1, 0, 2]
    assert [one["relevance_score"] > 0 for one in found["data"]] == [True, False, False]
