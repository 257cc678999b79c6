"""Sets for `bench/ranking.py` whose questions are in another language than the documents that answer them.

They are made from documentation that lies on this machine in several languages, a folder each, in which translations of
a page have the same name. A page's question is its own first sentence, which the page then lacks: who looks for it has
to find the rest. The documents of a set are

- `one`: all in the language named first; questions are in the others, in turn;
- `mixed`: each in one language, in turn; questions in any, so that one in as many as there are languages is in its own;
- `all`: in every language; each question is in one, and every translation of its page is an answer.

    python bench/ranking_languages.py OUT en=FOLDER de=FOLDER fr=FOLDER [--only 'GLOB'] [--most PAGES]

writes the folders OUT-one, OUT-mixed and OUT-all. No page is part of the project.
"""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from app.data.chunking import SENTENCE_END
from app.data.documents import read
from app.errors import InputError

POOLS = ("one", "mixed", "all")
# A question of fewer words asks for nothing, one of more is no question.
FEWEST_WORDS, MOST_WORDS = 4, 40
# What is left of a page without its first sentence, in characters.
SHORTEST, LONGEST = 200, 6_000
HEADING = re.compile(r"^#{1,6} +(.+)$", re.MULTILINE)
PROSE = re.compile(r"[^\W\d_]")


@dataclass(frozen=True, slots=True)
class Page:
    """A page in one language: its title, its first sentence, and the rest."""

    title: str
    question: str
    text: str


def page(name: str, raw: bytes) -> Page | None:
    """The page; None where it has no first sentence, or too little or too much besides. Navigation before it is cut."""
    try:
        document = read(name, raw, "bench")
    except InputError:
        return None
    heading = HEADING.search(document.text)
    if heading is None:
        return None
    body = document.text[heading.end() :].lstrip()
    paragraph = body.split("\n\n")[0]
    if not PROSE.match(paragraph):
        return None
    end = SENTENCE_END.search(paragraph)
    first = paragraph[: end.start()] if end else paragraph
    rest = body[len(first) :].strip()
    if not FEWEST_WORDS <= len(first.split()) <= MOST_WORDS or not SHORTEST <= len(rest) <= LONGEST:
        return None
    return Page(heading[1].strip(), " ".join(first.split()), rest)


def parallel(folders: Mapping[str, Path], only: str, most: int) -> dict[str, dict[str, Page]]:
    """Name and language to page, of the first `most` names that `only` matches and every language has."""
    first = next(iter(folders.values()))
    found: dict[str, dict[str, Page]] = {}
    for path in sorted(first.rglob("*")):
        name = path.relative_to(first).as_posix()
        if len(found) == most or not path.is_file() or not PurePosixPath(name).match(only):
            continue
        files = {language: folder / name for language, folder in folders.items()}
        if all(file.is_file() for file in files.values()):
            pages = {language: page(name, file.read_bytes()) for language, file in files.items()}
            # A page that is not translated is in the first language everywhere.
            if all(pages.values()) and len({one.question for one in pages.values() if one}) == len(pages):
                found[name] = {language: one for language, one in pages.items() if one}
    return found


def judged(pages: Mapping[str, Mapping[str, Page]], pool: str) -> tuple[list[dict[str, str]], list[tuple[str, str]]]:
    """The documents of a pool, and for each page the language of its question with the question.

    A document's name is its page's number and its language; every one of a page is relevant to the page's question.
    """
    languages = list(next(iter(pages.values())))
    rows, questions = [], []
    for number, translations in enumerate(pages.values()):
        asked = languages[1 + number % (len(languages) - 1)] if pool == "one" else languages[number % len(languages)]
        turn = number // len(languages) % len(languages)
        held = {"one": languages[:1], "mixed": [languages[turn]], "all": languages}[pool]
        for language in held:
            one = translations[language]
            rows.append({"_id": f"{number}-{language}", "title": one.title, "text": one.text})
        questions.append((asked, translations[asked].question))
    return rows, questions


def write(folder: Path, pages: Mapping[str, Mapping[str, Page]], pool: str) -> None:
    """The three files that `bench/ranking.py --set` reads."""
    rows, questions = judged(pages, pool)
    asked = [{"_id": f"{n}-{language}", "text": question} for n, (language, question) in enumerate(questions)]
    answers: dict[str, list[str]] = {}
    for row in rows:
        answers.setdefault(row["_id"].split("-")[0], []).append(row["_id"])
    pairs = [f"{one['_id']}\t{name}\t1" for one in asked for name in answers[one["_id"].split("-")[0]]]
    (folder / "qrels").mkdir(parents=True, exist_ok=True)
    for name, lines in (("corpus.jsonl", rows), ("queries.jsonl", asked)):
        text = "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in lines)
        (folder / name).write_text(text, encoding="utf-8")
    (folder / "qrels/test.tsv").write_text("\n".join(["query\tdocument\tgrade", *pairs]) + "\n", encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path, help="where the sets go: a path whose last part begins their names")
    parser.add_argument("folders", nargs="+", metavar="LANGUAGE=FOLDER", help="at least two; translations share a name")
    parser.add_argument("--only", default="*", metavar="GLOB", help="pages whose path below the folder matches")
    parser.add_argument("--most", type=int, default=500, metavar="PAGES", help="at most so many (default 500)")
    options = parser.parse_args()
    folders = {language: Path(folder) for language, _, folder in (one.partition("=") for one in options.folders)}
    missing = [f"{language}={folder}" for language, folder in folders.items() if not folder.is_dir()]
    if missing or len(folders) < 2:
        raise SystemExit(f"{', '.join(missing) or 'one language'}: give two languages or more, each LANGUAGE=FOLDER")
    pages = parallel(folders, options.only, options.most)
    if not pages:
        raise SystemExit("no page is there in every language under the same name: see --only and the folders")
    for pool in POOLS:
        folder = options.out.with_name(f"{options.out.name}-{pool}")
        write(folder, pages, pool)
        print(f"{folder}: {len(pages)} questions")


if __name__ == "__main__":
    main()
