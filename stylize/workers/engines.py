"""How a process of a pool opens its engine."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from stylize.cores import available_cores
from stylize.memory import give_back_memory

if TYPE_CHECKING:
    from stylize.engine import Engine


@dataclass(frozen=True)
class EngineStart:
    """Opens the same engine as another process has; can be sent to it.

    Attributes:
        model_dir: Its model; None for the bundled one.
        precision: What it computes in.
        provider: What paints.
        threads: Of the computation.
    """

    model_dir: Path | None
    precision: Literal["int8", "fp32"]
    provider: str
    threads: int

    @classmethod
    def like(
        cls, engine: Engine, model_dir: Path | None, *, workers: int, threads: int | None = None
    ) -> EngineStart:
        """The start of engines like one that is there, so many that share this computer.

        Args:
            engine: See there.
            model_dir: Its model.
            workers: How many engines there will be.
            threads: Of each; default: the cores are shared out.
        """
        fair = max(1, available_cores() // workers)
        return cls(model_dir, engine.precision, engine.provider, threads or fair)

    def __call__(self) -> Engine:
        """Open the engine and load its graphs.

        Raises:
            ModelFileError: The model cannot be used.
            ProviderError: The provider is not there.
        """
        from stylize.engine import Engine

        give_back_memory()
        engine = Engine(
            self.model_dir,
            precision=self.precision,
            provider=self.provider,
            threads=self.threads,
        )
        engine.warm_up()
        return engine
