"""``stylize style``: styles of one's own, made better."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

from stylize.cli.common import DataOption, JsonOption, library_with_engine
from stylize.cli.jobs import Bar
from stylize.cli.network_file import USUAL, network_file
from stylize.cli.output import print_json, say
from stylize.cli.pictures import path_of
from stylize.errors import LibraryError
from stylize.extras import needs_extra

app = typer.Typer(help="Styles of your own.", no_args_is_help=True)

EXAMPLES = Path(__file__).parents[1] / "studio" / "examples"


@app.callback()
def _commands() -> None:
    pass


@app.command()
def tune(
    name: Annotated[str, typer.Argument(help="The style: one of yours, or a new one.")],
    pictures: Annotated[
        list[Path] | None,
        typer.Option("--from", metavar="FILE", help="Its pictures; a new style is made of them."),
    ] = None,
    contents: Annotated[
        list[Path] | None,
        typer.Option("--content", metavar="FILE", help="Also tried on these.", parser=path_of),
    ] = None,
    minutes: Annotated[float, typer.Option(min=0.01, max=600, help="Time to spend, in all.")] = 3.0,
    checkpoint: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="The network that the model was made of.", parser=path_of,
            show_default=USUAL,
        ),
    ] = None,
    as_json: JsonOption = False,
    data: DataOption = None,
) -> None:  # fmt: skip
    """Fit a style on a few pictures, so that it is painted better than at first sight.

    The style is in your library afterwards, and painted, blended and shared like any other. A
    tuning that does not help on pictures that were kept aside is dropped: the style stays as it is.
    """
    begun = time.monotonic()
    with needs_extra("train"):
        from stylize.training.tuning import (
            check_same_model,
            load_networks,
            tune_style,
        )
        from stylize.training.tuning_contents import kept_aside, tuning_contents
    from stylize.images import load_image, on_white
    from stylize.library.bundled import bundled_folder
    from stylize.styles import blend

    checkpoint = network_file(checkpoint, "--checkpoint")
    networks = load_networks(checkpoint)
    of_style = [load_image(file) for file in pictures or ()]
    # The bundled photographs alone would be learned by heart.
    bundled = (*sorted(EXAMPLES.glob("*.jpg")), *sorted(bundled_folder().glob("*.jpg")))
    tried = [on_white(load_image(file)) for file in (*(contents or ()), *bundled)]
    fitted, kept = kept_aside(tried)
    with library_with_engine(data) as library:
        check_same_model(networks, library.encoder.encode_style, checkpoint)
        earlier = None
        if of_style:
            library.add(name, of_style[0], title=name)
        else:
            original = library.original(name)
            if library.get(name).bundled or original is None:
                raise LibraryError(
                    f"Only your own styles whose picture is kept can be tuned, and {name} is none. "
                    f"Make a new one: stylize style tune NAME --from FILE."
                )
            of_style = [original]
            earlier = library.get(name).vector.values[-networks.network.tuning :]
        vector = blend([library.encoder.encode_style(picture) for picture in of_style])
        with Bar(1) as bar:
            tuned = tune_style(
                networks,
                [on_white(picture) for picture in of_style],
                tuning_contents(fitted),
                kept=tuning_contents(kept, len(kept)),
                earlier=earlier,
                contract=getattr(library.encoder, "contract", None),
                seconds=60 * minutes - (time.monotonic() - begun),
                progress=lambda done: bar.show(0, done),
            )
        if tuned.share:
            library.set_vector(name, vector.tuned(tuned.tuning.numpy()))
    before, after = tuned.style_loss
    if as_json:
        print_json({
            "name": name, "steps": tuned.steps, "share": tuned.share,
            "style_loss": tuned.style_loss, "content_loss": tuned.content_loss,
        })  # fmt: skip
    elif tuned.share:
        say(f"Tuned {name} in {tuned.steps} steps: style loss {before:.3f} -> {after:.3f}.")
    else:
        say(
            f"Left {name} as it was: after {tuned.steps} steps, pictures that were kept aside are "
            f"not painted better. More --minutes, or photographs of yours as --content, may help."
        )
