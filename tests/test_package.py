import subprocess
import sys

import stylize

HEAVY = ("torch", "torchvision", "onnx", "gradio", "onnxruntime", "fastapi")


def imported_by(statement: str) -> set[str]:
    code = f"import sys; {statement}; print(*[m for m in {HEAVY} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_importing_the_package_loads_nothing_heavy():
    assert imported_by("import stylize") == set()


def test_the_public_names_load_nothing_of_training_or_page():
    statement = "from stylize import Engine, StyleLibrary, Controls, blend"
    assert imported_by(statement) <= {"onnxruntime"}


def test_the_command_line_loads_nothing_heavy():
    assert imported_by("import stylize.cli") == set()


def test_all_public_names_exist():
    for name in stylize.__all__:
        assert getattr(stylize, name) is not None
    assert set(stylize.__all__) <= set(dir(stylize))
