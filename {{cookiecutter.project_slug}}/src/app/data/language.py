"""Which language a text is in, as the name of a Postgres text search configuration.

A count of function words, good for documents of a few sentences; a script that one language alone is written in. It
refuses to guess: without clear evidence the answer is `simple`, which finds words as they are written.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import Final

UNKNOWN: Final = "simple"
# ISO 639-1 codes a document may declare, and the configuration that stems it.
CONFIGURATIONS: Final = {
    "ar": "arabic", "da": "danish", "de": "german", "el": "greek", "en": "english", "es": "spanish", "fi": "finnish",
    "fr": "french", "hi": "hindi", "hu": "hungarian", "id": "indonesian", "it": "italian", "nl": "dutch",
    "no": "norwegian", "nb": "norwegian", "nn": "norwegian", "pt": "portuguese", "ro": "romanian", "ru": "russian",
    "sv": "swedish", "ta": "tamil", "tr": "turkish",
}  # fmt: skip
# The other codes of ISO 639-1: languages without a configuration, whose words are found as they are written.
CODES: Final = (
    "aa ab ae af ak am an as av ay az ba be bg bh bi bm bn bo br bs ca ce ch co cr cs cu cv cy dv dz ee eo et eu fa "
    "ff fj fo fy ga gd gl gn gu gv ha he ho hr ht hy hz ia ie ig ii ik io is iu ja jv ka kg ki kj kk kl km kn ko kr "
    "ks ku kv kw ky la lb lg li ln lo lt lu lv mg mh mi mk ml mn mr ms mt my na nd ne ng nr nv ny oc oj om or os pa "
    "pi pl ps qu rm rn rw sa sc sd se sg si sk sl sm sn so sq sr ss st su sw te tg th ti tk tl tn to ts tt tw ty ug "
    "uk ur uz ve vi vo wa wo xh yi yo za zh zu"
)
AS_WRITTEN: Final = frozenset(CODES.split())
FUNCTION_WORDS: Final = {
    "english": "the of and to is are you your it that this with for not be can on by if when from or which",
    "german": "der die das und ist sind sie nicht ein eine mit für auf von den dem im zu wird werden oder auch wenn",
    "spanish": "el la los las de y es son que en un una con por para no se su del al como más cuando",
    "french": "le la les de et est sont que en un une avec pour pas se son du au aux vous dans qui des",
    "italian": "il lo gli di e è sono che in un una con per non si suo del al della come più quando",
    "portuguese": "o os as de e é são que em um uma com por para não se seu do da ao como mais quando",
    "dutch": "de het een en is zijn van dat niet met voor op te wordt worden of ook als bij aan u uw",
    # Close to each other, so that one alone would take the others' texts for its own.
    "swedish": "och att det är en ett som på för med av inte den till har kan om eller från när ska efter blir utan",
    "danish": "og at det er en et som på for med af ikke den til har kan om eller fra når skal efter bliver være uden",
    "norwegian": "og at det er en et som på for med av ikke den til har kan om eller fra når skal etter blir være uten",
    "finnish": "ja on ei se että oli myös kun tai mutta niin jos kuin sen voi ovat tämä joka ennen jälkeen",
    "hungarian": "a az és hogy nem is van egy ez meg vagy mint csak már kell után ha lehet minden",
    "romanian": "și în de la cu pe nu este sunt un o care din pentru mai că sau după dacă poate",
    "indonesian": "dan yang di untuk dengan ini itu dari pada tidak adalah ke atau dapat oleh akan jika setiap",
    "arabic": "من في على إلى عن أن إن هذا هذه التي الذي مع ما لا أو كان هو هي كل بعد قبل حتى عند",
    "russian": "и в не на что с по как это из для от к у или за его но при если после до",
    "greek": "και το η ο να του της την με για από είναι που στο στη τα οι δεν σε ή αν",
    "turkish": "ve bir bu için ile da de olarak veya gibi daha çok ne her değil kadar sonra",
    # Without a configuration, by their codes: their small words are also those of others above.
    "pl": "i w na z do nie się że jest to jak po od za o dla przez oraz lub co są",
    "cs": "a v na je se že to s z do o pro jako ale od po jsou nebo být musí při",
    "uk": "і в на не з до що як це від для по або та за у є після при якщо",
    "fa": "و در به از که این را با است برای آن می یا هر تا پس",
}
WORDS: Final = {language: frozenset(words.split()) for language, words in FUNCTION_WORDS.items()}
# Scripts of one language each, or nearly so; kana tell Japanese from Chinese.
SCRIPTS: Final = {
    "he": "\u0590-\u05ff", "th": "\u0e00-\u0e7f", "ka": "\u10a0-\u10ff", "hy": "\u0530-\u058f",
    "hi": "\u0900-\u097f", "ko": "\uac00-\ud7af", "ja": "\u3040-\u30ff", "zh": "\u4e00-\u9fff", "ta": "\u0b80-\u0bff",
}  # fmt: skip
IN_SCRIPT: Final = {code: re.compile(f"[{letters}]") for code, letters in SCRIPTS.items()}
LETTER: Final = re.compile(r"[^\W\d_]")
MIN_EVIDENCE = 3
SCRIPT_SHARE = 0.3


def code(declared: str) -> str | None:
    """A declared language (`de`, `de-CH`, `german`) as its ISO 639-1 code or its configuration; None when unknown."""
    name = declared.strip().lower()
    if name in CONFIGURATIONS.values() or name == UNKNOWN:
        return name
    short = re.split(r"[-_]", name)[0]
    return short if short in CONFIGURATIONS or short in AS_WRITTEN else None


def of(known: str) -> tuple[str, str | None]:
    """The configuration for what `code` gave; and the code itself, where the language has none of its own."""
    if known in AS_WRITTEN:
        return UNKNOWN, known
    return CONFIGURATIONS.get(known, known), None


def detect(text: str) -> tuple[str, str | None]:
    """As `of`, for the language whose function words are most frequent, or whose script most letters are in.

    Ties and scarcity give `simple`.
    """
    beginning = text[:20_000]
    words = Counter(re.findall(r"[^\W\d_]+", beginning.lower()))
    counts = sorted(((sum(words[w] for w in known), name) for name, known in WORDS.items()), reverse=True)
    (most, language), (second, _) = counts[0], counts[1]
    if most >= MIN_EVIDENCE and most > second:
        return of(language)
    if beginning.isascii():
        return UNKNOWN, None
    letters = len(LETTER.findall(beginning))
    for name, script in IN_SCRIPT.items():
        if letters and len(script.findall(beginning)) > SCRIPT_SHARE * letters:
            return of(name)
    return UNKNOWN, None
