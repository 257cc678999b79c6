"""Questions of many users to a running service: something for a canary to be judged by.

    python bench/traffic.py [--questions 600] [--users 300] [--url http://127.0.0.1:8000] [--round 1]

Every question is a little different, so that none is answered from the cache; another `--round` asks new ones. The
last line is one JSON object.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
import urllib.error
import urllib.request
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

QUESTIONS = (
    "How long do refunds take?",
    "How long is the trial?",
    "Which roles may change an invoice?",
    "How do I connect my bank?",
    "What does error TB-2003 mean?",
    "How do I export my data?",
)
AT_ONCE = 8
TIMEOUT_S = 60


def ask(url: str, number: int, users: int, round_: int) -> str:
    """One question as one of the users; the status, or what went wrong."""
    text = f"{QUESTIONS[number % len(QUESTIONS)]} My reference is {round_}-{number}."
    body = {"model": "assistant", "messages": [{"role": "user", "content": text}]}
    headers = {"content-type": "application/json", "x-user-id": f"user-{number % users}"}
    request = urllib.request.Request(f"{url}/v1/chat/completions", json.dumps(body).encode(), headers)
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_S) as response:
            return str(response.status)
    except urllib.error.HTTPError as error:
        return str(error.code)
    except OSError as error:
        return f"no answer: {error}"


def main() -> None:
    """The command. Ends with 1 when a question was not answered."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--questions", type=int, default=600)
    parser.add_argument("--users", type=int, default=300)
    parser.add_argument("--url", default="http://127.0.0.1:8000")
    parser.add_argument("--round", type=int, default=1)
    chosen = parser.parse_args()
    if not chosen.url.startswith(("http://", "https://")):
        parser.error("--url must begin with http:// or https://")
    began = time.perf_counter()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        found = Counter(pool.map(lambda n: ask(chosen.url, n, chosen.users, chosen.round), range(chosen.questions)))
    print(json.dumps({"answers": dict(found), "seconds": round(time.perf_counter() - began, 1)}))
    sys.exit(0 if set(found) <= {"200"} else 1)


if __name__ == "__main__":
    main()
