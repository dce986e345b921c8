"""The command line of the lab, with a network that sees little."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

pytest.importorskip("torch")

import onnx
from onnx import TensorProto, helper
from PIL import Image

from stylize.cli import network_file
from stylize.hub_model import model_folder
from stylize.lab import ab, ab_page, ab_pictures, explain, features, gatys, one_style
from tests.cli.conftest import Tool
from tests.conftest import make_picture
from tests.lab.conftest import tiny_features  # noqa: F401
from tests.lab.test_brisque import VECTORS
from tests.lab.test_nima import network
from tests.lab.test_one_style import FewLayers


@pytest.fixture
def pictures(tmp_path: Path, monkeypatch, tiny_features) -> Path:  # noqa: F811
    monkeypatch.setattr(features, "load_features", lambda name, path: tiny_features)
    make_picture(80, 64, seed=1).save(tmp_path / "content.png")
    make_picture(64, 64, seed=2).save(tmp_path / "style.png")
    return tmp_path


def test_gatys_paints_and_tells(pictures: Path, tool: Tool) -> None:
    out = pictures / "out.png"
    result = tool(
        "lab", "gatys", pictures / "content.png", "-s", pictures / "style.png",
        "-o", out, "--steps", 3, "--optimizer", "adam", "--start", "noise", "--json",
    )  # fmt: skip
    assert result.code == 0, result.err
    told = json.loads(result.out)
    assert told["steps"] == 3
    assert told["stopped"] == ""
    with Image.open(out) as painted:
        assert painted.size == (80, 64)


def test_the_sheet_of_weights(pictures: Path, tool: Tool) -> None:
    out = pictures / "sheet.png"
    result = tool(
        "lab", "gatys", pictures / "content.png", "-s", pictures / "style.png",
        "-o", out, "--steps", 1, "--max-side", 64, "--grid",
    )  # fmt: skip
    assert result.code == 0, result.err
    with Image.open(out) as sheet:
        assert sheet.width > 3 * 64


def test_an_interrupted_picture_is_kept(pictures: Path, tool: Tool, monkeypatch) -> None:
    def interrupted(content, style, network, settings, **_):
        return gatys.Painted(Image.new("RGB", (8, 8)), (), "interrupted")

    monkeypatch.setattr(gatys, "paint", interrupted)
    out = pictures / "out.png"
    result = tool("lab", "gatys", pictures / "content.png", "-s", pictures / "style.png", "-o", out)
    assert "holds the best picture so far" in result.err
    assert out.is_file()


def test_a_wrong_ending_is_told_before_the_work(pictures: Path, tool: Tool) -> None:
    result = tool(
        "lab", "gatys", pictures / "content.png", "-s", pictures / "style.png", "-o", "out.txt"
    )
    assert result.code == 2
    assert ".txt" in result.err


@pytest.mark.parametrize("name", ["content", "style"])
def test_no_result_takes_the_place_of_what_is_read(pictures: Path, tool: Tool, name: str) -> None:
    out = pictures / f"{name}.png"
    before = out.read_bytes()
    result = tool("lab", "gatys", pictures / "content.png", "-s", pictures / "style.png", "-o", out)
    assert result.code == 2
    assert f"would replace the {name}" in result.err
    assert out.read_bytes() == before


@pytest.mark.parametrize("more", [("--start", "noise"), ("--seed", 2), ("--json",)])
def test_the_sheet_takes_no_options_that_it_would_ignore(
    pictures: Path, tool: Tool, more: tuple[object, ...]
) -> None:
    result = tool(
        "lab", "gatys", pictures / "content.png", "-s", pictures / "style.png",
        "-o", pictures / "sheet.png", "--grid", *more,
    )  # fmt: skip
    assert result.code == 2
    assert str(more[0]) in result.err


def test_a_network_that_could_not_be_written_is_not_trained(
    pictures: Path, tool: Tool, monkeypatch
) -> None:
    monkeypatch.setattr(one_style, "train_one_style", lambda *_, **__: pytest.fail("trained"))
    for out in (pictures, pictures / "content.png" / "one.onnx", pictures / "style.png"):
        style = pictures / "style.png"
        result = tool("lab", "johnson", style, "--contents", pictures, "-o", out)
        assert result.code == 2
        assert str(out) in result.err.replace("\n", "") or "folder" in result.err


class Unchanged:
    """A graph that paints what it sees, in place of a traced one, which takes seconds."""

    def save(self, path: str, *, external_data: bool) -> None:
        picture, painted = (
            helper.make_tensor_value_info(name, TensorProto.FLOAT, (1, 3, "height", "width"))
            for name in ("picture", "painted")
        )
        node = helper.make_node("Identity", ["picture"], ["painted"])
        graph = helper.make_graph([node], "unchanged", [picture], [painted])
        opset = helper.make_opsetid("", 20)
        onnx.save(helper.make_model(graph, opset_imports=[opset], ir_version=10), path)


def test_a_network_of_one_style_is_trained_and_paints(
    pictures: Path, tool: Tool, monkeypatch
) -> None:
    monkeypatch.setattr(one_style, "open_loss_network", lambda path, **_: FewLayers())
    monkeypatch.setattr(one_style, "_program", lambda network: Unchanged())
    model, out = pictures / "one.onnx", pictures / "out.png"
    result = tool(
        "lab", "johnson", pictures / "style.png", "--contents", pictures, "-o", model,
        "--variant", "bottleneck", "--samples", 4, "--side", 32,
    )  # fmt: skip
    assert result.code == 0, result.err
    result = tool("lab", "johnson-paint", model, pictures / "content.png", "-o", out)
    assert result.code == 0, result.err
    with Image.open(out) as painted, Image.open(pictures / "content.png") as content:
        assert painted.tobytes() == content.tobytes()


def test_another_file_is_no_network_of_one_style(pictures: Path, tool: Tool) -> None:
    content = pictures / "content.png"
    result = tool("lab", "johnson-paint", content, content, "-o", pictures / "out.png")
    assert result.code == 2
    assert "is no network of one style" in result.err


def test_a_style_is_explained_in_a_folder(pictures: Path, tool: Tool, monkeypatch) -> None:
    class Library:
        def __enter__(self) -> Library:
            return self

        def __exit__(self, *_: object) -> None:
            pass

        def list(self, **_: object) -> list[object]:
            return []

    def find(engine, style, others, content, *, picture, max_side_px, progress):
        assert picture.size == (64, 64)
        assert max_side_px == 64
        move = explain.PartMove("own", 1.0, 0.5, 0.5, 0.77, 0.72)
        return explain.Explanation((), (), (move,), (), Image.new("RGB", (40, 30)))

    monkeypatch.setattr(explain, "explain", find)
    monkeypatch.setattr("stylize.cli.lab_explain.open_engine", tool.open_engine)
    monkeypatch.setattr("stylize.cli.lab_explain.open_library", lambda *_: Library())
    out = pictures / "out"
    result = tool("lab", "explain", pictures / "style.png", "-o", out, "--max-side", 64)
    assert result.code == 0, result.err
    assert json.loads((out / "explain.json").read_text())["style"] == "style"
    assert "| own | 1.00 | 50% | 50% | 77% | 72% |" in (out / "explain.md").read_text()
    with Image.open(out / "sheet.png") as sheet:
        assert sheet.size == (40, 30)


@pytest.fixture
def judged(pictures: Path) -> tuple[object, ...]:
    """The arguments of a comparison of two folders that is done: the first better in one of two."""
    folders = pictures / "a", pictures / "b"
    for folder, width in zip(folders, (32, 40), strict=True):
        folder.mkdir()
        for name in ("one.png", "two.png"):
            make_picture(width, 32).save(folder / name)
    out = pictures / "out"
    files = ab_pictures.finished_pairs(*folders)
    about = {
        "a": str(folders[0]),
        "b": str(folders[1]),
        "pictures": ab_pictures.fingerprints({name: (*of.values(),) for name, of in files.items()}),
    }
    out.mkdir()
    made = ab.Comparison.open(out / "answers.json", about, ["one", "two"], 1)
    made.answer(0, "left" if made.on_the_left(0) == "a" else "right")
    made.answer(1, "equal")
    return ("lab", "ab", *folders, "-o", out)


def test_a_comparison_that_is_done_tells_its_result(judged, pictures: Path, tool: Tool) -> None:
    result = tool(*judged)
    assert result.code == 0, result.err
    assert f"{pictures / 'a'}: better in 1" in result.out
    assert "equal: 1" in result.out
    assert "p = 1.000" in result.out
    assert "BRISQUE" not in result.out
    assert json.loads(tool(*judged, "--json").out)["share"] == 1
    other = tool(*judged, "--seed", 2)
    assert other.code == 2
    assert "Choose another --out" in other.err


def test_scores_are_added_to_what_is_judged(judged, pictures: Path, tool: Tool) -> None:
    vectors = pictures / "svm.txt"
    vectors.write_text(VECTORS, "utf-8")
    result = tool(*judged, "--brisque", vectors)
    assert result.code == 0, result.err
    assert "BRISQUE (less is better): " in result.out
    assert "of 1 decided" in result.out
    scores = json.loads((pictures / "out" / "answers.json").read_text())["scores"]
    assert scores["one"]["brisque"].keys() == {"a", "b"}
    tiny = network(pictures / "nima.onnx")
    told = json.loads(tool(*judged, "--nima", tiny, "--json").out)["scores"]
    assert told.keys() == {"brisque", "nima"}
    assert told["nima"]["decided"] == 1
    assert "NIMA (more is better): " in tool(*judged).out


@pytest.fixture
def stopped(monkeypatch) -> None:
    """Ctrl+C as soon as the page is there."""

    def stop(self: ab_page.Server) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(ab_page.Server, "serve_forever", stop)


@pytest.mark.usefixtures("stopped")
def test_ctrl_c_says_how_to_go_on(pictures: Path, tool: Tool, monkeypatch) -> None:
    monkeypatch.setattr("webbrowser.open", lambda url: opened.append(url))
    opened: list[str] = []
    result = tool("lab", "ab", pictures, pictures, "-o", pictures / "out")
    assert result.code == 0, result.err
    assert "0 of 2 judged" in result.out
    assert opened == [result.out.splitlines()[0]]
    tool("lab", "ab", pictures, pictures, "-o", pictures / "out", "--no-browser")
    assert len(opened) == 1


@pytest.mark.usefixtures("stopped")
def test_nothing_is_scored_before_the_end(pictures: Path, tool: Tool) -> None:
    vectors, out = pictures / "svm.txt", pictures / "out"
    call = ("lab", "ab", pictures, pictures, "-o", out, "--no-browser", "--brisque", vectors)
    result = tool(*call)
    assert result.code == 2
    assert "pip download --no-deps brisque" in result.err.replace("\n", " ")
    assert not out.exists()
    vectors.write_text(VECTORS, "utf-8")
    result = tool(*call, "--json")
    assert result.code == 0, result.err
    assert json.loads(result.out)["scores"] == {}
    assert json.loads((out / "answers.json").read_text())["scores"] == {}


@pytest.mark.usefixtures("stopped")
def test_json_alone_goes_to_standard_output(pictures: Path, tool: Tool) -> None:
    result = tool("lab", "ab", pictures, pictures, "-o", pictures / "out", "--no-browser", "--json")
    assert result.code == 0, result.err
    assert json.loads(result.out)["share"] is None
    assert "http://127.0.0.1" in result.err
    assert "0 of 2 judged" in result.err


@pytest.fixture
def painters(pictures: Path, tool: Tool, monkeypatch) -> tuple[object, ...]:
    """The arguments to compare the bundled model with another one."""
    monkeypatch.setattr("stylize.cli.lab_ab.open_engine", tool.open_engine)
    for folder, name in (("contents", "c.png"), ("styles", "s.png"), ("model", "model.json")):
        (pictures / folder).mkdir()
        if name == "model.json":
            (pictures / folder / name).write_text("{}")
        else:
            make_picture(40, 32).save(pictures / folder / name)
    return (
        "lab", "ab", "bundled", pictures / "model", "-o", pictures / "out", "--pairs", 1,
        "--contents", pictures / "contents", "--styles", pictures / "styles", "--no-browser",
    )  # fmt: skip


@pytest.mark.usefixtures("stopped")
def test_bundled_is_the_bundled_model(painters, tool: Tool, pictures: Path, monkeypatch) -> None:
    monkeypatch.setenv("STYLIZE_MODEL", str(pictures / "model"))
    assert tool(*painters).code == 0
    first, second = (model_folder(engine.model) for engine in tool.engines)
    assert first is None
    assert second == pictures / "model"


@pytest.mark.usefixtures("stopped")
@pytest.mark.parametrize("changed", ["nothing", "model", "size", "style"])
def test_pictures_of_another_call_are_not_judged(
    painters, tool: Tool, pictures: Path, monkeypatch, changed: str
) -> None:
    assert tool(*painters, "--max-side", 64).code == 0
    match changed:
        case "model":
            monkeypatch.setattr("tests.fakes.MODEL", "c" * 64)
        case "style":
            make_picture(40, 32, seed=9).save(pictures / "styles" / "s.png")
    result = tool(*painters, "--max-side", 80 if changed == "size" else 64)
    assert result.code == (0 if changed == "nothing" else 2)
    assert ("Choose another --out" in result.err) == (changed != "nothing")


def test_models_need_something_to_paint(pictures: Path, tool: Tool) -> None:
    result = tool("lab", "ab", "bundled", "bundled", "-o", pictures / "out")
    assert result.code == 2
    assert "--contents and --styles" in result.err
    result = tool("lab", "ab", "bundled", pictures, "-o", pictures / "out")
    assert result.code == 2
    assert "two folders of finished pictures" in result.err


def test_ways_to_compress_are_told_in_a_table(tool: Tool, tmp_path: Path, monkeypatch) -> None:
    from stylize.lab import compress

    def run(config, names, *, progress):
        assert (config.samples, names) == (7, ("pruned",))
        progress(1)
        row = {
            "bytes": {"fp32": 17e6, "int8": 4.5e6},
            "macs_512": 1.58e9,
            "ms": {"fp32": {"512": 100.0}, "int8": {"512": 50.0}},
            "int8": {"content_loss": 0.8, "style_loss": 0.3, "psnr_db": 41.0},
        }
        return {"rows": {"pruned": row}}

    monkeypatch.setattr(compress, "compress", run)
    folders = ("--contents", tmp_path, "--styles", tmp_path, "-o", tmp_path / "out")
    result = tool("lab", "compress", *folders, "--way", "pruned", "--samples", 7)
    assert result.code == 0, result.err
    assert "pruned" in result.out
    assert "41.0" in result.out
    result = tool("lab", "compress", *folders, "--way", "magic")
    assert result.code == 2
    assert 'no way "magic"' in result.err


def test_a_search_tells_its_rounds_and_the_best(tool: Tool, tmp_path: Path, monkeypatch) -> None:
    from stylize.lab import retraining, search

    def run(config, school, out, *, progress):
        assert (config.limit_ms, config.check, school) == (9.5, True, "school")
        progress(1.0)
        return {
            "rounds": [{"samples": 240, "order": ["a", "b"]}],
            "candidates": {"a": {"ms": 9.0, "marks_db": [12.0, 21.5]}},
            "teacher_ms": 17.0,
            "best": "a",
        }

    monkeypatch.setattr(retraining, "open_product_school", lambda *_, **__: "school")
    monkeypatch.setattr(search, "search", run)
    result = tool(
        "lab", "search", "--contents", tmp_path, "--styles", tmp_path, "-o", tmp_path,
        "--limit-ms", 9.5, "--check",
    )  # fmt: skip
    assert result.code == 0, result.err
    assert "after 240 samples: a, b" in result.out
    assert "9.0 ms instead of 17.0, 21.5 dB" in result.out


def test_variants_are_told_in_a_table(tool: Tool, tmp_path: Path, monkeypatch) -> None:
    from stylize.lab import variants

    def run(config, names, *, progress):
        assert (config.cpu_s, config.pairs) == (30.0, 40)
        assert names == ["attention"]
        progress(0, 1.0)
        row = {
            metric: {"mean": value}
            for metric, value in (
                ("content_loss", 0.8), ("style_loss", 0.3), ("ssim", 0.6), ("own_style_found", 0.9)
            )
        }  # fmt: skip
        return {"samples": {"plain": 1234}, "rows": {"plain": row, "released": row}}

    monkeypatch.setattr(variants, "race", run)
    arguments = (
        "lab", "variants", "--contents", tmp_path, "--styles", tmp_path, "-o", tmp_path / "out",
        "--variant", "attention", "--minutes", 0.5, "--pairs", 40,
    )  # fmt: skip
    result = tool(*arguments)
    assert result.code == 0, result.err
    assert "1234" in result.out
    assert "0.800" in result.out
    assert "variants.json" in result.out
    assert json.loads(tool(*arguments, "--json").out)["samples"]["plain"] == 1234
    monkeypatch.setattr(variants, "race", lambda *_, **__: {})
    assert "Trained" in tool(*arguments).out


def test_an_unknown_variant_is_named(tool: Tool, tmp_path: Path) -> None:
    result = tool(
        "lab", "variants", "--contents", tmp_path, "--styles", tmp_path, "-o", tmp_path / "out",
        "--variant", "magic",
    )  # fmt: skip
    assert result.code == 2
    assert 'no variant "magic"' in result.err


def test_a_network_of_one_style_gets_fewer_bits(pictures: Path, tool: Tool, monkeypatch) -> None:
    from stylize.lab import one_style_bits

    def run(model, contents, out, *, pictures, seed, threads):
        assert (model.name, len(contents), pictures) == ("wave.onnx", 2, 3)
        return {
            "rows": {
                "fp32": {"text": "as it is", "bytes": 6.8e6, "ms": 140.0, "psnr_db": None},
                "static": {
                    "text": "ranges by samples",
                    "bytes": 1.8e6,
                    "ms": 80.0,
                    "psnr_db": 28.5,
                },
            }
        }

    monkeypatch.setattr(one_style_bits, "compress_one_style", run)
    arguments = (
        "lab", "johnson-compress", pictures / "wave.onnx", "--contents", pictures, "-o",
        pictures / "small", "--pictures", 3,
    )  # fmt: skip
    result = tool(*arguments)
    assert result.code == 0, result.err
    assert "6.80 MB" in result.out
    assert "28.5 dB" in result.out
    assert json.loads(tool(*arguments, "--json").out)["rows"]["fp32"]["ms"] == 140.0


@pytest.mark.parametrize(
    ("command", "option"),
    [
        (("compress", "--styles", "s", "-o", "out"), "--network FILE"),
        (("search", "--styles", "s", "-o", "out", "--limit-ms", "9"), "--network FILE"),
        (("variants", "--styles", "s", "-o", "out"), "--network FILE"),
        (("johnson", "great-wave", "-o", "out.onnx"), "--loss-network FILE"),
    ],
)
def test_a_package_without_the_network_says_how_to_name_it(
    command: tuple[str, ...], option: str, tool: Tool, tmp_path: Path, monkeypatch
) -> None:
    monkeypatch.setattr(network_file, "CHECKPOINT", tmp_path / "nowhere.pt")
    result = tool("lab", *command, "--contents", tmp_path)
    assert result.code == 2
    assert option in result.err
    assert "checkpoints/network.pt of the repository" in result.err
