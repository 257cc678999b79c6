"""240 tickets for four prompts, and a provider that sorts them: what every contender of `bench/evals.py` works on.

`python bench/eval_cases.py DELAY_S` prints an address and serves OpenAI's chat there until its standard input ends;
`GET /calls` tells how many calls there were since the last time somebody asked.
"""

from __future__ import annotations

import asyncio
import os
import random
import sys
from dataclasses import dataclass

LABELS = ("billing", "technical", "account", "delivery", "other")
DESKS = ("hosting company", "furniture shop", "tax adviser", "bicycle courier")
TASKS = tuple(f"desk_{number}" for number in range(len(DESKS)))
EACH = 60
OPENINGS = {
    "billing": ("You charged me {n} euros too much", "Receipt {n} shows the wrong name", "When is fee {n} due"),
    "technical": ("Screen {n} stays white", "Error {n} comes up whenever I save", "The export stops at row {n}"),
    "account": ("User {n} cannot sign in", "My second factor {n} is lost", "Please close workspace {n}"),
    "delivery": ("Parcel {n} is three days late", "The driver left box {n} outside", "Where is shipment {n}"),
    "other": ("I am writing about your stand {n} at the fair", "Do you hire people for role {n}", "Greetings from {n}"),
}
TELLING = {
    "billing": ("charged", "receipt", "fee"),
    "technical": ("screen", "error", "export"),
    "account": ("sign in", "factor", "workspace"),
    "delivery": ("parcel", "driver", "shipment"),
}
ENDINGS = ("", " Please reply today.", " I asked before.", " Kind regards.")
MARK = "Ticket: "


@dataclass(frozen=True)
class Ticket:
    """One case. `task` says which of the four prompts it is for."""

    id: str
    task: str
    text: str
    label: str


def tickets() -> list[Ticket]:
    """All of them, the same every time."""
    draw = random.Random(4)
    found = []
    for task in TASKS:
        for number in range(EACH):
            label = LABELS[number % len(LABELS)]
            text = draw.choice(OPENINGS[label]).format(n=draw.randint(1000, 9999)) + "." + draw.choice(ENDINGS)
            found.append(Ticket(f"{task}-{number:02d}", task, f"{text} (no. {number})", label))
    return found


def instruction(task: str, *, changed: bool) -> str:
    """The prompt of a task; one word of the first one differs when `changed`."""
    desk = DESKS[TASKS.index(task)]
    verb = "Assign" if changed and task == TASKS[0] else "Give"
    return (
        f"{verb} the ticket to the support desk of a {desk} exactly one of these labels: {', '.join(LABELS)}. "
        "Answer with the label only, in lower case."
    )


def sorted_by(text: str) -> str:
    """The label this provider gives; about one ticket in twenty gets a wrong one."""
    low = text.lower()
    found = next((label for label, words in TELLING.items() if any(word in low for word in words)), "other")
    return LABELS[(LABELS.index(found) + 1) % len(LABELS)] if sum(low.encode()) % 20 == 0 else found


def rig() -> tuple[str, str, int, bool, str]:
    """What every contender is told by the environment: address, model, how many at once, changed or not, its folder."""
    changed = os.environ["BENCH_PHASE"] == "changed"
    return (
        os.environ["BENCH_BASE"],
        os.environ["BENCH_MODEL"],
        int(os.environ["BENCH_CONC"]),
        changed,
        os.environ["BENCH_DIR"],
    )


async def serve(delay_s: float) -> None:
    """Answer after `delay_s` until standard input ends."""
    from aiohttp import web

    counted = 0

    async def chat(request: web.Request) -> web.Response:
        nonlocal counted
        counted += 1
        body = await request.json()
        await asyncio.sleep(delay_s)
        text = sorted_by(str(body["messages"][-1]["content"]).rpartition(MARK)[2])
        choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
        usage = {"prompt_tokens": 70, "completion_tokens": 1, "total_tokens": 71}
        head = {"id": f"bench-{counted}", "object": "chat.completion", "created": 1, "model": body["model"]}
        return web.json_response({**head, "choices": [choice], "usage": usage})

    async def calls(_: web.Request) -> web.Response:
        nonlocal counted
        told, counted = counted, 0
        return web.json_response({"calls": told})

    application = web.Application()
    application.router.add_post("/v1/chat/completions", chat)
    application.router.add_get("/calls", calls)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, backlog=512).start()
    print(f"http://127.0.0.1:{runner.addresses[0][1]}", flush=True)
    await asyncio.to_thread(sys.stdin.read)
    await runner.cleanup()


async def gather() -> None:
    """The bare loop as a contender: no cache, no gate, no records. Prints its accuracy."""
    import aiohttp

    base, model, at_once, changed, _ = rig()
    free, right = asyncio.Semaphore(at_once), 0
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:

        async def one(ticket: Ticket) -> bool:
            system = {"role": "system", "content": instruction(ticket.task, changed=changed)}
            user = {"role": "user", "content": MARK + ticket.text}
            body = {"model": model, "messages": [system, user], "temperature": 0}
            async with free, session.post(f"{base}/chat/completions", json=body) as response:
                said = (await response.json())["choices"][0]["message"]["content"]
            return bool(said == ticket.label)

        right = sum(await asyncio.gather(*map(one, tickets())))
    print(f"ACCURACY {right / len(tickets()):.4f}")


if __name__ == "__main__":
    asyncio.run(gather() if sys.argv[1] == "gather" else serve(float(sys.argv[1])))
