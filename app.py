"""The Space's entry point: builds the page with engine and library, and launches it."""

from stylize.engine import Engine
from stylize.library import StyleLibrary
from stylize.studio import StudioSettings, launch
from stylize.studio.hub_model import model_folder

if __name__ == "__main__":
    engine = Engine(model_folder())
    launch(engine, StyleLibrary.open(encoder=engine), settings=StudioSettings.from_environment())
