"""Register maps of meters and devices: built, walked and decoded without any I/O."""

from wire.registers.chain import BASE_ADDRESSES, Layout, ModelSpan, RegisterMapError, build_chain, walk
from wire.registers.decoding import decode, decode_models
from wire.registers.device import (
    DeviceCommand,
    DeviceFlags,
    DeviceKind,
    DeviceState,
    decode_command,
    decode_state,
    encode_command,
    encode_state,
)
from wire.registers.reading import EnergySource, Reading, ReadingQuality
from wire.registers.transactive import (
    IntervalFlags,
    IntervalRecord,
    MarketTerms,
    MeterFlags,
    TransactiveBlock,
    decode_transactive,
    encode_terms,
)

__all__ = [
    "BASE_ADDRESSES",
    "DeviceCommand",
    "DeviceFlags",
    "DeviceKind",
    "DeviceState",
    "EnergySource",
    "IntervalFlags",
    "IntervalRecord",
    "Layout",
    "MarketTerms",
    "MeterFlags",
    "ModelSpan",
    "Reading",
    "ReadingQuality",
    "RegisterMapError",
    "TransactiveBlock",
    "build_chain",
    "decode",
    "decode_command",
    "decode_models",
    "decode_state",
    "decode_transactive",
    "encode_command",
    "encode_state",
    "encode_terms",
    "walk",
]
