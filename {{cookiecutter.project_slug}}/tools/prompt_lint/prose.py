"""What looks like a prompt and is none: messages to people and machines.

By the place (an exception, a log line, a help text, a description of a field) or by the text itself (HTML, SQL, a URL,
a licence). A text that is really sent to a model is judged by that, not by this.
"""

from __future__ import annotations

import ast
import re

_QUIET_CALLS = frozenset(
    {
        "print", "pprint", "display", "HTML", "Markdown", "Latex", "warn", "warning", "error", "info", "debug",
        "critical",
        "exception", "log", "echo", "secho", "write", "writeln", "print_help", "add_argument", "add_parser",
        "ArgumentParser", "add_option", "option", "argument", "Option", "Argument", "input", "getpass", "fail", "skip",
        "skipif", "xfail", "deprecated", "gettext", "_", "gettext_lazy", "ugettext", "ngettext", "title", "subheader",
        "header", "caption", "success", "toast", "placeholder", "compile", "execute", "executemany", "read_sql",
        "markdown", "spinner", "expander", "button", "checkbox", "chat_input",
        "printmd", "rprint", "cprint", "set_title", "xlabel", "ylabel", "suptitle", "annotate", "field_validator",
        "replace", "split", "rsplit", "partition", "startswith", "endswith", "find", "index", "count", "removeprefix",
        "removesuffix", "sub",
        "getenv", "open", "read_csv", "get_logger", "getLogger", "confirm", "abort", "add_help_text", "assertEqual",
        "assertIn", "assertRaisesRegex", "assertRaises", "assertTrue", "assertFalse", "raises", "match", "deprecate",
    }
)  # fmt: skip
_QUIET_OWNERS = frozenset({"logger", "logging", "log", "LOG", "LOGGER", "_LOGGER", "_logger", "warnings", "console"})
_ERROR_CLASS = ("Error", "Exception", "Warning", "Exit", "Failure", "Http404")
_QUIET_KEYWORDS = frozenset(
    {
        "help", "description", "descriptions", "epilog", "usage", "metavar", "doc", "docs", "__doc__", "docstring",
        "title",
        "label", "placeholder", "tooltip", "caption", "summary", "help_text", "verbose_name", "short_help",
        "message_format",
        "error_message", "error_messages", "msg", "reason", "since", "deprecated", "alternative", "license",
        "classifiers",
        "author", "long_description", "footer", "html", "sql", "css", "examples_html", "subtitle", "xlabel", "ylabel",
        "annotation_text", "desc", "detail", "deprecation", "markdown", "comment", "changelog", "notes",
        "value_description", "tool_description", "return_description",
    }
)  # fmt: skip

_HTML = re.compile(
    r"\s*(?:<!doctype|<(?:html|head|body|div|span|p|a|b|h[1-6]|ul|ol|li|table|tr|td|th|style|script|svg|img|br|form|"
    r"link|meta|button|iframe|center|details|section|nav|strong|em|pre|small|code|font|input|label|select|textarea)"
    r"(?:\s[^<>]*)?/?>|<\?xml|<\?php)",
    re.IGNORECASE,
)
_SQL = re.compile(
    r"\s*(?:--[^\n]*\n\s*)*(?:select\s+[\w*\"'`(].*?\bfrom\b|insert\s+into\b|update\s+\S+\s+set\b|delete\s+from\b|"
    r"create\s+(?:or\s+replace\s+)?(?:temp\w*\s+)?(?:table|index|view|function|extension|database|schema|unique|vector)"
    r"\b|drop\s+\w+\b|alter\s+\w+\b|with\s+\w+\s+as\s*\(|match\s*\(\w*:?\w*[^)]*\)|merge\s*\(|unwind\s+\S+\s+as\b|create\s+constraint\b|call\s*\{|call\s+\w+(?:\.\w+)+\s*\(|pragma\s+\w+|"
    r"grant\s+\w+\s+on|begin\s*;|explain\s+(?:analyze\s+)?select\b)",
    re.IGNORECASE | re.DOTALL,
)
_ADDRESS = re.compile(
    r"\s*(?:[a-z][a-z0-9+.-]*://\S+|[\w.+-]+@[\w-]+\.[\w.]+|(?:[.~]{0,2}/)[\w./{}*-]+)\s*$", re.IGNORECASE
)
_LICENCE = re.compile(
    r"licensed under the|permission is hereby granted|all rights reserved|redistribution and use in source|"
    r"without warranties? or conditions|SPDX-License-Identifier|GNU (?:Lesser )?General Public",
    re.IGNORECASE,
)
_CODE = re.compile(
    r"\s*(?:#!|import [\w.]+(?: as \w+)?\s*$|from [\w.]+ import |def \w+\(|class \w+[(:]|@\w+[\w.]*\s*\n|"
    r"(?:async )?function\s*\w*\(|(?:const|let|var) \w+ ?=|package \w+;|public (?:class|static)|\#include)",
    re.MULTILINE,
)
_DOCSTRING = re.compile(r"\s*(?:\'\'\'.*?\'\'\'|\"\"\".*?\"\"\")", re.DOTALL)
_PATTERN = re.compile(r"\(\?[:=!<Pi]|\\[bsdw][+*)(\[\\|{?]|\[\^|\.[*+](?:\?|\))")
_DATA = re.compile(
    r"\s*(?:\{\s*\"|\[\s*[\[{\"]|data:[\w/+-]+;base64,|-----BEGIN|%!PS|\\documentclass|"
    r"(?:mutation|query|subscription)\s+\w+\s*[({])"
)
_TAG = re.compile(r"</?[A-Za-z][\w.:-]*(?:\s+[\w.:-]+\s*=\s*(?:\"[^\"]*\"|'[^']*'))*\s*/?>")
_ATTRIBUTE = re.compile(r"<[A-Za-z][\w.:-]*\s+[\w.:-]+\s*=\s*[\"']")
_WORD = re.compile(r"[^\W\d_]{2,}")
_IDEOGRAPH = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\u0e00-\u0e7f]")


def excluding_call(function: ast.expr, tail: str) -> str:
    """Why the arguments of this call are messages to somebody else than a model; empty when they need not be."""
    if isinstance(function, ast.Attribute):
        owner = function.value
        name = owner.id if isinstance(owner, ast.Name) else owner.attr if isinstance(owner, ast.Attribute) else ""
        if name in _QUIET_OWNERS:
            return "a log line"
    if tail in _QUIET_CALLS:
        return f"an argument of {tail}()"
    return "an error message" if tail.endswith(_ERROR_CLASS) else ""


def excluding_keyword(name: str) -> str:
    """Why a value under this keyword or key is documentation; empty when it need not be."""
    return f"{name}=" if name in _QUIET_KEYWORDS else ""


def is_markup_or_code(text: str) -> bool:
    """True for HTML, SQL, source code, JSON data, a regular expression, an address or a licence."""
    head = text[:400]
    return bool(
        _HTML.match(head)
        or _SQL.match(head)
        or _ADDRESS.match(text[:2000])
        or _CODE.match(_DOCSTRING.sub("", text[:2000], count=1)[:400])
        or _DATA.match(head)
        or len(_PATTERN.findall(head)) > 1
        or (("icen" in text or "ermission" in text or "ights" in text) and _LICENCE.search(text[:2000]))
    )


def is_xml(text: str) -> bool:
    """True for a text whose first 2,000 characters are tags with attributes rather than what stands between them."""
    text = text[:2000]
    if not text.lstrip().startswith("<") or not _ATTRIBUTE.search(text):
        return False
    between = sum(len(part.split()) for part in _TAG.split(text))
    return sum(len(tag.split()) for tag in _TAG.findall(text)) > between


def is_one_tag(text: str) -> bool:
    """True for `<audio src="..."/>`: a picture or a recording in the place of words."""
    return _TAG.fullmatch(text.strip()) is not None and _ATTRIBUTE.match(text.strip()) is not None


def words(text: str) -> int:
    """How many words; an ideograph, kana or Hangul syllable counts as half of one."""
    if text.isascii():
        return len(_WORD.findall(text))
    wide = len(_IDEOGRAPH.findall(text))
    return len(_WORD.findall(_IDEOGRAPH.sub(" ", text))) + (wide + 1) // 2 if wide else len(_WORD.findall(text))


def weight(text: str) -> int:
    """The length in characters, an ideograph, kana or Hangul syllable counted as three."""
    return len(text) if text.isascii() else len(text) + 2 * len(_IDEOGRAPH.findall(text))
