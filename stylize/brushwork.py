"""What the brush makes of calm areas, and which colours and contrast a draft gets."""

from __future__ import annotations

from PIL import Image, ImageFilter

from stylize.calming import EVEN_REACH, FLAT_FROM, calm_areas
from stylize.continuity import Continuity
from stylize.contract import Contract
from stylize.contrast import raise_contrast
from stylize.controls import Controls
from stylize.posterizing import crisp, posterize
from stylize.recoloring import as_measured, recolor
from stylize.styles import StyleVector

# Share of a contract's ``ink_style`` from which on a style begins to be one of a few inks.
INK_FROM = 0.7
_PARTED = 0.7  # of smoothing everywhere that inks do without: being parted, they are even
_WASHES = 0.7  # of recoloring that is left out in calm areas with most brushwork


def usual_ground(contract: Contract | type[Contract], calm: float) -> float:
    """Return how much ground a style gets of which so much is calm, 0 to 1."""
    return max(contract.least_brushwork, 1 - calm / contract.calm_style)


def ground_share(contract: Contract, style: StyleVector, controls: Controls) -> float:
    """Return how much ground there is, 0 to 2: little for ink and flat colour, but all at the end.

    Args:
        contract: Of the model.
        style: It tells how calm it is.
        controls: ``brushwork`` counts.
    """
    amount = controls.brushwork
    usual = usual_ground(contract, contract.calm_share(style.values))
    return usual * amount if amount <= 1 else usual + (amount - 1) * (2 - usual)


def calming(
    contract: Contract, style: StyleVector, controls: Controls
) -> tuple[float, float, float]:
    """Return how calm areas are calmed: what :func:`stylize.calming.calm_down` takes.

    Args:
        contract: Of the model.
        style: It tells how calm it is.
        controls: ``brushwork``, ``style_weight`` and ``strength`` count.
    """
    left_out = 1 - ground_share(contract, style, controls)
    left_out /= (1 - contract.least_brushwork) or 1
    # About as much of the painting gets calm as of the style is; less if less brushwork is wanted.
    calm = contract.calm_share(style.values)
    reach = min(1.0, contract.calming_reach * calm)
    at_most = 1 - min(1.0, controls.brushwork) * (1 - reach)
    wanted = min(1.0, max(0.0, 2 - controls.brushwork)) * controls.strength
    flat = (calm / contract.flat_style - FLAT_FROM) / (1 - FLAT_FROM)
    everywhere = contract.calming_flat * min(1.0, max(0.0, flat)) * wanted
    everywhere *= restraint(controls) * (1 - _PARTED * inking(contract, style, controls))
    least = contract.calming_least * wanted
    if least > 0:
        most = max(contract.calming_least_reach, EVEN_REACH)
        even = min(1.0, calm / contract.calm_style)
        at_most = max(at_most, contract.calming_least_reach * (1 - even) + most * even)
    return max(contract.calming_share * left_out, least), at_most, everywhere


def restraint(controls: Controls) -> float:
    """Return how much is done against strokes and colours that are the network's alone, 0 to 1.

    With more style weight less of what it paints is smoothed and recolored.
    """
    return min(1.0, 1 / controls.style_weight)


def inking(contract: Contract, style: StyleVector, controls: Controls) -> float:
    """Return how much a picture is to be of ink and paper alone, 0 to 1.

    Of that ``posterizing_share`` is parted in the draft; the brush revises as much less.

    Args:
        contract: Of the model.
        style: It tells how much it is made of a few inks.
        controls: ``brushwork`` and ``strength`` count: a broad brush paints over them.
    """
    if not contract.posterizing_share or contract.style_colors(style.values) is None:
        return 0.0
    inks = (contract.ink_share(style.values) / contract.ink_style - INK_FROM) / (1 - INK_FROM)
    return min(1.0, max(0.0, inks)) * min(1.0, 2 - controls.brushwork) * controls.strength


def edges(contract: Contract, style: StyleVector, amount: float) -> ImageFilter.Color3DLUT | None:
    """Return what keeps the edges of inks crisp in an enlarged painting; None: there are none.

    Args:
        contract: Of the model.
        style: It tells which inks it has.
        amount: See :func:`inking`.
    """
    colors = contract.style_colors(style.values)
    return crisp(colors, amount) if amount > 0 and colors is not None else None


def see_to_colors(
    draft: Image.Image,
    plain: Image.Image,
    contract: Contract,
    style: StyleVector,
    controls: Controls,
    continuity: Continuity | None,
) -> None:
    """Give a draft, in place, the colours that its content has in the style, and its contrast.

    Args:
        draft: RGB.
        plain: Its content, RGB of the same size.
        contract: Of the model; some do not know a style's colours, and nothing happens.
        style: It tells which colours it has.
        controls: ``brushwork``, ``style_weight`` and ``strength`` count.
        continuity: Ties the colours to those of other pictures.
    """
    colors = contract.style_colors(style.values)
    if colors is None:
        return
    before = draft.copy() if controls.brushwork > 1 else None
    steadied = as_measured if continuity is None else continuity.steadied
    share = contract.recoloring_share * restraint(controls)
    recolor(draft, plain, colors, share, controls.strength, steadied)
    if before is not None:  # washes are broad differences, too
        washes = _WASHES * min(1.0, controls.brushwork - 1)
        draft.paste(before, mask=calm_areas(plain, washes))
    inked = contract.posterizing_share * inking(contract, style, controls)
    posterize(draft, plain, colors, inked, steadied)
    contrast = contract.style_contrast(style.values)
    if contrast is not None:
        amount = contract.contrast_share * controls.strength
        raise_contrast(draft, plain, contrast, amount, steadied)
