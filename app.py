"""The Space's entry point: builds the page with the engine and the library, and launches it."""

from stylize.engine import Engine

from stylize.library import StyleLibrary
from stylize.studio import StudioSettings, launch

if __name__ == "__main__":
    engine = Engine()
    launch(engine, StyleLibrary.open(encoder=engine), settings=StudioSettings.from_environment())
