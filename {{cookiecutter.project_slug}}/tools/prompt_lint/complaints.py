"""What a program says to the person at it: something went wrong, is done, or is to be confirmed.

Short prose about formats, outputs and answers reads much like an instruction. This tells it from one by the ways in
which programs report.
"""

from __future__ import annotations

import re

LONGEST = 300
"""Characters from which a text is no message of this kind."""

_REPORTS = re.compile(
    r"\s*(?:(?:un(?:known|supported|expected|recognized|recognised|able)|in(?:valid|correct)|missing|mismatched|bad|"
    r"no such|"
    r"failed|failure|fail(?:s|ed)? to|could ?n[o']t|cannot|can't|success(?:fully)?|deprecated|duplicate|illegal|"
    r"exception|warning|error)\b(?! (?:answers?|questions?|sentences?)\b))",
    re.IGNORECASE,
)
_FINDS = re.compile(
    r"\b(?:is|are|was|were|has|have|did|does)(?: not|n't)(?: a| an| been| yet)* (?:valid|serializable|supported|found|"
    r"allowed|defined|installed|available|set|enabled|configured|initiali[sz]ed|implemented|recogni[sz]ed|"
    r"callable|json\b|json[ -]serializable|running)|"
    r"\bis (?:incorrect|invalid|missing|deprecated|unsupported|required(?:\.| for| when| to|$))|"
    r"\b(?:accepted|valid|allowed|supported|available) (?:values?|options?|choices?|formats?) (?:is|are)\b|"
    r"\bare you sure\b|\bwill be (?:deleted|ignored|overwritten|removed|skipped)\b|"
    r"\b(?:failed|exception|traceback|error)(?: \w+)?: ?(?:\{|\(|$)|\bbut (?:got|found|received)\b|"
    r"\b(?:has|have) (?:already )?been (?:created|deleted|saved|written|updated|deprecated|removed)\b",
    re.IGNORECASE,
)


def complains(text: str) -> bool:
    """True for a short message about an error, an outcome or a confirmation: no order to a model."""
    return len(text) <= LONGEST and bool(_REPORTS.match(text) or _FINDS.search(text))
