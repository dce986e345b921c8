"""What style and controls make of calm areas, inks and contrast."""

import base64
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from stylize import brushwork
from stylize.brushwork import INK_FROM, calming, edges, ground_share, inking, see_to_colors
from stylize.calming import EVEN_REACH, FLAT, LEAST_REACH
from stylize.contrast import NUMBERS, contrast_of
from stylize.controls import Controls
from stylize.recoloring import SHARE
from stylize.styles import StyleVector
from tests.conftest import make_picture


@pytest.fixture
def style(tiny_engine) -> StyleVector:
    return StyleVector(np.zeros(tiny_engine.vector_length, np.float32), tiny_engine.encoder_sha256)


def of_calm(contract, share):
    """A contract by which every style is as calm as that."""
    return replace(contract, calm_weights="AAA=", calm_bias=share**0.5)


def of_inks(contract, share, posterizing_share=0.8):
    """A contract by which every style is of a few inks as much as that."""
    weight = base64.b64encode(np.array([share**0.5], "<f2").tobytes()).decode()
    return replace(contract, posterizing_share=posterizing_share, ink_weights=weight)


def test_ground_is_little_for_calm_styles_and_all_at_the_end(tiny_engine, style):
    contract = tiny_engine.contract
    for calm, usual in ((0.0, 1.0), (contract.calm_style / 2, 0.5), (1.0, 0.1)):
        found = [
            ground_share(of_calm(contract, calm), style, Controls(brushwork=brushwork))
            for brushwork in (0, 0.5, 1, 1.5, 2)
        ]
        assert found == pytest.approx([0, usual / 2, usual, (usual + 2) / 2, 2])


def test_all_styles_are_calmed_unless_more_brushwork_is_asked_for(tiny_engine, style):
    contract = tiny_engine.contract
    least = contract.calming_least, contract.calming_least_reach
    assert min(least) > 0
    assert calming(contract, style, Controls()) == pytest.approx((*least, 0))
    half = calming(contract, style, Controls(brushwork=1.5))
    assert half == pytest.approx((least[0] / 2, least[1], 0))
    for controls in (Controls(brushwork=2), Controls(strength=0)):
        assert calming(contract, style, controls)[0] == 0
    assert min(calming(contract, style, Controls(brushwork=0))[:2]) >= 1


def test_more_of_a_picture_is_calmed_in_calm_styles(tiny_engine, style):
    contract = tiny_engine.contract
    styles = [of_calm(contract, calm) for calm in (0, contract.calm_style / 2, contract.calm_style)]
    reaches = [calming(found, style, Controls())[1] for found in styles]
    assert reaches == pytest.approx([LEAST_REACH, (LEAST_REACH + EVEN_REACH) / 2, EVEN_REACH])


def test_styles_of_inks_are_parted_the_less_ink_they_are(tiny_engine, style):
    contract = tiny_engine.contract
    begin, whole = INK_FROM * contract.ink_style, contract.ink_style
    for share, wanted in ((0, 0), (begin, 0), ((begin + whole) / 2, 0.5), (whole, 1), (1, 1)):
        found = inking(of_inks(contract, share), style, Controls())
        assert found == pytest.approx(wanted, abs=0.01)


def test_inks_are_smoothed_less_for_they_are_even_once_parted(tiny_engine, style):
    flat = of_calm(tiny_engine.contract, 1)
    shaded, parted = (calming(contract, style, Controls()) for contract in (flat, of_inks(flat, 1)))
    assert shaded[2] > 0
    assert parted == pytest.approx((*shaded[:2], 0.3 * shaded[2]))


def test_more_style_weight_leaves_more_of_what_is_painted(tiny_engine, style, monkeypatch):
    flat, shares = of_calm(tiny_engine.contract, 1), []
    monkeypatch.setattr(brushwork, "recolor", lambda *args: shares.append(args[3]))
    picture = make_picture(64, 48)
    for weight in (0.25, 1, 2, 4):
        controls = Controls(style_weight=weight)
        shares.append(calming(flat, style, controls)[2])
        see_to_colors(picture.copy(), picture, flat, style, controls, None)
    smoothed, recolored = np.reshape(shares, (4, 2)).T
    assert smoothed / FLAT == pytest.approx([1, 1, 0.5, 0.25])
    assert recolored / SHARE == pytest.approx([1, 1, 0.5, 0.25])


def test_a_draft_gets_the_contrast_of_its_style_by_strength(tiny_engine, style):
    at = tiny_engine.contract.contrast_at
    values = style.values.copy()
    values[at : at + NUMBERS] = 25  # levels each
    style = StyleVector(values, style.encoder_sha256)
    plain = make_picture(96, 64, seed=3)
    faint = Image.blend(make_picture(96, 64), Image.new("RGB", (96, 64), "grey"), 0.7)
    varied = []
    for strength, share in ((1, 0), (0, 1), (0.5, 1), (1, 1)):
        contract = replace(
            tiny_engine.contract,
            recoloring_share=0,
            contrast_share=share,
        )
        draft = faint.copy()
        see_to_colors(draft, plain, contract, style, Controls(strength=strength), None)
        varied.append(contrast_of(draft)[0])
    assert varied[0] == varied[1] < 0.8 * varied[2] < 0.8 * varied[3]


def test_strength_and_a_broad_brush_leave_less_of_inks(tiny_engine, style):
    contract = of_inks(tiny_engine.contract, 1)
    for controls, wanted in (
        (Controls(brushwork=0), 1),
        (Controls(brushwork=1.5), 0.5),
        (Controls(brushwork=2), 0),
        (Controls(strength=0.4), 0.4),
        (Controls(strength=0.4, brushwork=1.5), 0.2),
    ):
        assert inking(contract, style, controls) == pytest.approx(wanted)
        assert (edges(contract, style, wanted) is not None) == (wanted > 0)


def test_models_that_know_no_inks_or_no_colours_part_nothing(tiny_engine, style):
    contract = tiny_engine.contract
    for unable in (
        contract,
        of_inks(contract, 1, posterizing_share=0),
        replace(of_inks(contract, 1), ink_weights=""),
        replace(of_inks(contract, 1), color_weights=""),
    ):
        assert inking(unable, style, Controls()) == 0


def test_a_draft_of_inks_is_recolored_and_parted(tiny_engine, style):
    content, drafts = make_picture(64, 48), []
    told = Telling()
    for contract in (tiny_engine.contract, of_inks(tiny_engine.contract, 1)):
        draft = make_picture(64, 48, seed=1)
        see_to_colors(draft, content, contract, style, Controls(), told)
        drafts.append(np.asarray(draft, float))
    assert told.names == ["content", "painting", "content", "painting", "inks"]
    assert np.abs(drafts[0] - drafts[1]).mean() > 3


class Telling:
    """A continuity that notes what is steadied."""

    def __init__(self):
        self.names = []

    def steadied(self, name, numbers):
        self.names.append(name)
        return numbers
