import onnxruntime
import pytest

from stylize.cache import CACHE_VARIABLE
from stylize.errors import ProviderError
from stylize.fastest import Way, fastest, find_ways

INT8, FP32, CUDA = Way("cpu", "int8"), Way("cpu", "fp32"), Way("cuda", "fp32")


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def with_cuda(monkeypatch):
    names = ["CUDAExecutionProvider", "AzureExecutionProvider", "CPUExecutionProvider"]
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: names)


@pytest.mark.parametrize(
    ("provider", "precision", "expected"),
    [
        ("cpu", None, [INT8]),
        ("cpu", "fp32", [FP32]),
        ("cpu", "auto", [INT8, FP32]),
        ("cuda", None, [CUDA]),
        ("cuda", "auto", [CUDA]),
        ("auto", None, [INT8, CUDA]),
        ("auto", "int8", [INT8]),
        ("auto", "fp32", [FP32, CUDA]),
        ("auto", "auto", [INT8, FP32, CUDA]),
    ],
)
def test_ways_are_what_is_asked_for_and_there(provider, precision, expected, with_cuda):
    assert find_ways(provider, precision) == expected


def test_what_is_not_there_is_an_error_that_names_the_package(with_cuda):
    with pytest.raises(ProviderError, match=r"has: cpu, cuda. openvino .* onnxruntime-openvino"):
        find_ways("openvino", None)
    with pytest.raises(ProviderError, match="cannot paint in INT8"):
        find_ways("cuda", "int8")
    with pytest.raises(ValueError, match='one of "auto", "cpu"'):
        find_ways("gpu", None)


class Clock:
    """Times that are given, and what was measured."""

    def __init__(self, times: dict[Way, float], *, broken: tuple[Way, ...] = ()) -> None:
        self.times, self.broken = times, broken
        self.measured: list[Way] = []

    def __call__(self, way: Way) -> float:
        self.measured.append(way)
        if way in self.broken:
            raise ProviderError(f"{way.provider} does not work")
        # The first time of each counts the loading.
        return self.times[way] + (100 if self.measured.count(way) == 1 else 0)


def test_the_fastest_is_taken_and_remembered():
    clock = Clock({INT8: 2.0, FP32: 3.0, CUDA: 1.0})
    for _ in range(2):
        assert fastest([INT8, FP32, CUDA], clock, identity="a model") == CUDA
    assert len(clock.measured) == 12
    assert fastest([INT8, FP32], clock, identity="a model") == INT8, "other ways, other answer"
    assert len(clock.measured) == 20
    fastest([INT8, FP32], clock, identity="another model")
    assert len(clock.measured) == 28


def test_what_does_not_work_is_passed_over():
    clock = Clock({INT8: 2.0, CUDA: 1.0}, broken=(CUDA,))
    assert fastest([INT8, CUDA], clock, identity="a model") == INT8
    assert clock.measured.count(CUDA) == 1
    with pytest.raises(ProviderError, match="cuda does not work"):
        fastest([CUDA], Clock({}, broken=(CUDA,)), identity="another")


@pytest.mark.parametrize("content", [b"", b"[]", b'{"provider": "cpu"}', b'{"a": 1}', b"\xff"])
def test_damaged_notes_are_made_anew(content, cache):
    fastest([INT8, FP32], Clock({INT8: 2.0, FP32: 1.0}), identity="a model")
    (note,) = cache.iterdir()
    note.write_bytes(content)
    clock = Clock({INT8: 2.0, FP32: 3.0})
    assert fastest([INT8, FP32], clock, identity="a model") == INT8
    assert clock.measured


def test_without_a_place_for_notes_it_is_measured_every_time(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "file"))
    clock = Clock({INT8: 2.0, FP32: 1.0})
    for _ in range(2):
        assert fastest([INT8, FP32], clock, identity="a model") == FP32
    assert len(clock.measured) == 16
