"""The one table of layers: what the content path computes, in which order and at which scale.

From it follow the torch network, the sites of the affines and the activations whose peaks are
measured, the INT8 graph, the count of operations and the halo of a tile. Another network is another
table.
"""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass

from stylize.painting import GRID_PX
from stylize.training.network_size import NetworkSize

PICTURE = "picture"  # source of the first row
CELLS_PX = (4, 8)  # that may have affines: 1/4 and 1/8 resolution
_CELL_CHANNELS = 12  # of the head: 2 x 2 pixels of three channels


@dataclass(frozen=True)
class Convolution:
    """A convolution, padded to keep its size; then its affine, if it has one; then a ReLU.

    Attributes:
        name: Of the layer, of its parameters and of its output.
        source: Name of the row whose output it reads.
        inputs: Channels.
        outputs: Channels.
        cell_px: Side of a cell of its output, in pixels of the picture.
        kernel: Side of the kernel, in cells of its input.
        stride: 2 halves the resolution.
        site: Its output gets an affine.
        relu: A ReLU follows.
    """

    name: str
    source: str
    inputs: int
    outputs: int
    _: KW_ONLY
    cell_px: int
    kernel: int = 3
    stride: int = 1
    site: bool = False
    relu: bool = True


@dataclass(frozen=True)
class Sum:
    """The sum of two outputs of the same shape.

    Attributes:
        name: Of its output.
        sources: Names of the two rows.
        relu: A ReLU follows.
    """

    name: str
    sources: tuple[str, str]
    _: KW_ONLY
    relu: bool


@dataclass(frozen=True)
class Enlarged:
    """An output in twice its size, every cell set four times.

    Attributes:
        name: Of its output.
        source: Name of the row.
    """

    name: str
    source: str


Row = Convolution | Sum | Enlarged


def make_rows(size: NetworkSize) -> tuple[Row, ...]:
    """Return the table in the order of computation; the last row makes cells of 2 x 2 pixels."""
    half, quarter, eighth = size.half, size.quarter, size.eighth
    rows: list[Row] = [
        Convolution("stem", PICTURE, 3, half, cell_px=2, kernel=5, stride=2),
        Convolution("down_quarter", "stem", half, quarter, cell_px=4, stride=2, site=True),
        Convolution("down_eighth", "down_quarter", quarter, eighth, cell_px=8, stride=2, site=True),
    ]
    trunk = "down_eighth"
    for block in range(size.blocks):
        first, second, total = f"blocks.{2 * block}", f"blocks.{2 * block + 1}", f"sum.{block}"
        rows += [
            Convolution(first, trunk, eighth, eighth, cell_px=8, site=True),
            Convolution(second, first, eighth, eighth, cell_px=8, site=True, relu=False),
            Sum(total, (trunk, second), relu=False),
        ]
        trunk = total
    rows += [
        Convolution(
            "reduce_eighth", trunk, eighth, quarter, cell_px=8, kernel=1, site=True, relu=False
        ),
        Enlarged("coarse", "reduce_eighth"),
        Convolution(
            "skip_quarter",
            "down_quarter",
            quarter,
            quarter,
            cell_px=4,
            kernel=1,
            site=True,
            relu=False,
        ),
        Sum("sum_quarter", ("coarse", "skip_quarter"), relu=True),
        Convolution("mix_quarter", "sum_quarter", quarter, quarter, cell_px=4, site=True),
        Convolution("reduce_quarter", "mix_quarter", quarter, half, cell_px=4, kernel=1, site=True),
        Enlarged("wide", "reduce_quarter"),
        Convolution("mix_half", "wide", half, half, cell_px=2),
        Convolution("head", "mix_half", half, _CELL_CHANNELS, cell_px=2, relu=False),
    ]
    return tuple(rows)


class Layers:
    """The table of a network, and what follows from it.

    Attributes:
        rows: In the order of computation.
        convolutions: Those rows that have weights.
        sites: The modulated convolutions, in the order of the affines: those of 1/4 resolution,
            then those of 1/8.
        measured: The rows up to the last site: what is needed to measure a picture.
        activations: Names of the outputs whose size depends on the picture, in the order of
            computation. From the last site on, outputs keep to the same range.
        fixed: Names of the outputs that do so, but for the cells.
    """

    def __init__(self, rows: tuple[Row, ...]) -> None:
        self.rows = rows
        self.convolutions = tuple(row for row in rows if isinstance(row, Convolution))
        found = [row for row in self.convolutions if row.site]
        self.sites = tuple(row for cell_px in CELLS_PX for row in found if row.cell_px == cell_px)
        if len(self.sites) < len(found):
            raise ValueError("affines are possible at 1/4 and 1/8 resolution only")
        last = rows.index(found[-1])
        self.measured = rows[: last + 1]
        self.activations = tuple(r.name for r in rows[:last] if not isinstance(r, Enlarged))
        self.fixed = tuple(r.name for r in rows[last:-1] if not isinstance(r, Enlarged))

    def sites_at(self, cell_px: int) -> tuple[Convolution, ...]:
        """Return the sites of one resolution, in the order of the affines."""
        return tuple(row for row in self.sites if row.cell_px == cell_px)

    def channels_at(self, cell_px: int) -> int:
        """Return the number of channels of the sites of one resolution."""
        return sum(row.outputs for row in self.sites_at(cell_px))

    @property
    def modulated_channels(self) -> int:
        """Number of channels of all sites."""
        return sum(row.outputs for row in self.sites)

    def count_macs(self, height_px: int, width_px: int) -> int:
        """Return the multiply-accumulates of painting one picture, convolutions only."""
        return sum(
            row.kernel**2
            * row.inputs
            * row.outputs
            * (height_px // row.cell_px)
            * (width_px // row.cell_px)
            for row in self.convolutions
        )

    def halo_px(self) -> int:
        """Return how far a pixel's colour depends on its surroundings, rounded up to the grid."""
        reach_px: dict[str, int] = {PICTURE: 0}
        for row in self.rows:
            if isinstance(row, Convolution):
                step_px = row.cell_px // row.stride
                reach_px[row.name] = reach_px[row.source] + row.kernel // 2 * step_px
            elif isinstance(row, Sum):
                reach_px[row.name] = max(reach_px[source] for source in row.sources)
            else:
                reach_px[row.name] = reach_px[row.source]
        # Up to one cell of the grid more, since cells see their surroundings as a whole.
        return -(-(reach_px[self.rows[-1].name] + GRID_PX) // GRID_PX) * GRID_PX
