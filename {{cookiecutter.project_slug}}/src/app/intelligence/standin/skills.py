"""What the stand-in can do with a prompt it has read: label, answer from sources, reply.

Each skill works from the prompt alone, so a better prompt gives a better result and a ruined one a worse.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from app.intelligence.standin.passages import Passage, passages
from app.intelligence.standin.reading import Reading
from app.intelligence.standin.similarity import content_words, cosine, coverage, features, rarity, terms

# Below this share of the question's terms in the best source, the stand-in counts itself unsure.
SURE = 0.3
NEIGHBOURS = 3
ORDER = re.compile(
    r"\b(?:ignore|disregard|forget|override)\b[^.\n]{0,80}\b(?:instruction|prompt|rule|above|previous"
    r"|everything)s?\b.*?"
    r"\b(?:answer|say|reply|respond|output|label|classify|return|write)\b(?:\s+(?:with|as|this|it|the|ticket"
    r"|only|just|exactly))*\s*"
    r"[:\"'“`]*\s*(?P<what>[\w -]{1,40})",
    re.IGNORECASE | re.DOTALL,
)


def classify(reading: Reading) -> str:
    """The label whose description and examples are most like the subject; the last label when nothing is alike."""
    obeyed = _obeyed(reading)
    if obeyed is not None:
        return obeyed
    scores = label_scores(reading)
    best = max(scores, key=lambda name: scores[name])
    return best if scores[best] > 0 else list(reading.labels)[-1]


def label_scores(reading: Reading) -> dict[str, float]:
    """For each label its likeness to the subject: description, plus its nearest examples."""
    described = {name: features(f"{name} {text}") for name, text in reading.labels.items()}
    examples = [(features(text), label) for text, label in reading.examples]
    subject = features(reading.subject)
    idf = rarity([*described.values(), *(counts for counts, _ in examples)])
    scores = {name: cosine(subject, counts, idf) for name, counts in described.items()}
    for name in scores:
        near = sorted((cosine(subject, counts, idf) for counts, label in examples if label == name), reverse=True)
        scores[name] += sum(near[:NEIGHBOURS]) / 2
    return scores


def answer(reading: Reading) -> str:
    """Sentences and table rows of the sources that hold the question's words, cited when the prompt asks for it.

    Unsure and told what to say then, it says that; unsure and not told, it answers all the same.
    """
    question = terms(reading.subject)
    found = passages(reading.sources)
    idf = rarity(Counter(passage.terms) for passage in found)
    ranked = sorted(found, key=lambda passage: -_worth(question, passage, idf))
    if reading.abstention and (not ranked or not _sure(question, ranked, idf)):
        return reading.abstention
    if not ranked:
        return "I do not know."
    wanted = reading.sentences or 3
    best = _worth(question, ranked[0], idf)
    chosen = [p for p in ranked[:wanted] if _worth(question, p, idf) >= best * 0.4]
    return " ".join(_said(passage, reading.cites) for passage in chosen)


def reply(reading: Reading) -> str:
    """A short reply when nothing more definite is asked: it names what the text is about and quotes its core."""
    subject = " ".join(reading.subject.split())
    sentences = [s for s in re.split(r"(?<=[.!?])\s+", subject) if s]
    core = max(sentences, key=lambda s: len(set(terms(s))), default="")
    about = ", ".join(word for word, _ in Counter(content_words(subject)).most_common(3))
    if not about:
        return "Hello! How can I help?"
    return (
        f"Thank you for your message about {about}. You wrote: {core[:300]} We will look into it and come back to you."
    )


def labelled(label: str, reading: Reading) -> str:
    """The label as the prompt wants it: bare when told so, else in a sentence."""
    return label if reading.bare else f"This looks like {label}."


def as_json(value: Any) -> str:
    """Compact JSON."""
    return json.dumps(value, ensure_ascii=False)


def _obeyed(reading: Reading) -> str | None:
    """A naive reader follows orders found in the subject, unless the prompt says that the subject is data."""
    if reading.subject_is_data:
        return None
    order = ORDER.search(reading.subject)
    if order is None:
        return None
    said = order["what"].strip().lower()
    return next((name for name in reading.labels if said.startswith(name.lower())), None)


def _worth(question: Sequence[str], passage: Passage, idf: Mapping[str, float]) -> float:
    """What the passage's own words cover of the question, its heading counting half, earlier sources a little more."""
    own = coverage(question, passage.terms, idf)
    framed = coverage(question, [*passage.terms, *passage.heading_terms], idf)
    return (own + (framed - own) / 2) * (1 + 0.15 / passage.source)


def _sure(question: Sequence[str], ranked: Sequence[Passage], idf: Mapping[str, float]) -> bool:
    """Whether the source of the best passage, heading included, holds enough of the question."""
    source = ranked[0].source
    held = [term for p in ranked if p.source == source for term in (*p.terms, *p.heading_terms)]
    return coverage(question, held, idf) >= SURE


def _said(passage: Passage, cites: bool) -> str:
    text = passage.text.rstrip()
    if not cites:
        return text
    ending = text[-1] if text[-1:] in ".!?" else "."
    return f"{text.rstrip('.!?')} [{passage.source}]{ending}"
