"""The SunSpec model chain: built from models, and walked to find where each model lies.

A map starts with `SunS` at register 40000, 0 or 50000, followed by models (ID, L, L registers) up to
the end model 0xFFFF. Positions differ between devices (L of model 1 may be 65 or 66), so readers
walk; nothing here knows an absolute position.

Source: SunSpec Device Information Model Specification v1.1 (device and model structure).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from wire.registers.points import HEADER_WORDS

MARKER = (0x5375, 0x6E53)
BASE_ADDRESSES = (40000, 0, 50000)
END_MODEL = 0xFFFF
MODELS_MAX = 64


class RegisterMapError(ValueError):
    """The words are not a usable map; the message says what was found and what to check."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSpan:
    """Where one model lies: `address` of its ID register and `length`, the value of its L register."""

    id: int
    address: int
    length: int

    @property
    def words(self) -> int:
        """Registers of the model with its header."""
        return self.length + HEADER_WORDS

    @property
    def next_address(self) -> int:
        """Address of the ID register of the model behind this one."""
        return self.address + self.words


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """The models of one device in chain order, by absolute address."""

    base: int
    models: tuple[ModelSpan, ...]

    def span(self, model_id: int) -> ModelSpan | None:
        """Span of the first model with this id, None when the device has none."""
        return next((m for m in self.models if m.id == model_id), None)


def build_chain(models: Iterable[Sequence[int]]) -> list[int]:
    """Words of a whole map: marker, the models given (each with header), end model."""
    words = list(MARKER)
    for body in models:
        words += body
    return [*words, END_MODEL, 0]


def next_span(address: int, header: Sequence[int]) -> ModelSpan | None:
    """Span of the model whose header was read at `address`; None at the end of the chain.

    Raises RegisterMapError when the header cannot be a model (all zero, or beyond the address space).
    """
    if not header:
        raise RegisterMapError(f"map ends at register {address} without the end model 0xFFFF")
    if header[0] == END_MODEL:
        return None
    if len(header) < HEADER_WORDS or header[0] == 0 or header[1] == 0:
        found = " ".join(f"{w:04X}" for w in header)
        raise RegisterMapError(f"no model at register {address} (found {found}): check unit id and word order")
    span = ModelSpan(id=header[0], address=address, length=header[1])
    if span.next_address > 0xFFFF:
        raise RegisterMapError(f"model {span.id} at register {address} runs past register 65535")
    return span


def walk(words: Sequence[int], base: int = BASE_ADDRESSES[0]) -> Layout:
    """Layout of a map held in memory whose first word is register `base`.

    Raises RegisterMapError when the marker or the end model is missing or a model is cut off.
    """
    if tuple(words[:2]) != MARKER:
        found = " ".join(f"{w:04X}" for w in words[:2]) or "nothing"
        raise RegisterMapError(f"no SunSpec marker 5375 6E53 at register {base}, found {found}")
    spans: list[ModelSpan] = []
    at = len(MARKER)
    while (span := next_span(base + at, words[at : at + HEADER_WORDS])) is not None:
        at += span.words
        if at > len(words):
            raise RegisterMapError(f"model {span.id} is cut off: {at - len(words)} words are missing")
        spans.append(span)
        if len(spans) > MODELS_MAX:
            raise RegisterMapError(f"more than {MODELS_MAX} models: this is not a model chain")
    return Layout(base=base, models=tuple(spans))


def body(words: Sequence[int], layout: Layout, span: ModelSpan) -> Sequence[int]:
    """Words of one model, header first, out of a map held in memory."""
    start = span.address - layout.base
    return words[start : start + span.words]
