"""``stylize lab ab``: a blind comparison in the browser."""

from __future__ import annotations

import sys
import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from stylize.cli.common import JsonOption, ThreadsOption, open_engine
from stylize.cli.jobs import Bar
from stylize.cli.output import print_json, say, warn
from stylize.cli.pictures import path_of
from stylize.errors import ControlError, StylizeError
from stylize.files import make_folder

if TYPE_CHECKING:
    from stylize.lab.ab import Comparison
    from stylize.lab.ab_scores import Measure

_BUNDLED = "bundled"
_NO_OTHER_MODEL = ""  # unlike None it does not ask STYLIZE_MODEL


def ab(
    first: Annotated[
        str, typer.Argument(metavar="A", help="A model's folder, bundled, or finished pictures.")
    ],
    second: Annotated[str, typer.Argument(metavar="B", help="The other one, of the same kind.")],
    out: Annotated[
        Path,
        typer.Option("--out", "-o", help="Folder of the answers and pictures.", parser=path_of),
    ],
    contents: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="What two models paint.")
    ] = None,
    styles: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="In whose style they paint.")
    ] = None,
    pairs: Annotated[int, typer.Option(min=1, max=10_000, help="How many they paint.")] = 24,
    max_side: Annotated[
        int, typer.Option(min=64, max=4096, metavar="PX", help="Longer side of what they paint.")
    ] = 768,
    seed: Annotated[int, typer.Option(min=0, help="Of the order and the sides.")] = 1,
    brisque: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="LIVE's support vectors, to score the pictures by."),
    ] = None,
    nima: Annotated[
        Path | None, typer.Option(metavar="FILE", help="ONNX file of a NIMA network, likewise.")
    ] = None,
    port: Annotated[
        int | None,
        typer.Option(min=1024, max=65_535, help="Of the page.", show_default="a free one"),
    ] = None,
    browser: Annotated[bool, typer.Option(help="Open the page in the browser.")] = True,
    threads: ThreadsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Judge two models, or two folders of pictures, blind: which of two pictures is better?

    Every answer is kept at once; Ctrl+C stops, and the same call goes on. The result is told when
    all pairs have been judged; so are scores, which the call can also be repeated for.
    """
    from stylize.lab.ab import Comparison
    from stylize.lab.ab_page import Server
    from stylize.lab.ab_pictures import (
        Shown,
        draw_pairs,
        fingerprints,
        finished_pairs,
        paint_pairs,
        pictures_in,
    )  # fmt: skip
    from stylize.lab.ab_scores import score_pairs

    measures = _open_measures(brisque, nima, threads)
    make_folder(out, StylizeError)
    about: dict[str, object] = {"a": first, "b": second}
    models = [text == _BUNDLED or (Path(text) / "model.json").is_file() for text in (first, second)]
    if all(models):
        if contents is None or styles is None:
            raise ControlError("Two models need --contents and --styles to paint.")
        drawn = draw_pairs(pictures_in(contents), pictures_in(styles), pairs, seed)
        engines = {
            who: open_engine(threads=threads, model=_NO_OTHER_MODEL if text == _BUNDLED else text)
            for who, text in (("a", first), ("b", second))
        }
        about["models"] = [engine.model_sha256 for engine in engines.values()]
        about["max_side_px"] = max_side
        about["pictures"] = fingerprints(drawn)
        comparison = Comparison.open(out / "answers.json", about, list(drawn), seed)
        with Bar(1) as bar:
            files = paint_pairs(
                engines, drawn, out, max_side_px=max_side, progress=lambda done: bar.show(0, done)
            )
    elif any(models):
        raise ControlError("Compare two models, or two folders of finished pictures.")
    else:
        files = finished_pairs(Path(first), Path(second))
        about["pictures"] = fingerprints({name: (of["a"], of["b"]) for name, of in files.items()})
        comparison = Comparison.open(out / "answers.json", about, list(files), seed)
    if comparison.next is not None:
        tell = warn if as_json else say
        with Server(comparison, Shown(files), port=port or 0) as server:
            tell(server.url)
            tell("The page is for this computer alone. Ctrl+C stops.")
            sys.stdout.flush()  # who reads a pipe needs the address now
            if browser:
                webbrowser.open(server.url)
            try:
                server.serve_forever()
            except KeyboardInterrupt:
                count = len(comparison.answers)
                tell(f"{count} of {len(comparison.pairs)} judged; the same call goes on.")
                if not as_json:
                    return
    if measures and comparison.next is None:
        with Bar(1) as bar:
            comparison.keep_scores(
                score_pairs(measures, files, progress=lambda done: bar.show(0, done))
            )
    _tell(comparison, as_json=as_json)


def _open_measures(
    brisque: Path | None, nima: Path | None, threads: int | None
) -> dict[str, Measure]:
    """Open what scores are asked for, before anything is painted or judged."""
    measures: dict[str, Measure] = {}
    if brisque is not None:
        from stylize.lab.brisque import Brisque

        measures["brisque"] = Brisque(brisque)
    if nima is not None:
        from stylize.lab.nima import Nima

        measures["nima"] = Nima(nima, threads=threads)
    return measures


def _tell(comparison: Comparison, *, as_json: bool) -> None:
    from stylize.lab.ab_scores import LESS_IS_BETTER, verdicts

    tally, scored = comparison.tally, verdicts(comparison)
    if as_json:
        scores = {name: vars(verdict) for name, verdict in scored.items()}
        print_json(vars(tally) | {"scores": scores, "answers": str(comparison.path)})
        return
    about = comparison.about
    say(f"{about['a']}: better in {tally.a}")
    say(f"{about['b']}: better in {tally.b}")
    say(f"equal: {tally.equal}")
    if tally.share is not None:
        say(
            f"The first was better in {tally.share:.0%} of those decided (95 %: {tally.low:.0%} to "
            f"{tally.high:.0%}); sign test p = {tally.p:.3f}."
        )
    for name, verdict in scored.items():
        say(
            f"{name.upper()} ({'less' if LESS_IS_BETTER[name] else 'more'} is better): "
            f"{verdict.mean_a:.2f} and {verdict.mean_b:.2f} in the mean; prefers the first in "
            f"{verdict.prefers_a}, the second in {verdict.prefers_b}; agrees with the judge in "
            f"{verdict.agrees} of {verdict.decided} decided."
        )
    say(str(comparison.path))
