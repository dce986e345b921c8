"""What style and controls make of calm areas."""

from dataclasses import replace

import numpy as np
import pytest

from stylize.brushwork import calming, ground_share
from stylize.controls import Controls
from stylize.styles import StyleVector


@pytest.fixture
def style(tiny_engine) -> StyleVector:
    return StyleVector(np.zeros(tiny_engine.vector_length, np.float32), tiny_engine.encoder_sha256)


def of_calm(contract, share):
    """A contract by which every style is as calm as that."""
    return replace(contract, calm_weights="AAA=", calm_bias=share**0.5)


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
