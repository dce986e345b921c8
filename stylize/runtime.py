"""The only place with ONNX Runtime: sessions, threads, forks."""

from __future__ import annotations

import ctypes
import os
import threading
import weakref
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from stylize.cores import available_cores
from stylize.model_files import ModelFiles

if TYPE_CHECKING:
    import onnxruntime


class Runtime:
    """Runs the graphs of a model; each is loaded when it is first needed. Threads may share one.

    Attributes:
        threads: Of the computation.
    """

    def __init__(self, files: ModelFiles, threads: int | None = None) -> None:
        """Take a model.

        Args:
            files: The model.
            threads: Default: one for each core this process may use.
        """
        self.threads = threads or available_cores()
        self._files = files
        self._sessions: dict[str, onnxruntime.InferenceSession] = {}
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
        return list(self._sessions)

    def forget(self, name: str) -> None:
        """Give the memory of a graph back."""
        with self._lock:
            self._sessions.pop(name, None)

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
        with self._lock:
            if name not in self._sessions:
                import onnxruntime  # here, so that importing the package stays fast

                options = onnxruntime.SessionOptions()
                options.intra_op_num_threads = self.threads
                options.log_severity_level = 3
                # Without it the idle threads of one graph spin in the way of the next one's: a
                # picture takes twice as long on two cores.
                options.add_session_config_entry("session.force_spinning_stop", "1")
                graph = self._files.read(name)
                try:
                    session = onnxruntime.InferenceSession(
                        graph, options, providers=["CPUExecutionProvider"]
                    )
                    _check_outputs(name, [output.name for output in session.get_outputs()])
                except Exception as error:
                    raise self._files.unusable(name, error) from error
                self._sessions[name] = session
            return self._sessions[name]


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
