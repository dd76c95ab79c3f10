"""Padding that depends on the image's size ("SAME" of TensorFlow's networks), as part of its convolution."""

from __future__ import annotations

from typing import Any


def pad_in_convolutions(openvino: Any, model: Any) -> Any:
    """A copy of a converted network whose convolutions pad by themselves; None where none has such a pad.

    A traced network computes each padding from the size in floating point, and copies the whole map into a
    larger one: an eighth of EfficientNet-Lite0's time. In bf16 OpenVINO computes these sizes in bf16, too,
    and an odd side above 256 pixels loses a column (seen with 2026.4). Whether the copy gives the same maps
    is for the caller to compare: a pad may be of another kind.
    """
    copy, padded = model.clone(), 0
    for node in copy.get_ordered_ops():
        if node.get_type_name() not in ("Convolution", "GroupConvolution"):
            continue
        pad = node.input_value(0).get_node()
        if pad.get_type_name() == "Pad" and not all(_is_constant(pad.input_value(i)) for i in (1, 2)):
            _replace(openvino, node, pad.input_value(0))
            padded += 1
    copy.validate_nodes_and_infer_types()
    return copy if padded else None


def _is_constant(value: Any) -> bool:
    return bool(value.get_node().get_type_name() == "Constant")


def _replace(openvino: Any, node: Any, maps: Any) -> None:
    """The same convolution, of the maps before their pad."""
    grouped = node.get_type_name() == "GroupConvolution"
    make = openvino.opset8.group_convolution if grouped else openvino.opset8.convolution
    facts = node.get_attributes()
    none = [0] * len(facts["strides"])
    made = make(
        maps, node.input_value(1), facts["strides"], none, none, facts["dilations"], auto_pad="same_upper"
    )
    made.set_friendly_name(node.get_friendly_name())
    for target in node.output(0).get_target_inputs():
        target.replace_source_output(made.output(0))
