"""The only place with ONNX Runtime: sessions, threads, providers, forks."""

from __future__ import annotations

import ctypes
import os
import threading
import weakref
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from numpy.typing import NDArray

from stylize.cores import available_cores
from stylize.errors import ProviderError
from stylize.model_files import ModelFiles

if TYPE_CHECKING:
    import onnxruntime


class Provider(NamedTuple):
    """What computes.

    Attributes:
        name: In ONNX Runtime.
        package: What brings it.
    """

    name: str
    package: str


PROVIDERS = {
    "cpu": Provider("CPUExecutionProvider", "onnxruntime"),
    "tensorrt": Provider("TensorrtExecutionProvider", "onnxruntime-gpu"),
    "cuda": Provider("CUDAExecutionProvider", "onnxruntime-gpu"),
    "migraphx": Provider("MIGraphXExecutionProvider", "onnxruntime-migraphx"),
    "directml": Provider("DmlExecutionProvider", "onnxruntime-directml"),
    "coreml": Provider("CoreMLExecutionProvider", "onnxruntime on a Mac"),
    "openvino": Provider("OpenVINOExecutionProvider", "onnxruntime-openvino"),
}


def available_providers() -> list[str]:
    """Return those of ``PROVIDERS`` that this installation of ONNX Runtime has."""
    import onnxruntime

    present = onnxruntime.get_available_providers()
    return [key for key, provider in PROVIDERS.items() if provider.name in present]


def onnxruntime_version() -> str:
    """Return the version of ONNX Runtime."""
    import onnxruntime

    return str(onnxruntime.__version__)


def check_provider(provider: str) -> None:
    """Raise if a provider is not there.

    Raises:
        ProviderError: It is no part of this installation of ONNX Runtime.
        ValueError: There is none of that name.
    """
    if provider not in PROVIDERS:
        known = ", ".join(f'"{name}"' for name in ("auto", *PROVIDERS))
        raise ValueError(f"provider must be one of {known}; got {provider!r}")
    if provider == "cpu":  # always there; importing ONNX Runtime can wait
        return
    there = available_providers()
    if provider not in there:
        raise ProviderError(
            f"The provider {provider} is not there; this ONNX Runtime has: {', '.join(there)}. "
            f"{provider} comes with {PROVIDERS[provider].package}, which takes the place of "
            "onnxruntime."
        )


class Runtime:
    """Runs the graphs of a model; each is loaded when it is first needed. Threads may share one.

    Attributes:
        threads: Of the computation.
        provider: What paints. Encoding and measuring stay on the CPU: they take little time, and
            style vectors and affines are then the same everywhere.
    """

    def __init__(
        self, files: ModelFiles, threads: int | None = None, provider: str = "cpu"
    ) -> None:
        """Take a model.

        Args:
            files: The model.
            threads: Default: one for each core this process may use.
            provider: Of ``PROVIDERS``.
        """
        self.provider = provider
        self.threads = threads or available_cores()
        self._files = files
        self._sessions: dict[tuple[str, str], onnxruntime.InferenceSession] = {}
        self._lock = threading.Lock()
        _runtimes.add(self)

    def run(
        self, name: str, feeds: dict[str, NDArray[Any]], *, give_back: bool = False
    ) -> list[NDArray[Any]]:
        """Run a graph by its file name and return its outputs.

        Args:
            name: Of the graph.
            feeds: Its inputs.
            give_back: Keep no memory for the next run, which has to fetch it anew.

        Raises:
            ModelFileError: The graph is no part of a model that this version can use.
            OutOfMemoryError: There is too little memory.
            ProviderError: The provider does not work here.
        """
        session = self._session(name)
        options = _giving_back() if give_back else None
        try:
            return session.run(None, feeds, options)  # type: ignore[no-any-return]
        except Exception as error:  # ONNX Runtime's errors have nothing in common
            raise self._files.unusable(name, error) from error

    def load(self, name: str) -> None:
        """Load a graph now; raises as :meth:`run`."""
        self._session(name)

    def loaded(self) -> list[str]:
        """Return the names of the graphs that are loaded."""
        return [name for name, _ in self._sessions]

    def forget(self) -> None:
        """Give the memory of all graphs back; they are loaded again when they are needed."""
        with self._lock:
            self._sessions = {}

    def renew(self) -> None:
        """In a forked child: load graphs anew.

        The threads of the parent's sessions are not there. Painting with them waits forever, and
        so would ending them: they are kept, beyond the end of Python, on purpose.
        """
        for session in self._sessions.values():
            ctypes.pythonapi.Py_IncRef(ctypes.py_object(session))
        self._sessions = {}
        self._lock = threading.Lock()

    def _session(self, name: str) -> onnxruntime.InferenceSession:
        key = name, self.provider if name.startswith("paint.") else "cpu"
        with self._lock:
            if key not in self._sessions:
                self._sessions[key] = self._open(*key)
            return self._sessions[key]

    def _open(self, name: str, provider: str) -> onnxruntime.InferenceSession:
        import onnxruntime  # here, so that importing the package stays fast

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = self.threads
        options.log_severity_level = 3
        # Without it the idle threads of one graph spin in the way of the next one's: a picture
        # takes twice as long on two cores.
        options.add_session_config_entry("session.force_spinning_stop", "1")
        graph = self._files.read(name)
        names = [PROVIDERS[key].name for key in dict.fromkeys((provider, "cpu"))]
        try:
            session = onnxruntime.InferenceSession(graph, options, providers=names)
            _check_outputs(name, [output.name for output in session.get_outputs()])
        except Exception as error:
            raise self._files.unusable(name, error) from error
        if names[0] not in session.get_providers():  # ONNX Runtime goes on without a word
            raise ProviderError(
                f"The provider {provider} is installed but does not work here: a device, a driver "
                "or a library that it needs is missing. Take the provider cpu."
            )
        return session


def _giving_back() -> onnxruntime.RunOptions:
    import onnxruntime

    options = onnxruntime.RunOptions()
    options.add_run_config_entry("memory.enable_memory_arena_shrinkage", "cpu:0")
    return options


def _check_outputs(name: str, outputs: Sequence[str]) -> None:
    expected = 3 if name.startswith("modulate.") else 1
    if len(outputs) != expected:
        raise ValueError(f"it gives {len(outputs)} results, not {expected}")


def _renew_after_fork() -> None:
    for runtime in list(_runtimes):
        runtime.renew()


_runtimes: weakref.WeakSet[Runtime] = weakref.WeakSet()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_after_fork)
