"""The Space's entry point: builds the page with engine and library, and launches it."""

import os

from stylize.engine import Engine
from stylize.hub_model import model_folder
from stylize.library import StyleLibrary
from stylize.studio import StudioSettings, launch

if __name__ == "__main__":
    engine = Engine(model_folder())
    launch(
        engine,
        StyleLibrary.open(encoder=engine),
        settings=StudioSettings.from_environment(),
        announce=None if "SPACE_ID" in os.environ else print,
    )
