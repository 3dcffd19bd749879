"""What the pages say of the code is so."""

import re
import tomllib
from pathlib import PurePosixPath

import pytest

from resources.api.catalog import DATASETS, ENDPOINTS
from resources.api.catalog.vendors import VENDORS
from resources.config import Settings
from resources.raw import captures, seen_notes
from tests.support.doc_pages import PAGES, ROOT, without_fences

DOCS = ROOT / "docs"
ACCOUNT, FAQ, PICTURE = (
    (DOCS / name).read_text("utf-8")
    for name in ("your-account.md", "faq.md", "images/architecture.svg")
)
ARCHITECTURE = (DOCS / "architecture.md").read_text("utf-8")


ROWS = re.findall(r"^\| `(\w+)` \| (.+) \| (\d+) \| (.*) \|$", ACCOUNT, re.MULTILINE)


def test_the_account_page_lists_every_action_with_what_is_made_of_it():
    listed = {
        action: {name for name in re.findall(r"`(\w+)`", what) if name in DATASETS}
        for action, what, *_ in ROWS
    }
    assert listed == {
        action: {name for name, d in DATASETS.items() if d.endpoint is endpoint}
        for action, endpoint in ENDPOINTS.items()
    }


@pytest.mark.parametrize("vendor", VENDORS)
def test_the_account_page_names_what_a_vendor_lacks(vendor):
    found = [what for _, what, _, lacking in ROWS if vendor in lacking.split(", ")]
    assert found
    assert set(re.findall(r"`(\w+)`", "".join(found))) == set(Settings(vendor=vendor).not_offered)


def test_the_account_page_gives_the_limits_of_the_catalog():
    assert {a: int(rate) for a, _, rate, _ in ROWS} == {
        action: endpoint.rate_per_s for action, endpoint in ENDPOINTS.items()
    }


def test_the_region_that_the_pages_name_is_the_default():
    assert f"leave it at `{Settings().api_region}`" in ACCOUNT


def test_days_that_are_asked_again_are_as_many_as_the_questions_say():
    usual = {d.reread_days for d in DATASETS.values() if not d.is_dimension}
    assert usual == {0, 3, 7}
    assert {n for n, d in DATASETS.items() if d.reread_days == 7} == {"push_stream_info"}
    assert "Days of the last three (pushes: seven) are asked again" in FAQ


def test_where_addresses_stand_is_said():
    holding = {
        name
        for name, d in DATASETS.items()
        for column in d.columns
        if re.search(r"(^|_)(ip|address)$", column.name)
    }
    said = FAQ.partition("## What personal data is in it?")[2].partition("\n## ")[0]
    assert holding <= set(re.findall(r"`(\w+)`", said)), holding


def test_every_question_is_in_the_list_on_top():
    questions = re.findall(r"^## (.+)$", FAQ, re.MULTILINE)
    assert len(questions) >= 20
    assert all(question.endswith("?") for question in questions)
    slugs = [re.sub(r"[^\w\- ]", "", q.lower()).replace(" ", "-") for q in questions]
    top = FAQ.partition("\n## ")[0]
    assert re.findall(r"\(#([\w-]+)\)", top) == slugs


@pytest.mark.parametrize("text", [ARCHITECTURE, PICTURE], ids=["page", "picture"])
def test_the_path_that_is_explained_is_one_of_a_capture(text):
    (name,) = set(re.findall(r"\d{8}T\d{12}Z-\d+-[0-9a-f]{16}", text))
    capture = captures.CaptureName.parse(name)
    assert capture is not None
    assert capture.rows == 34560
    assert "lake/edge_stat/day=2026-11-20/rows.parquet" in text


def test_the_files_of_a_capture_are_those_that_are_named():
    for name in (captures.MANIFEST, captures.RESPONSES, seen_notes.SEEN):
        assert name in ARCHITECTURE


def test_the_picture_can_be_read_on_dark_pages_and_by_those_who_cannot_see_it():
    assert "prefers-color-scheme: dark" in PICTURE
    assert re.search(r"<title id=.*</title>", PICTURE)
    assert re.search(r"<desc id=.*</desc>", PICTURE)


def test_every_picture_is_shown_somewhere_and_is_small():
    shown = set()
    for page in PAGES:
        for target in re.findall(
            r"!\[[^\]]+\]\(([^)]+)\)", without_fences(page.read_text("utf-8"))
        ):
            shown.add(PurePosixPath(target).name)
    there = {path.name for path in (DOCS / "images").iterdir()}
    assert shown == there
    for path in (DOCS / "images").iterdir():
        assert path.stat().st_size < 250_000, path.name


def test_the_version_of_python_is_the_one_that_is_required():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert project["requires-python"] == ">=3.11.2"
    assert "You need Python 3.11.2 or newer" in (DOCS / "first-ten-minutes.md").read_text("utf-8")
