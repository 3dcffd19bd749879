"""The rules that hold the repository together: who imports whom, and what no file may name."""

import ast
import re
import subprocess
import tomllib
from collections.abc import Collection, Iterator
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
SOURCES = [
    *sorted(
        path.relative_to(ROOT)
        for package in ("pipelines", "assets", "resources")
        for path in (ROOT / package).rglob("*.py")
    ),
    Path("livestats.py"),
]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))

# For the files below the first path, the packages that they may not import, except the last.
FORBIDDEN = [
    (
        "resources/api",
        ("dagster", "pipelines", "assets", "resources"),
        ("resources.api", "resources.errors"),
    ),
    ("resources/errors", ("dagster", "pipelines", "assets", "resources"), ()),
    ("resources", ("pipelines", "assets"), ()),
    ("assets", ("pipelines",), ()),
    ("livestats.py", ("dagster", "pipelines", "assets"), ()),
    (".", ("tests", "benchmarks"), ()),
]
# Written so that no pattern finds itself.
REGISTRY_HOST = r"pypi\.(org|tuna)|pythonhosted\.org|/simple[/]|registry\.npmjs|proxy\.golang"
PATH_OF_ONE_MACHINE = r"(?<![\w.-])/(work|root)[/]"


parsed = cache(ast.parse)
"""The syntax tree of a text; each file is parsed once for all tests."""


def tree_of(path: Path) -> ast.Module:
    return parsed((ROOT / path).read_text("utf-8"))


@cache
def nodes_of(tree: ast.AST) -> tuple[ast.AST, ...]:
    """Everything in a tree; each is walked once for all tests."""
    return (*ast.walk(tree),)


def imported(tree: ast.AST, without: Collection[ast.AST] = ()) -> Iterator[tuple[int, str]]:
    """Line and full name of everything that a module imports, inside functions too."""
    for node in nodes_of(tree):
        if node in without:
            continue
        if isinstance(node, ast.Import):
            yield from ((node.lineno, name.name) for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            yield from ((node.lineno, f"{module}.{name.name}") for name in node.names)


def within(name: str, package: str) -> bool:
    return name == package or name.startswith((f"{package}.", f"{package}_"))


def broken_imports(path: Path, text: str) -> list[str]:
    """What `text`, standing at `path`, imports against the direction."""
    rules = [rule for rule in FORBIDDEN if path.is_relative_to(rule[0])]
    return [
        f"{path}:{line} imports {name}"
        for line, name in imported(parsed(text))
        if name.startswith(".")
        or any(
            within(name, package) and not any(within(name, one) for one in exceptions)
            for _, packages, exceptions in rules
            for package in packages
        )
    ]


def test_imports_go_from_pipelines_to_assets_to_resources():
    """Never back, and resources/api depends on nothing of ours but errors, nor on Dagster."""
    assert [e for p in SOURCES for e in broken_imports(p, (ROOT / p).read_text("utf-8"))] == []


LAYERS = (
    ("errors", "findings", "fs", "sql", "clock", "version"),
    ("api.catalog",),
    ("api",),
    ("api.parsing",),
    ("simulator",),
    ("config",),
    ("i18n",),
    ("raw",),
    ("home", "lake"),
    ("ledger",),
    ("erasure",),
    ("shared",),
    ("capture", "warehouse"),
    ("logs",),
    ("system_tables",),
    ("marts",),
    ("serving",),
    ("publish_to",),
    ("archive",),
    ("verify",),
    ("digest",),
    ("monitoring",),
)
"""The rooms of resources/, low to high: a room imports its own layer and lower ones only."""


def room(module: str) -> str | None:
    """The room of a module of resources/; None for a module of another package."""
    package, *parts = module.split(".")
    if package != "resources" or not parts:
        return None
    if parts[0] == "api" and len(parts) > 1 and parts[1] in ("catalog", "parsing"):
        return f"api.{parts[1]}"
    return parts[0]


def allowed(here: str, there: str) -> bool:
    """Whether the room `here` may import the room `there`."""
    rank = {name: number for number, layer in enumerate(LAYERS) for name in layer}
    if {here, there} == {"capture", "warehouse"}:
        return False
    if here == "simulator" and not (there.startswith("api") or there in ("errors", "simulator")):
        return False
    return rank[there] <= rank[here]


def test_rooms_import_their_own_layer_and_lower_ones_only():
    found = []
    for path in SOURCES:
        here = room(".".join(path.with_suffix("").parts))
        if here in (None, "__init__"):
            continue
        for line, name in imported(tree_of(path)):
            there = room(name)
            if there and not allowed(here, there):
                found.append(f"{path}:{line} imports {name}")
    assert found == []


def names_of_modules() -> dict[str, Path]:
    """Every module of ours by its full name."""
    found = {".".join(path.with_suffix("").parts): path for path in SOURCES}
    return {name.removesuffix(".__init__"): path for name, path in found.items()}


def at_run_time(path: Path) -> list[str]:
    """The full names that a module imports, without those for the type checker."""
    tree = tree_of(path)
    for_types = {
        inner
        for node in nodes_of(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for one in node.body
        for inner in ast.walk(one)
    }
    return [full for _, full in imported(tree, without=for_types)]


def test_no_module_imports_itself_by_way_of_others():
    """Imports inside of functions count as well."""
    modules = names_of_modules()
    imports = {
        name: {full if full in modules else full.rpartition(".")[0] for full in at_run_time(path)}
        & modules.keys() - {name}
        for name, path in modules.items()
    }
    TopologicalSorter(imports).prepare()  # raises CycleError, which names a cycle


INTERNALS = Path("pipelines/orchestration/dagster_internals.py")
PRIVATE = re.compile(r"dagster\w*(\.\w+)*\._(?!_)")


def private_parts_of_dagster(path: Path, text: str) -> list[str]:
    """Private modules and names of Dagster that `text` imports, or has as a text of its own."""
    named = [
        (node.lineno, node.value)
        for node in nodes_of(parsed(text))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]
    found = [*imported(parsed(text)), *named]
    return [f"{path}:{line} names {name}" for line, name in found if PRIVATE.match(name)]


def test_private_parts_of_dagster_are_named_in_one_module_only():
    """An upgrade of Dagster may move them: then there is one file to change, and its test says so."""
    others = [path for path in SOURCES if path != INTERNALS]
    found = [private_parts_of_dagster(p, (ROOT / p).read_text("utf-8")) for p in others]
    assert [one for some in found for one in some] == []


@pytest.mark.parametrize(
    "line",
    [
        "from dagster._core.launcher import RunLauncher",
        "import dagster_webserver._assets",
        "from dagster import _utils",
        "words = ['-m', 'dagster._daemon']",
    ],
)
def test_a_private_part_of_dagster_is_found(line):
    assert len(private_parts_of_dagster(Path("assets/raw.py"), line)) == 1


def test_no_file_is_longer_than_350_lines_and_no_function_than_60():
    long = []
    for path in SOURCES:
        text = (ROOT / path).read_text("utf-8")
        if (lines := text.count("\n")) > 350:
            long.append(f"{path}: {lines} lines")
        for node in nodes_of(parsed(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                size = (node.end_lineno or 0) - node.lineno + 1
                if size > 60:
                    long.append(f"{path}:{node.lineno} {node.name}: {size} lines")
    assert long == []


def has_code(path: Path) -> bool:
    """Whether a module defines a function or a class; one of declared data or imports does not."""
    body = tree_of(path).body
    return any(isinstance(node, ast.FunctionDef | ast.ClassDef) for node in body)


def place_of_tests(path: Path) -> Path:
    """Where the tests of a module stand: in the same room of tests/unit; those of docgen in tests/docs."""
    *rooms, name = path.with_suffix("").parts
    file = f"test_{rooms[-1] if name == '__init__' else name}.py"
    if rooms[:2] == ["pipelines", "docgen"]:
        return Path("tests", "docs", file)
    return Path("tests", "unit", *rooms[rooms[0] == "resources" :], file)


def test_every_module_has_a_file_of_tests_of_its_name():
    """So that who changes a module knows where to look."""
    missing = [
        str(path)
        for path in SOURCES
        if path.parts[0] != "livestats.py"
        and has_code(path)
        and not (ROOT / place_of_tests(path)).is_file()
    ]
    assert missing == [], "give them a test file"


NOT_FOR_USERS = {
    "resources/simulator/refusals.py: Refused",  # an answer of the simulator
    "resources/api/parsing/decode_lenient.py: _DuplicateField",  # is caught where it is raised
    "pipelines/cli/options.py: Refused",  # click shows it
}


def test_every_error_derives_from_the_one_that_the_command_line_shows():
    """An error of a user must not end in a traceback because a list was not kept."""
    found = set()
    for path in SOURCES:
        for node in nodes_of(tree_of(path)):
            if isinstance(node, ast.ClassDef):
                bases = [ast.unparse(base).rpartition(".")[2] for base in node.bases]
                is_error = any(re.search(r"(Error|Exception)$", base) for base in bases)
                is_ours = {"LivestatsError", "ApiError", "SettingsError"} & {*bases}
                if is_error and not is_ours and node.name != "LivestatsError":
                    found.add(f"{path}: {node.name}")
    assert found == NOT_FOR_USERS


def test_at_most_three_modules_lie_directly_in_resources():
    modules = [path.name for path in (ROOT / "resources").glob("*.py")]
    assert len([name for name in modules if name != "__init__.py"]) <= 3


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("resources/lake/parquet.py", "import assets.checks"),
        ("resources/lake/parquet.py", "from pipelines import cli"),
        ("assets/raw.py", "def f():\n    import pipelines"),
        ("assets/raw.py", "from tests.samples import day"),
        ("resources/api/pagination.py", "import dagster as dg"),
        ("resources/api/pagination.py", "from dagster_shared import check"),
        ("resources/api/pagination.py", "from resources import lake"),
        ("resources/api/pagination.py", "from . import windows"),
    ],
)
def test_an_import_against_the_direction_is_found(path, line):
    assert len(broken_imports(Path(path), line)) == 1


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("pipelines/cli.py", "import assets.raw, resources.lake.parquet, dagster"),
        ("assets/raw.py", "from resources.api import windows\nfrom assets import days"),
        ("resources/api/pagination.py", "from resources.api import windows\nimport requests"),
    ],
)
def test_an_import_along_the_direction_is_not(path, line):
    assert broken_imports(Path(path), line) == []


def files() -> list[Path]:
    """Every file that is, or could be, committed."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if listed.returncode != 0:
        pytest.skip(f"not a git checkout: {listed.stderr.strip()}")
    paths = (ROOT / name for name in listed.stdout.split("\0") if name)
    return [path for path in paths if path.is_file()]


@pytest.mark.parametrize(
    "pattern", [REGISTRY_HOST, PATH_OF_ONE_MACHINE], ids=["registry hosts", "absolute paths"]
)
def test_no_file_names_what_belongs_to_one_machine(pattern):
    """Where packages come from, and where the checkout lies, is for each machine to say."""
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for path in files()
        for number, line in enumerate(path.read_text("utf-8", errors="ignore").splitlines(), 1)
        if re.search(pattern, line)
    ]
    assert found == []


RUN, DEV, SCALE = "requirements.lock", "requirements-dev.lock", "requirements-scale.lock"
SPARK = "requirements-spark.lock"


def pins(lock: str) -> dict[str, Requirement]:
    """Package -> its pin; of several with markers the one for this interpreter."""
    lines = [
        line.removesuffix(" \\")
        for line in (ROOT / lock).read_text("utf-8").splitlines()
        if not line.startswith(("#", "    --hash=sha256:"))
    ]
    found = [Requirement(line) for line in lines]
    return {
        canonicalize_name(pin.name): pin
        for pin in found
        if pin.marker is None or pin.marker.evaluate()
    }


@pytest.mark.parametrize("lock", [RUN, DEV, SCALE, SPARK])
def test_a_lock_only_pins_and_every_pin_has_hashes(lock):
    assert all(re.fullmatch(r"==[\w.]+", str(pin.specifier)) for pin in pins(lock).values())
    entries = re.split(r"^(?=[a-z0-9])", (ROOT / lock).read_text("utf-8"), flags=re.MULTILINE)[1:]
    assert [entry for entry in entries if "--hash=sha256:" not in entry] == []
    assert len(entries) >= len(pins(lock))


def test_the_locks_fit_the_ranges_of_the_project():
    """Else `make lock` was forgotten after a change of pyproject.toml."""
    locked = pins(DEV) | pins(RUN)
    needs = [
        Requirement(text)
        for text in (
            *PROJECT["build-system"]["requires"],
            *PROJECT["project"]["dependencies"],
            *PROJECT["project"]["optional-dependencies"]["install"],
            *PROJECT["dependency-groups"]["dev"],
        )
    ]
    wrong = [
        str(need)
        for need in needs
        if (pin := locked.get(canonicalize_name(need.name))) is None
        or not need.specifier.contains(next(iter(pin.specifier)).version)
    ]
    assert wrong == []


def test_production_installs_no_tools_of_development():
    dev = {
        canonicalize_name(Requirement(need).name) for need in PROJECT["dependency-groups"]["dev"]
    }
    assert {*dev, "google", "beautifulsoup4", "soupsieve"}.isdisjoint(pins(RUN))


def test_the_locks_agree_on_what_several_hold():
    run, dev, scale = pins(RUN), pins(DEV), pins(SCALE)
    for one, other in ((run, dev), (run, scale), (dev, scale)):
        assert [name for name in one.keys() & other.keys() if one[name] != other[name]] == []


def test_spark_is_of_the_release_of_its_client():
    assert pins(SPARK)["pyspark"].specifier == pins(SCALE)["pyspark-client"].specifier


EXTRAS = [
    Requirement(need)
    for extra, needs in PROJECT["project"]["optional-dependencies"].items()
    if extra != "install"
    for need in needs
]


ROOM_OF_EXTRA = {"prompt_toolkit": "pipelines/cli", "xlsxwriter": "resources/serving"}
"""Packages of extras, and the room that imports them; others are of resources/publish_to."""
MAKES_LINEAGE = Path("pipelines/docgen/lineage.py")  # which runs only where sqlglot is


def test_what_extras_need_is_in_no_lock_but_that_of_their_tests():
    for need in EXTRAS:
        is_small = need.name.replace("-", "_") in ROOM_OF_EXTRA
        group, lock, other = ("dev", DEV, SCALE) if is_small else ("scale", SCALE, DEV)
        name = canonicalize_name(need.name)
        assert str(need) in map(str, map(Requirement, PROJECT["dependency-groups"][group]))
        assert name not in pins(RUN) | pins(other)
        assert need.specifier.contains(next(iter(pins(lock)[name].specifier)).version)


def test_what_extras_need_is_imported_inside_of_functions_of_their_room_only():
    names = {need.name.replace("-", "_") for need in EXTRAS}
    found = [
        f"{path}:{line} imports {name}"
        for path in SOURCES
        for line, name in imported(tree_of(path))
        if (package := name.partition(".")[0]) in names
        and not path.is_relative_to(ROOM_OF_EXTRA.get(package, "resources/publish_to"))
        and (package, path) != ("sqlglot", MAKES_LINEAGE)
    ]
    for path in SOURCES:
        top = [node for node in tree_of(path).body if isinstance(node, ast.Import | ast.ImportFrom)]
        found += [
            f"{path} imports {name}"
            for node in top
            for _, name in imported(node)
            if name.partition(".")[0] in names
            or (within(name, "resources.publish_to") and "publish_to" not in path.parts)
        ]
    assert found == []


def test_the_oldest_python_is_that_of_debian_12():
    assert PROJECT["project"]["requires-python"] == ">=3.11.2"
    assert all("3.11.2" in (ROOT / lock).read_text("utf-8").split("\n\n")[0] for lock in (RUN, DEV))


def test_dagster_reads_workspace_yaml():
    """It would not, if pyproject.toml had a section for it."""
    assert {"dagster", "dg"}.isdisjoint(PROJECT["tool"])
