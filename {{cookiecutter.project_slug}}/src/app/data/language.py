"""Which language a text is in, as the name of a Postgres text search configuration.

A count of function words, good for documents of a few sentences. It refuses to guess: without clear evidence the answer
is `simple`, which finds words as they are written.
"""

from __future__ import annotations

import re
from typing import Final

UNKNOWN: Final = "simple"
# ISO 639-1 codes a document may declare, and the configuration that stems it.
CONFIGURATIONS: Final = {
    "ar": "arabic", "da": "danish", "de": "german", "el": "greek", "en": "english", "es": "spanish", "fi": "finnish",
    "fr": "french", "hi": "hindi", "hu": "hungarian", "id": "indonesian", "it": "italian", "nl": "dutch",
    "no": "norwegian", "pt": "portuguese", "ro": "romanian", "ru": "russian", "sv": "swedish", "ta": "tamil",
    "tr": "turkish",
}  # fmt: skip
FUNCTION_WORDS: Final = {
    "english": "the of and to is are you your it that this with for not be can on by if when from or which",
    "german": "der die das und ist sind sie nicht ein eine mit für auf von den dem im zu wird werden oder auch wenn",
    "spanish": "el la los las de y es son que en un una con por para no se su del al como más cuando",
    "french": "le la les de et est sont que en un une avec pour pas se son du au aux vous dans qui des",
    "italian": "il lo gli di e è sono che in un una con per non si suo del al della come più quando",
    "portuguese": "o os as de e é são que em um uma com por para não se seu do da ao como mais quando",
    "dutch": "de het een en is zijn van dat niet met voor op te wordt worden of ook als bij aan u uw",
}
WORDS: Final = {language: frozenset(words.split()) for language, words in FUNCTION_WORDS.items()}
MIN_EVIDENCE = 3


def configuration(declared: str) -> str | None:
    """The configuration for a declared language (`de`, `de-CH`, `german`), None when it is not a known one."""
    name = declared.strip().lower()
    code = re.split(r"[-_]", name)[0]
    return name if name in CONFIGURATIONS.values() or name == UNKNOWN else CONFIGURATIONS.get(code)


def detect(text: str) -> str:
    """The configuration of the language whose function words are most frequent; ties and scarcity give `simple`."""
    words = re.findall(r"[^\W\d_]+", text[:20_000].lower())
    counts = sorted(((sum(w in known for w in words), name) for name, known in WORDS.items()), reverse=True)
    (most, language), (second, _) = counts[0], counts[1]
    return language if most >= MIN_EVIDENCE and most > second else UNKNOWN
