"""The sets of the ranking benchmark: the sample with its evaluation cases, made ones, and public ones from a folder.

A public set has the three files that BEIR's sets come as: `corpus.jsonl` (`_id`, `title`, `text`), `queries.jsonl`
(`_id`, `text`) and `qrels/test.tsv` (query, document, grade; a header). None is part of the project.
"""

from __future__ import annotations

import json
import random
from pathlib import Path

from app.data.chunking import chunk
from app.data.documents import Document, load, read
from app.settings import Retrieval

ROOT = Path(__file__).resolve().parent.parent
Judged = list[tuple[str, set[str]]]


def sample() -> tuple[list[Document], list[tuple[str, list[tuple[str, str]]]]]:
    """The sample corpus and its answerable questions with the sections that answer them."""
    cases = [json.loads(line) for line in (ROOT / "evals/cases/rag.jsonl").read_text("utf-8").splitlines()]
    asked = [
        (case["inputs"]["question"], [(one["document"], one["heading"]) for one in case["expected"]["relevant"]])
        for case in cases
        if case["expected"]["answerable"]
    ]
    return list(load(ROOT / "corpus").documents), asked


def made(seed: int, documents: int = 400) -> tuple[list[Document], dict[str, list[tuple[str, str]]]]:
    """Documents of made words; questions of three kinds, each with the one document it was made from."""
    draw = random.Random(seed)
    roots = [
        a + b + c + d for a in "bdfgklmprst" for b in "aeiou" for c in ("nt", "rk", "mp", "ld", "st") for d in "ab"
    ]
    draw.shuffle(roots)
    common = [
        "the",
        "of",
        "and",
        "a",
        "to",
        "in",
        "is",
        "for",
        "on",
        "with",
        "that",
        "by",
        "this",
        "from",
        "which",
        "not",
        "are",
        "be",
        "has",
        "was",
        "will",
        "can",
        "should",
    ]
    forms = ("", "ing", "ed", "s")
    files, questions = [], {"few words": [], "many words": [], "other forms": []}
    for number in range(documents):
        own = draw.sample(roots, 12)
        body = " ".join(
            draw.choice(own) + draw.choice(forms) if draw.random() < 0.25
            else draw.choice(roots) + draw.choice(forms) if draw.random() < 0.3
            else draw.choice(common)
            for _ in range(draw.choice((40, 90, 160)))
        )  # fmt: skip
        name = f"{number}.md"
        files.append(read(name, f"# Note {number}\n\n{body}.".encode()))
        rare = draw.sample(own, 3)
        questions["few words"].append((" ".join(rare), name))
        questions["many words"].append((" ".join([*rare, *draw.sample(common, 7)]), name))
        questions["other forms"].append((" ".join(word + draw.choice(forms[1:]) for word in rare), name))
    return files, questions


def sample_judged() -> tuple[list[Document], Judged]:
    """The sample corpus and, for each of its questions, the chunks of the sections that answer it."""
    documents, asked = sample()
    pieces = [piece for document in documents for piece in chunk(document, Retrieval())]
    sections: dict[tuple[str, str], set[str]] = {}
    for piece in pieces:
        if piece.heading:
            sections.setdefault((piece.document_id, piece.heading[-1]), set()).add(piece.id)
    judged = [(question, set().union(*(sections.get(one, set()) for one in wanted))) for question, wanted in asked]
    return documents, [(question, relevant) for question, relevant in judged if relevant]


def public(folder: Path) -> tuple[list[Document], Judged]:
    """A set from its folder; relevant are documents, whatever their grade above 0."""
    documents = []
    for row in map(json.loads, (folder / "corpus.jsonl").read_text("utf-8").splitlines()):
        title = row.get("title") or "Untitled"
        documents.append(read(f"{row['_id']}.md", f"# {title}\n\n{row['text'].strip() or title}".encode(), folder.name))
    texts = {
        row["_id"]: row["text"] for row in map(json.loads, (folder / "queries.jsonl").read_text("utf-8").splitlines())
    }
    relevant: dict[str, set[str]] = {}
    for line in (folder / "qrels/test.tsv").read_text("utf-8").splitlines()[1:]:
        query, document, grade = line.split("\t")
        if int(grade) > 0:
            relevant.setdefault(query, set()).add(f"{document}.md")
    return documents, [(texts[query], names) for query, names in relevant.items() if query in texts]
