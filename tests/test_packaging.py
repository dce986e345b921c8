"""What is published: small, with its licences, and readable outside of the repository."""

import re
import tomllib
import zipfile
from pathlib import Path

import pytest

import stylize

builders = pytest.importorskip("hatchling.builders.wheel")
from hatchling.builders.sdist import SdistBuilder  # noqa: E402

ROOT = Path(__file__).parents[1]

pytestmark = pytest.mark.skipif(not (ROOT / ".git").exists(), reason="only in a checkout")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("dist")
    (path,) = builders.WheelBuilder(str(ROOT)).build(directory=str(folder), versions=["standard"])
    return Path(path)


@pytest.fixture(scope="module")
def metadata(wheel):
    with zipfile.ZipFile(wheel) as archive:
        (name,) = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
        return archive.read(name).decode()


def test_the_wheel_holds_what_is_needed_and_no_more(wheel):
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    assert {"stylize/models/model.json", "stylize/py.typed"} <= set(names)
    assert "stylize/bundled_styles/styles.json" in names
    licences = [name.partition("/licenses/")[2] for name in names if "/licenses/" in name]
    assert sorted(licences) == ["LICENSE", "LICENSES/CC-BY-4.0.txt", "NOTICE"]
    assert {name.partition("/")[0] for name in names if ".dist-info" not in name} == {"stylize"}


def test_the_wheel_is_small(wheel):
    assert wheel.stat().st_size <= 14e6


@pytest.mark.skipif(not (ROOT / "web" / "dist").is_dir(), reason="web/ is not built")
def test_the_built_pages_are_a_package_of_their_own(tmp_path):
    builder = builders.WheelBuilder(str(ROOT / "web"))
    (path,) = builder.build(directory=str(tmp_path), versions=["standard"])
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
    assert {"stylize_site/index.html", "stylize_site/engine.js"} <= set(names)
    assert f"-{stylize.__version__}-" in path
    assert Path(path).stat().st_size <= 10e6


def test_the_sdist_has_neither_checkpoints_nor_pictures_of_the_docs():
    files = SdistBuilder(str(ROOT)).recurse_included_files()
    names = {Path(file.relative_path).parts[0] for file in files}
    assert {"stylize", "styles_library", "README.md"} <= names
    assert not {"checkpoints", "docs", "benchmarks", "tests"} & names


def test_the_version_is_that_of_the_package(metadata):
    assert f"\nVersion: {stylize.__version__}\n" in metadata


def test_the_description_can_be_read_elsewhere(metadata):
    head, _, description = metadata.partition("\n\n")
    assert "Description-Content-Type: text/markdown" in head
    assert description.strip().startswith("# Stylize Studio\n")
    assert "## Licence" in description
    assert re.findall(r"\]\((?!https?:|#)", description) == []
    assert "sdk_version" not in description


def test_the_base_install_is_light():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    names = {re.split(r"[^\w-]", line)[0] for line in project["dependencies"]}
    assert names == {"numpy", "onnxruntime", "pillow", "platformdirs", "rich", "typer"}


def direct_requirements(extra):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    lines = project["dependencies"] + project["optional-dependencies"][extra]
    return {re.match(r"[\w.-]+", line)[0] for line in lines} - {"stylize-studio"}


@pytest.mark.parametrize(
    ("lock", "extra"), [("requirements.lock", "studio"), (".ci/requirements.lock", "dev")]
)
def test_locks_hold_every_requirement_with_hashes_and_no_address(lock, extra):
    text = (ROOT / lock).read_text("utf-8")
    entries = re.findall(
        r"^([\w.-]+)==[^\n]*\\\n    --hash=sha256:[0-9a-f]{64}", text, re.MULTILINE
    )
    assert direct_requirements(extra) <= set(entries)
    assert text.count("==") >= len(entries) == len(re.findall(r"^[\w.-]+==", text, re.MULTILINE))
    assert "://" not in text


def test_the_third_party_list_names_every_direct_requirement():
    page = (ROOT / "docs" / "third-party.md").read_text("utf-8")
    for extra in ("studio", "hub", "train", "dev"):
        for name in direct_requirements(extra):
            assert f"\n| {name} | " in page, name
