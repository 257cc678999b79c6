"""Secrets a user pastes by mistake: keys, tokens, passwords, private keys. By shape, as `observability.redaction` does.

A shape is all there is to go by: a secret without a prefix and without a name before it is not found.
"""

from __future__ import annotations

import re

from app.intelligence.personal_data.recogniser import Recogniser

BEARER = Recogniser(
    label="SECRET",
    trigger="word",
    words=("bearer", "basic"),
    pattern=re.compile(
        r"(?i)\b(?:bearer|basic)[ ]{1,4}(?P<value>(?=[A-Za-z._~+/-]{0,64}[\d=])[A-Za-z0-9._~+/=-]{8,4096})"
    ),
    score=0.9,
    must_find=(
        ("Authorization: Bearer abc123def456ghi", "abc123def456ghi"),
        ("basic YW5uYTpodW50ZXIy=", "YW5uYTpodW50ZXIy="),
    ),
    must_not_find=("the basic subscription", "bearer of bad news", "Basic plan"),
)

WEB_TOKEN = Recogniser(
    label="SECRET",
    trigger="word",
    words=("eyj",),
    pattern=re.compile(r"\beyJ[A-Za-z0-9_-]{8,4096}\.[A-Za-z0-9_-]{4,8192}(?:\.[A-Za-z0-9_-]{0,4096})?"),
    score=0.95,
    must_find=(
        (
            "token eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl!",
            "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl",
        ),
    ),
    must_not_find=("eyJ is how they start", "heyJude1234.and5678"),
)

PREFIXED_KEY = Recogniser(
    label="SECRET",
    trigger="word",
    words=(
        *(f"{head}{mark}" for head in ("sk", "pk", "rk", "ak", "key") for mark in "-_"),
        *("gho_", "ghp_", "ghs_", "ghu_", "github_pat_", "xox", "glpat-", "akia", "aiza", "hf_"),
    ),
    pattern=re.compile(
        r"\b(?:(?:[spra]k|key)[-_]|gh[opsu]_|github_pat_|xox[abp]-|glpat-|AKIA|AIza|hf_)"
        r"(?=[A-Za-z_-]{0,64}\d)[A-Za-z0-9_-]{16,512}"
    ),
    score=0.95,
    must_find=(
        ("use sk-proj-a1B2c3D4e5F6g7H8i9J0 for now", "sk-proj-a1B2c3D4e5F6g7H8i9J0"),
        ("AKIAIOSFODNN7EXAMPLE1", "AKIAIOSFODNN7EXAMPLE1"),
        ("ghp_0123456789abcdefABCDEF0123456789abcd", "ghp_0123456789abcdefABCDEF0123456789abcd"),
    ),
    must_not_find=("sk-learn-compatible-estimators", "key_of_the_table", "task-1234567890123456789"),
)

NAMED_SECRET = Recogniser(
    label="SECRET",
    trigger="word",
    words=("api_key", "apikey", "api-key", "passw", "secret", "token"),
    pattern=re.compile(
        r"(?i)(?:api[_-]?key|password|passwd|secret|token)\"?[ ]{0,2}[=:][ ]{0,2}\"?"
        r"(?P<value>(?=[^\s\",;&<]{0,64}[\d!$%^*#])[^\s\",;&<\[]{6,4096})"
    ),
    score=0.7,
    must_find=(
        ('{"api_key": "q8Zr-77aa-Lm"}', "q8Zr-77aa-Lm"),
        ("password=hunter2!", "hunter2!"),
        ("client_secret: 9f8e7d6c5b4a", "9f8e7d6c5b4a"),
    ),
    must_not_find=("Password: forgotten, please help", "token: see below", "secret = none", "max_tokens: 512"),
)

URL_PASSWORD = Recogniser(
    label="SECRET",
    trigger="at",
    pattern=re.compile(r"://[^\s:/@]{0,256}:(?P<value>[^\s@/]{1,256})(?=@[\w.-])"),
    score=0.9,
    must_find=(("postgresql://app:s3cr3t@db.internal/app", "s3cr3t"), ("https://u:pw9@10.0.0.1", "pw9")),
    must_not_find=("https://example.com:8080/@docs", "see http://docs/a:b"),
)

PRIVATE_KEY = Recogniser(
    label="SECRET",
    trigger="word",
    words=("-----begin",),
    pattern=re.compile(
        r"-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----(?:(?!-----END)[A-Za-z0-9+/=\s:,-]){0,20000}"
        r"(?:-----END [A-Z ]{0,30}PRIVATE KEY-----)?"
    ),
    score=1.0,
    must_find=(
        (
            "key:\n-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKC7\nq8Zr77aaLm\n-----END RSA PRIVATE KEY-----\nthanks",
            "-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKC7\nq8Zr77aaLm\n-----END RSA PRIVATE KEY-----",
        ),
    ),
    must_not_find=("-----BEGIN CERTIFICATE-----\nMIIE\n-----END CERTIFICATE-----",),
)
