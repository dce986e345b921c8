from stylize.training.report import METRICS, Shown, html_page, markdown

INTERVAL = {"mean": 0.25, "low": 0.2, "high": 0.3}
AT_512 = {
    "pairs": 40,
    "size_px": 512,
    "seen_px": 512,
    "baseline": "ours",
    "systems": {
        "ours": dict.fromkeys((metric.name for metric in METRICS), INTERVAL) | {"grid": None},
        "theirs": dict.fromkeys((metric.name for metric in METRICS), INTERVAL),
    },
    "differences": {
        "theirs": {metric.name: INTERVAL | {"real": True} for metric in METRICS}
        | {"ssim": INTERVAL | {"real": False}, "grid": None}
    },
    "int8_against_fp32": {},
}
REPORT = {"sizes": [AT_512]}
SLIDER = {
    "values": [0.25, 4],
    "mean_losses": [0.5, 0.25],
    "spearman": 0.97,
    "spearman_min": 0.9,
    "monotone": 0.5,
    "pairs": 50,
    "honest": True,
}


def test_tables_show_means_intervals_and_what_is_real():
    lines = markdown(REPORT).splitlines()
    assert lines[0] == "### Means over 40 pairs at 512 px"
    (ours,) = [line for line in lines if line.startswith("| ours ")]
    assert "0.250 ± 0.050" in ours
    assert " - " in ours
    minus = next(index for index, line in enumerate(lines) if line.startswith("| minus ours"))
    cells = [cell.strip() for cell in lines[minus + 2].split("|")[1:-1]]
    found = dict(zip([metric.name for metric in METRICS], cells[1:], strict=True))
    assert cells[0] == "theirs"
    assert (found["style_loss"], found["palette_distance"]) == ("+0.250 *", "+0.25 *")
    assert (found["ssim"], found["grid"]) == ("+0.250", "-")


def test_tables_without_rows_are_left_out():
    assert "INT8" not in markdown(REPORT)
    assert "Sliders" not in markdown(REPORT)


def test_every_size_has_its_tables():
    at_2048 = AT_512 | {"size_px": 2048, "int8_against_fp32": {}}
    text = markdown({"sizes": [AT_512, at_2048]})
    assert "### Means over 40 pairs at 512 px\n" in text
    assert "### Means over 40 pairs at 2048 px, seen at 512 px\n" in text
    assert text.count("### Differences at ") == 2


def test_the_same_look_shows_mean_and_worst():
    found = {"psnr_db_mean": 30.06, "psnr_db_worst": 24, "ssim_mean": 0.9, "ssim_worst": 0.8004}
    systems = {"ours": {"full size": found}}
    text = markdown(REPORT | {"same_look": {"pairs": 7, "reference_px": 640, "systems": systems}})
    assert "### Same look, 7 pairs" in text
    cells = [cell.strip() for cell in text.partition("| ours   | full size ")[2].split("|")[1:5]]
    assert cells == ["30.1 dB", "24.0 dB", "0.900", "0.800"]


def test_sliders_say_whether_they_are_honest():
    tests = {"strength: style_loss": SLIDER | {"psnr_db_at_0": 99.0, "honest": False}, "a": SLIDER}
    text = markdown(REPORT | {"sliders": {"size_px": 256, "tests": tests}})
    assert "### Sliders, 50 pairs at 256 px" in text
    assert "| 0.500 → 0.250 " in text
    assert "| 50%      | NOT honest, 99 dB at 0 |" in text
    assert text.count("| honest ") == 1


def test_every_measure_is_defined():
    text, page = markdown(REPORT), html_page(REPORT, [])
    for metric in METRICS:
        assert metric.text in text
        assert metric.text in page


def test_names_cannot_break_the_page():
    measures = {"<b>": dict.fromkeys((metric.name for metric in METRICS), 0.5)}
    shown = Shown("c&d.jpg in the style of <s>", {"content": 'a".jpg', "<b>": "b.jpg"}, measures)
    page = html_page(REPORT, [shown])
    assert "c&amp;d.jpg in the style of &lt;s&gt;" in page
    assert 'src="a&quot;.jpg"' in page
    assert "&lt;b&gt;: content 0.500, style 0.500, SSIM 0.500" in page
    assert "<b>" not in page
