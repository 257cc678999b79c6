"""From a changed prompt to a verdict: whole processes, from start to end, over 240 cases and a provider of 200 ms.

`make bench-evals`. Three phases: `cold` (nothing cached), `same` (nothing changed), `changed` (one word of one of the
four prompts). Ours is `app eval --gate`: suites, cache, paired gate, verdict kept, MLflow's records after it. `gather`
is the bare loop without any of that. Other tools join as `BENCH_EVAL_PEERS="NAME=PLACE;..."`: for `inspect_ai`,
`deepeval`, `mlflow` and `pytest` the place is the Python that has the tool (beside `openai`), for `promptfoo` its
main.js (NODE names another node); for any other name it is a command that reads BENCH_BASE, BENCH_MODEL, BENCH_CONC,
BENCH_PHASE and BENCH_DIR. The last line is JSON. Compare ratios inside one run.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import shlex
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Any

import eval_project
import psycopg
from eval_cases import EACH, TASKS
from eval_peers import PEERS

HERE = Path(__file__).resolve().parent
PHASES = ("cold", "same", "changed")
DELAY_S, AT_ONCE = 0.2, 32
CASES = EACH * len(TASKS)
FLOOR_S = CASES / AT_ONCE * DELAY_S
# Seconds of wall time: two of start-up after 1.15 times the floor; nothing changed; 60 of 240 changed; the records.
GOALS_S = {"cold": 2.0 + 1.15 * FLOOR_S, "same": 1.5, "changed": 2.0, "records": 15.0}
CALLS = {"cold": CASES, "same": 0, "changed": EACH}

Figures = dict[str, float]


class Own:
    """`app eval --gate` in a project that was set up beforehand, as a developer's is."""

    def __init__(self, folder: Path, base_url: str) -> None:
        self.root = folder / "project"
        self._colds = 0
        self._env = eval_project.environment()
        eval_project.make(self.root, base_url)
        self._app("eval", "--update-baseline", "--wait")  # the database, MLflow's tables and the baseline come to be
        self._url = json.loads(self._python("import json; print(json.dumps(url))"))

    def run(self, phase: str) -> Figures:
        """One phase: wall and CPU of the process, and how long after it the records were whole."""
        if phase == "cold":
            with psycopg.connect(self._url, autocommit=True) as connection:
                connection.execute("TRUNCATE app.reply_cache, app.reply_claims")
            self._colds += 1
        eval_project.prompts(self.root, changed=phase == "changed")
        env = {**self._env, "APP_MLFLOW__EXPERIMENT": f"bench-{self._colds}"}  # where no record is yet
        figures = timed(eval_project.command("eval", "--gate"), env, self.root)
        ended = time.perf_counter()
        while (told := self._told())["status"] == "writing" and time.perf_counter() - ended < 120:
            time.sleep(0.05)
        if told["status"] != "written":
            raise RuntimeError(f"MLflow's records were not written: {told}")
        took = time.perf_counter() - ended
        time.sleep(0.5)  # the process that wrote them is gone before anything else is measured
        return {**figures, "records_s": took}

    def close(self) -> None:
        """Stop the database."""
        self._app("db", "stop")

    def _told(self) -> dict[str, Any]:
        told: dict[str, Any] = json.loads((self.root / "build" / "evals" / "mlflow.json").read_text("utf-8"))
        return told

    def _app(self, *words: str) -> None:
        subprocess.run(
            eval_project.command(*words), env=self._env, cwd=self.root, check=True, stdout=subprocess.DEVNULL
        )

    def _python(self, code: str) -> str:
        opening = (
            "from pathlib import Path; from app import bootstrap as b; url = b.owner_url(b.settings(Path.cwd())); "
        )
        words = [sys.executable, "-c", opening + code]
        return subprocess.check_output(words, env=self._env, cwd=self.root, text=True)


class Other:
    """A command that keeps to the protocol."""

    def __init__(self, words: list[str], folder: Path, base_url: str) -> None:
        self._words, self._folder = words, folder
        told = {"BENCH_BASE": f"{base_url}/v1", "BENCH_MODEL": eval_project.MODEL, "BENCH_CONC": str(AT_ONCE)}
        self._env = {**os.environ, **told, "BENCH_DIR": str(folder), "PYTHONPATH": str(HERE)}
        self._env.pop("PYTHONDONTWRITEBYTECODE", None)

    def run(self, phase: str) -> Figures:
        """One phase. A cold one begins in an empty folder."""
        if phase == "cold":
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder.mkdir()
        return timed(self._words, {**self._env, "BENCH_PHASE": phase}, self._folder)

    def close(self) -> None:
        """Nothing is held."""


def others_busy(seconds: float = 0.5) -> float:
    """How many processors others used lately; 0.0 where the system does not tell."""
    try:
        before, began = busy_s(), time.perf_counter()
        time.sleep(seconds)
        return (busy_s() - before) / (time.perf_counter() - began)
    except OSError:
        return 0.0


def busy_s() -> float:
    """Seconds all processors were busy since the system started."""
    fields = [int(one) for one in Path("/proc/stat").read_text("utf-8").split("\n", 1)[0].split()[1:9]]
    return (sum(fields) - fields[3] - fields[4]) / os.sysconf("SC_CLK_TCK")


def quiet(limit_s: float = 20.0) -> float:
    """Wait until others use less than a quarter of a processor, `limit_s` at most; what they still use."""
    until = time.perf_counter() + limit_s
    while (busy := others_busy()) > 0.25 and time.perf_counter() < until:
        pass
    return busy


def timed(words: list[str], env: dict[str, str], folder: Path) -> Figures:
    """A whole process: wall time, CPU with that of its children, and that it ended well."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(words, env=env, cwd=folder, capture_output=True, text=True, timeout=300, check=False)
    wall, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(words)} ended with {done.returncode}: {(done.stdout + done.stderr)[-2000:]}")
    return {
        "wall_s": wall,
        "cpu_s": after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime,
    }


def compare(rounds: int) -> dict[str, dict[str, Figures]]:
    """Median figures by contender and phase; contenders in turn, in a new order each round."""
    upstream = subprocess.Popen(
        [sys.executable, str(HERE / "eval_cases.py"), str(DELAY_S)], stdin=-1, stdout=-1, text=True
    )
    assert upstream.stdout is not None
    base_url = upstream.stdout.readline().strip()
    folder = Path(tempfile.mkdtemp(prefix="bench-evals-"))
    folder.chmod(0o711)  # run by root, the database's server is another user
    contenders: dict[str, Own | Other] = {}
    runs: dict[str, dict[str, list[Figures]]] = {}
    try:
        contenders["own"] = Own(folder, base_url)
        for name, words in peers().items():
            contenders[name] = Other(words, folder / name, base_url)
        runs = {name: {phase: [] for phase in PHASES} for name in contenders}
        for _ in range(rounds):
            for name in random.sample(sorted(contenders), len(contenders)):
                try:
                    found = [_measured(contenders[name], phase, base_url) for phase in PHASES]
                except RuntimeError as error:
                    if name == "own":
                        raise
                    print(f"{name} is left out: {error}", file=sys.stderr)
                    del contenders[name], runs[name]
                    continue
                for phase, figures in zip(PHASES, found, strict=True):
                    runs[name][phase].append(figures)
                told = ", ".join(f"{p} {f['wall_s']:.2f} s" for p, f in zip(PHASES, found, strict=True))
                print(f"{name}: {told}", file=sys.stderr, flush=True)
    finally:
        for contender in contenders.values():
            contender.close()
        upstream.communicate(timeout=10)
        shutil.rmtree(folder, ignore_errors=True)
    return {name: {phase: _medians(found) for phase, found in phases.items()} for name, phases in runs.items()}


def _measured(contender: Own | Other, phase: str, base_url: str) -> Figures:
    busy = quiet()
    called(base_url)
    return {**contender.run(phase), "calls": called(base_url), "others_busy": busy}


def peers() -> dict[str, list[str]]:
    """The bare loop, and what the environment names."""
    found = {"gather": [sys.executable, str(HERE / "eval_cases.py"), "gather"]}
    for entry in filter(None, os.environ.get("BENCH_EVAL_PEERS", "").split(";")):
        name, _, words = entry.partition("=")
        found[name.strip()] = _command(name.strip(), words.strip())
    return found


def _command(name: str, place: str) -> list[str]:
    """How a peer is started."""
    if name not in PEERS:
        return shlex.split(place)
    script = str(HERE / "eval_peers.py")
    return [sys.executable, script, name, place] if name == "promptfoo" else [place, script, name]


def ratios(found: dict[str, dict[str, Figures]]) -> str:
    """How many times as long each took as ours, by phase."""
    lines = [
        f"| {name} | " + " | ".join(f"{phases[p]['wall_s'] / found['own'][p]['wall_s']:.2f}" for p in PHASES) + " |"
        for name, phases in found.items()
        if name != "own"
    ]
    return "\n".join(["| times ours | " + " | ".join(PHASES) + " |", "|" + " --- |" * (1 + len(PHASES)), *lines])


def called(base_url: str) -> int:
    """Calls of the provider since this was asked last."""
    with urllib.request.urlopen(f"{base_url}/calls", timeout=10) as answer:
        return int(json.loads(answer.read())["calls"])


def table(found: dict[str, dict[str, Figures]]) -> str:
    """Markdown."""
    head = "| contender | " + " | ".join(f"{phase} s | CPU s | calls" for phase in PHASES) + " |"
    lines = [head, "|" + " --- |" * (1 + 3 * len(PHASES))]
    for name, phases in found.items():
        cells = [f"{f['wall_s']:.2f} | {f['cpu_s']:.2f} | {f['calls']:.0f}" for f in (phases[p] for p in PHASES)]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def held(own: dict[str, Figures]) -> dict[str, bool]:
    """Which goals are reached."""
    goals = {phase: own[phase]["wall_s"] <= GOALS_S[phase] for phase in PHASES}
    goals |= {f"{phase}_calls": own[phase]["calls"] == CALLS[phase] for phase in PHASES}
    return goals | {"records": max(own[phase]["records_s"] for phase in PHASES) <= GOALS_S["records"]}


def _medians(runs: list[Figures]) -> Figures:
    return {key: statistics.median(run[key] for run in runs) for key in runs[0]}


def main() -> None:
    """The command. Ends with 1 when a goal is missed and `--hold` was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--hold", action="store_true", help="end with 1 when a goal is missed")
    chosen = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the database is stopped whoever ends this
    found = compare(chosen.rounds)
    print(f"{CASES} cases, {AT_ONCE} at a time, {DELAY_S * 1000:.0f} ms each: the floor is {FLOOR_S:.2f} s\n")
    print(table(found))
    print("\n" + ratios(found))
    goals = held(found["own"])
    records = max(found["own"][phase]["records_s"] for phase in PHASES)
    told = ", ".join(f"{phase} {GOALS_S[phase]:.2f}" for phase in PHASES)
    print(f"\nMLflow's records were whole {records:.1f} s after the verdict. Goals in seconds: {told}, records 15.")
    busiest = max(f["others_busy"] for phases in found.values() for f in phases.values())
    if busiest > 0.25:
        print(f"other processes used up to {busiest:.1f} processors meanwhile: CPU holds, wall times do not")
    print("missed: " + (", ".join(name for name, reached in goals.items() if not reached) or "none"), flush=True)
    key: dict[str, Any] = {"floor_s": FLOOR_S, "goals_reached": all(goals.values()), "goals": goals}
    for name, phases in found.items():
        for phase, figures in phases.items():
            key |= {f"{name}.{phase}.{unit}": round(value, 3) for unit, value in figures.items()}
            key[f"{name}.{phase}.times_own"] = round(figures["wall_s"] / found["own"][phase]["wall_s"], 2)
    print(json.dumps(key))
    if chosen.hold and not all(goals.values()):
        sys.exit(1)


if __name__ == "__main__":
    main()
