"""What speech costs.

Source: Amazon Polly's price list, October 2026; the embedded voice is free.
"""

from types import MappingProxyType

POLLY_USD_PER_MILLION_CHARS = MappingProxyType(
    {"standard": 4.0, "neural": 16.0, "generative": 30.0, "long-form": 100.0}
)
"""By the engine's name in Polly's API."""


def cost_usd(characters: int, engine: str) -> float:
    """What so many billed characters cost with an engine; nothing with one that has no price."""
    return characters * POLLY_USD_PER_MILLION_CHARS.get(engine, 0.0) / 1_000_000


def costs_usd(characters: int) -> dict[str, float]:
    """What so many billed characters cost with each of Polly's engines, cheapest first."""
    return {engine: cost_usd(characters, engine) for engine in POLLY_USD_PER_MILLION_CHARS}
