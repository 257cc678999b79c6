"""What ships beside the code: layers, image, compose file, CI workflow and hooks are valid and agree with the project.

They are read and linted here. Building the image needs a container engine and running the workflow a runner; neither
happens in these tests.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

from app.cli.measuring import evaluate
from app.configuration import WELL_KNOWN

BIN = Path(sys.executable).parent
SECRET = re.compile(r"(?i)(key|token|secret|password)")
NEVER_IN_THE_SERVICE = {"mlflow", "great-expectations", "papermill", "pandas", "openai", "anthropic", "pytest"}


def run(root: Path, *command: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": f"{root / 'src'}{os.pathsep}{root}"}
    return subprocess.run(
        [str(BIN / command[0]), *command[1:]], cwd=root, capture_output=True, text=True, env=environment
    )


def instructions(dockerfile: str) -> list[tuple[str, str]]:
    """(instruction, rest) of a Dockerfile, continued lines joined, comments left out."""
    text = re.sub(r"\\\n\s*", " ", re.sub(r"^#.*\n", "", dockerfile, flags=re.MULTILINE))
    return [
        (word, rest.strip()) for word, _, rest in (line.partition(" ") for line in text.splitlines() if line.strip())
    ]


def pins(lock: Path) -> list[tuple[str, str]]:
    """(package, version) of each entry; a package has two where platforms differ."""
    return re.findall(r"^([a-z0-9._-]+)(?:\[[^]]*\])?==(\S+)", lock.read_text(encoding="utf-8"), re.MULTILINE)


@pytest.fixture(scope="session")
def dockerfile(project_root: Path) -> list[tuple[str, str]]:
    return instructions((project_root / "Dockerfile").read_text(encoding="utf-8"))


@pytest.mark.feature("T6")
def test_layers_import_downwards_only(project_root: Path) -> None:
    """The import contracts of pyproject.toml hold for the code as it is."""
    done = run(project_root, "lint-imports", "--no-cache")
    assert done.returncode == 0, done.stdout


@pytest.mark.feature("T6")
def test_an_upward_import_is_found(tmp_path: Path, project_root: Path) -> None:
    """The contract has been seen red: a layer that imports the one above it is refused."""
    contracts = tomllib.loads((project_root / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
    package = tmp_path / "app"
    for line in contracts["contracts"][0]["layers"]:
        for module in line.split(" : "):
            folder = tmp_path.joinpath(*module.split("."))
            folder.mkdir(parents=True)
            (folder / "__init__.py").touch()
    (package / "__init__.py").touch()
    (package / "data" / "upward.py").write_text("import app.intelligence\n", encoding="utf-8")
    layers = "\n".join(f"    {line}" for line in contracts["contracts"][0]["layers"])
    (tmp_path / ".importlinter").write_text(
        f"[importlinter]\nroot_package = app\n[importlinter:contract:l]\nname = l\ntype = layers\nlayers =\n{layers}\n",
        encoding="utf-8",
    )
    done = run(tmp_path, "lint-imports", "--no-cache")
    assert done.returncode == 1
    assert "app.data.upward -> app.intelligence" in done.stdout


def test_image_is_built_in_stages_from_a_slim_base(dockerfile: list[tuple[str, str]]) -> None:
    """Two stages, so that nothing the installation needed stays; both on a versioned slim base."""
    bases = [rest.split()[0] for word, rest in dockerfile if word == "FROM"]
    assert len(bases) == 2
    assert all(re.fullmatch(r"python:3\.1[1-9]-slim-\w+", base) for base in bases)


def test_image_holds_only_locked_runtime_dependencies(dockerfile: list[tuple[str, str]], project_root: Path) -> None:
    """It installs requirements.lock with hashes and nothing else, and that lock holds no development tool."""
    installs = [rest for word, rest in dockerfile if word == "RUN" and "pip install" in rest]
    assert len(installs) == 1
    assert installs[0].endswith("--require-hashes -r /requirements.lock")
    assert NEVER_IN_THE_SERVICE & {name for name, _ in pins(project_root / "requirements.lock")} == set()


def test_image_runs_the_service_as_nobody_special(dockerfile: list[tuple[str, str]]) -> None:
    """Not as root, with a health check, as production unless told otherwise, without a secret in it."""
    last = dict(dockerfile)
    assert int(last["USER"]) > 0
    assert json.loads(last["CMD"]) == ["python", "-m", "app", "serve"]
    assert "/healthz" in last["HEALTHCHECK"]
    assert "APP_ENVIRONMENT=prod" in last["ENV"]
    assert [rest for word, rest in dockerfile if word in ("ENV", "ARG") and SECRET.search(rest)] == []


def test_image_copies_what_exists_and_is_not_ignored(dockerfile: list[tuple[str, str]], project_root: Path) -> None:
    """Each copied path is in the project and let through by .dockerignore, which lets through nothing secret."""
    sources = [rest.split()[0] for word, rest in dockerfile if word == "COPY" and not rest.startswith("--from")]
    ignore = (project_root / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert ignore[1] == "*"
    assert sorted(sources) == sorted(line[1:] for line in ignore if line.startswith("!"))
    assert [name for name in sources if not (project_root / name).exists()] == []


def test_service_lock_is_part_of_the_development_lock(project_root: Path) -> None:
    """What is tested is what is deployed: both locks pin the same versions."""
    assert set(pins(project_root / "requirements.lock")) <= set(pins(project_root / "requirements-dev.lock"))


@pytest.mark.reliability("supply chain")
@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-dev.lock", "requirements-uv.lock"])
def test_every_package_is_pinned_by_hash(project_root: Path, lock: str) -> None:
    """No entry of a lock is without a hash."""
    text = (project_root / lock).read_text(encoding="utf-8")
    assert len(re.findall(r"^\S+==\S+.*\\\n +--hash=sha256:", text, re.MULTILINE)) == len(pins(project_root / lock)) > 0


@pytest.mark.parametrize(
    ("schema", "file"),
    [
        ("vendor.compose-spec", "compose.yaml"),
        ("vendor.github-workflows", ".github/workflows/ci.yml"),
        ("vendor.github-workflows", ".github/workflows/evaluation.yml"),
    ],
)
def test_file_fits_its_schema(project_root: Path, schema: str, file: str) -> None:
    """The file is valid by the published schema of its kind."""
    done = run(project_root, "check-jsonschema", "--builtin-schema", schema, file)
    assert done.returncode == 0, done.stdout


def test_each_container_holds_the_secrets_of_its_work_and_is_confined(project_root: Path) -> None:
    """The migration has the owner's password and no provider's key, the service the other way round."""
    services = yaml.safe_load((project_root / "compose.yaml").read_text(encoding="utf-8"))["services"]
    migrate, service = services["migrate"], services["service"]
    assert [name for name in migrate["environment"] if name.endswith("_API_KEY")] == []
    assert "DATABASE_OWNER_URL" not in service["environment"]
    keys = {name for name in WELL_KNOWN if name.endswith(("_API_KEY", "_BASE_URL"))}
    assert keys <= set(service["environment"])
    for one in (migrate, service):
        assert (one["read_only"], one["cap_drop"]) == (True, ["ALL"])
        assert one["security_opt"] == ["no-new-privileges:true"]
        assert {"mem_limit", "pids_limit"} <= set(one)


@pytest.mark.reliability("supply chain")
def test_workflow_passes_the_security_linter(project_root: Path) -> None:
    """Pinned actions, least permissions, no credentials left behind, no template injection."""
    done = run(project_root, "zizmor", "--offline", "--no-progress", ".github/workflows")
    assert done.returncode == 0, done.stdout


def test_workflow_calls_the_targets_a_developer_calls(project_root: Path) -> None:
    """Every job runs make targets that exist, has a time limit, and pins its actions to commits with their version."""
    text = (project_root / ".github/workflows/ci.yml").read_text(encoding="utf-8")
    jobs = yaml.safe_load(text)["jobs"]
    makefile = (project_root / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    assert set(jobs) == {"lint", "test", "data-gate"}
    for job in jobs.values():
        (command,) = (step["run"] for step in job["steps"] if "run" in step)
        assert set(command.removeprefix("make ").split()) <= targets
        assert job["timeout-minutes"] <= 30
    uses = re.findall(r"uses: (.+)", text)
    assert [use for use in uses if not re.fullmatch(r"[\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", use)] == []


def test_the_evaluation_workflow_runs_the_gate_where_it_matters_and_writes_only_where_nothing_runs(
    project_root: Path,
) -> None:
    """Its paths exist, its gate is the developer's, and only the job that runs no code of the change may comment."""
    text = (project_root / ".github/workflows/evaluation.yml").read_text(encoding="utf-8")
    jobs = yaml.safe_load(text)["jobs"]
    runs = {name: [step["run"] for step in job["steps"] if "run" in step] for name, job in jobs.items()}
    named = re.search(r"-- (.*?) > changed\.txt", runs["changed"][0], re.DOTALL)
    assert named is not None
    paths = [path.strip("':!") for path in named[1].replace("\\", " ").split()]
    assert [path for path in paths if path != "notebooks/steps" and not (project_root / path).exists()] == []
    (asked,) = (step["env"] for step in jobs["gate"]["steps"] if "make" in step.get("run", ""))
    assert asked["APP_PROVIDER"] == "offline"  # a merge request is given no key
    for name in ("gate", "live"):
        assert runs[name][0].startswith('make eval-gate EVAL_ARGS="')
        options = set(re.findall(r"--[a-z-]+", runs[name][0]))
        assert options <= {option for one in evaluate.params for option in one.opts}
    assert {name for name, job in jobs.items() if "permissions" in job} == {"comment"}
    assert not any("make" in command or "checkout" in str(jobs["comment"]) for command in runs["comment"])
    assert all(job["timeout-minutes"] <= 60 for job in jobs.values())
    uses = re.findall(r"uses: (.+)", text)
    assert [use for use in uses if not re.fullmatch(r"[\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", use)] == []


def test_hooks_need_no_download(project_root: Path) -> None:
    """All hooks are local and run out of the project's environment."""
    config = yaml.safe_load((project_root / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    assert [repo["repo"] for repo in config["repos"]] == ["local"]
    hooks = config["repos"][0]["hooks"]
    assert {hook["language"] for hook in hooks} == {"system"}
    assert [hook["id"] for hook in hooks if ".venv/bin/" not in hook["entry"]] == []
    assert run(project_root, "pre-commit", "validate-config").returncode == 0
