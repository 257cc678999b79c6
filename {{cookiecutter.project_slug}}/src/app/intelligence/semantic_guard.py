"""Whether two questions that a vector calls alike may have one answer: numbers, negations, names and quotes must agree.

Embeddings put "refund within 14 days" beside "refund within 30 days" and "is" beside "is not". This check reads the
words themselves. It refuses too much rather than too little: a refusal costs one model call.
"""

from __future__ import annotations

import re
from collections import Counter

_NUMBER = re.compile(r"\d+(?:[.,:/-]\d+)*")
_QUOTED = re.compile(r"[\"“”„«»'‘’`]([^\"“”„«»'‘’`]{2,80})[\"“”„«»'‘’`]")
_WORD = re.compile(r"\w+(?:['’]\w+)*")
_SENTENCE_START = re.compile(r"(?:^|[.!?:]\s+|\n\s*)\W*(\w+)")
# Words that turn a sentence round, in the languages of most users; spelled as they stand inside text.
_NEGATIONS = frozenset(
    [
        "no",
        "not",
        "never",
        "none",
        "nothing",
        "nobody",
        "neither",
        "nor",
        "without",
        "except",
        "unless",
        "cannot",
        "hardly",
        "isn't",
        "aren't",
        "wasn't",
        "weren't",
        "don't",
        "doesn't",
        "didn't",
        "won't",
        "wouldn't",
        "can't",
        "couldn't",
        "shouldn't",
        "mustn't",
        "haven't",
        "hasn't",
        "hadn't",
        "unable",
        "disable",
        "disabled",
        "nicht",
        "kein",
        "keine",
        "keinen",
        "keiner",
        "keinem",
        "nie",
        "niemals",
        "nichts",
        "ohne",
        "außer",
        "weder",
        "ne",
        "pas",
        "jamais",
        "sans",
        "aucun",
        "aucune",
        "sauf",
        "rien",
        "ni",
        "nunca",
        "ningún",
        "ninguna",
        "sin",
        "nada",
        "jamás",
        "não",
        "nem",
        "sem",
        "nenhum",
        "nenhuma",
        "non",
        "mai",
        "senza",
        "nessun",
        "nessuna",
        "niente",
        "nie",
        "bez",
        "żaden",
        "geen",
        "niet",
        "nooit",
        "zonder",
        "не",
        "нет",
        "без",
        "никогда",
        "ничего",
        "ни",
        "नहीं",
        "मत",
        "बिना",
    ]
)
# Pairs that are alike to a vector and mean opposite things.
_OPPOSITES = (
    ("before", "after"), ("more", "less"), ("above", "below"), ("over", "under"), ("increase", "decrease"),
    ("enable", "disable"), ("start", "stop"), ("open", "close"), ("add", "remove"), ("buy", "sell"),
    ("send", "receive"),
    ("first", "last"), ("minimum", "maximum"), ("upgrade", "downgrade"), ("in", "out"), ("on", "off"), ("from", "to"),
    ("monthly", "yearly"), ("month", "year"), ("import", "export"), ("incoming", "outgoing"), ("old", "new"),
    ("max", "min"), ("best", "worst"), ("up", "down"), ("yes", "no"), ("male", "female"), ("true", "false"),
)  # fmt: skip
_OPPOSED = frozenset(word for pair in _OPPOSITES for word in pair)
_UNSPACED = re.compile("[不没無无非未別别なぬず]")


def interchangeable(one: str, other: str) -> bool:
    """Whether nothing that can be read off the words tells the two apart."""
    return _facts(one) == _facts(other)


def _facts(text: str) -> tuple[object, ...]:
    words = [word.casefold().replace("’", "'") for word in _WORD.findall(text)]
    return (
        Counter(_NUMBER.findall(text)),
        Counter(word for word in words if word in _NEGATIONS or word.endswith("n't")),
        Counter(word for word in words if word in _OPPOSED),
        Counter(_UNSPACED.findall(text)),
        Counter(quoted.casefold() for quoted in _QUOTED.findall(text)),
        _names(text),
    )


def _names(text: str) -> frozenset[str]:
    """Capitalised words inside sentences, and words that mix letters and digits or are all capitals."""
    starts = {match.start(1) for match in _SENTENCE_START.finditer(text)}
    names = set()
    for match in _WORD.finditer(text):
        word = match.group()
        telling = any(map(str.isdigit, word)) or (len(word) > 1 and word.isupper())
        if telling or (word[0].isupper() and match.start() not in starts and word not in ("I", "I'm", "I'd", "I've")):
            names.add(word.casefold())
    return frozenset(names)
