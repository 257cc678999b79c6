"""How alike two texts are, by words, stems and letter groups weighted by rarity. No model, no training, no network.

Lexical only: it sees that "refunds" and "refunded" belong together, and not that "money back" means the same.
"""

from __future__ import annotations

import math
import re
import unicodedata
import zlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import pairwise

HUMP, MARKS = re.compile(r"(?<=[a-z])(?=[A-Z])"), re.compile(r"[\W_]+")
HUMP_OR_MARK = re.compile(rf"{HUMP.pattern}|[_-]")
WORD = re.compile(r"[^\W_]+(?:[.,:/-][^\W_]+)*", re.UNICODE)
# Suffixes that carry grammar in the languages of the western alphabets; the longest that leaves four letters goes.
SUFFIXES = sorted(
    ("s", "es", "ed", "ing", "er", "ers", "ly", "ment", "ments", "tion", "tions", "able", "en", "em", "e", "n", "ungen",
     "ung", "ado", "ada", "ar", "os", "as", "a", "o", "ez", "ons", "er", "y", "ies", "ied"),
    key=len,
    reverse=True,
)  # fmt: skip
_FUNCTION_WORDS = """
a an the and or but if then of to in on at by for from with without as is are was were be been being it its this
that these those i you he she we they me my your our their his her do does did done can could will would shall
should may might must have has had not no yes so than too very just about into over under out up down what which
who whom when where why how there here all any some each other more most one get got dear please regards der die
das und oder ein eine einen einem einer ist sind war ich du er sie es wir ihr mein meine nicht mit von zu im am
auf aus bei nach wie was wo wann warum kann bitte danke el la los las un una y o de del que en es son por para
con no se mi su lo al como cuando donde le les des et ou du est sont pour avec dans sur ce cette je tu il elle
nous vous ne pas que qui quand comment mon ma mes um uma os as do da dos das em no na nao por com eu meu minha
"""
STOP_WORDS = frozenset(_FUNCTION_WORDS.split())


def words(text: str) -> list[str]:
    """Lower-case words without accents, numbers kept whole."""
    plain = unicodedata.normalize("NFKD", text.lower())
    return WORD.findall("".join(c for c in plain if not unicodedata.combining(c)))


def spaced(name: str) -> str:
    """What a program calls something, as words: `getWeather`, `get_weather` and `get-weather` alike."""
    return HUMP_OR_MARK.sub(" ", name)


def name_words(name: str) -> list[str]:
    """The lower-case words of what a program calls something; the first or last is empty beside a mark."""
    return MARKS.split(HUMP.sub("_", name).lower())


@lru_cache(maxsize=50_000)
def stem(word: str) -> str:
    """The word without its grammatical ending; at least four letters stay."""
    for suffix in SUFFIXES:
        if word.endswith(suffix) and len(word) - len(suffix) >= 4:
            return word[: -len(suffix)]
    return word


def content_words(text: str) -> list[str]:
    """The words that carry meaning, in order."""
    return [word for word in words(text) if word not in STOP_WORDS]


def terms(text: str) -> list[str]:
    """Stems of the content words, in order."""
    return [stem(word) for word in content_words(text)]


def features(text: str) -> Counter[str]:
    """Stems, pairs of neighbouring stems and letter groups of four inside words, counted."""
    stems = terms(text)
    counted: Counter[str] = Counter(stems)
    counted.update(f"{left}~{right}" for left, right in pairwise(stems))
    for word in stems:
        if len(word) > 4:
            counted.update(f"#{word[i : i + 4]}" for i in range(len(word) - 3))
    return counted


def weight_of(feature: str) -> float:
    """How much a kind of feature tells: letter groups little, pairs some, words most."""
    if feature.startswith("#"):
        return 0.25
    return 0.6 if "~" in feature else 1.0


def rarity(documents: Iterable[Mapping[str, int]]) -> dict[str, float]:
    """Inverse document frequency over the texts at hand: ln(1 + N / n)."""
    counts: Counter[str] = Counter()
    total = 0
    for document in documents:
        counts.update(document.keys())
        total += 1
    return {feature: math.log(1 + total / count) for feature, count in counts.items()}


def cosine(left: Mapping[str, int], right: Mapping[str, int], idf: Mapping[str, float]) -> float:
    """Cosine of the two weighted feature vectors, 0 to 1."""

    def value(counts: Mapping[str, int], feature: str) -> float:
        return (1 + math.log(counts[feature])) * weight_of(feature) * idf.get(feature, 1.0)

    shorter, longer = sorted((left, right), key=len)
    dot = sum(value(shorter, f) * value(longer, f) for f in shorter if f in longer)
    if not dot:
        return 0.0
    norms = [math.sqrt(sum(value(counts, f) ** 2 for f in counts)) for counts in (left, right)]
    return dot / (norms[0] * norms[1])


def coverage(question: Sequence[str], text: Iterable[str], idf: Mapping[str, float]) -> float:
    """The share of the question's terms, weighted by rarity, that the text holds; 0 to 1.

    A term that differs in its ending counts half: one begins with the other's first five letters.
    """
    held = set(text)
    openings = {term[:5] for term in held if len(term) >= 5}
    total = found = 0.0
    for term in dict.fromkeys(question):
        worth = idf.get(term, max(idf.values(), default=1.0))
        total += worth
        if term in held:
            found += worth
        elif len(term) >= 5 and term[:5] in openings:
            found += worth / 2
    return found / total if total else 0.0


def hashed(text: str, dimensions: int) -> list[float]:
    """A unit vector by feature hashing. Texts that share words point the same way; nothing more is meant by it."""
    vector = [0.0] * dimensions
    for feature, count in features(text).items():
        code = zlib.crc32(feature.encode())
        sign = 1.0 if code & 1 else -1.0
        vector[(code >> 1) % dimensions] += sign * (1 + math.log(count)) * weight_of(feature)
    length = math.sqrt(sum(x * x for x in vector))
    return [x / length for x in vector] if length else vector


def of_length(vector: Sequence[float], dimensions: int) -> list[float]:
    """A hashed vector with another number of dimensions, of unit length: folded when there are fewer, else with zeros
    behind it, which leaves all likenesses as they were."""
    folded = [0.0] * dimensions
    for index, value in enumerate(vector):
        folded[index % dimensions] += value
    length = math.hypot(*folded)
    return [value / length for value in folded] if length else folded
