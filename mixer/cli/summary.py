"""Figures as people read them: lengths, costs, and the line that a plan ends with."""

from mixer.script.estimate import estimate
from mixer.script.script import Script
from mixer.speech.prices import costs_usd


def estimate_line(script: Script, rate_percent: int) -> str:
    """What a Script will take, in one line."""
    foretold = estimate(script, rate_percent)
    costs = ", ".join(f"{name} ${usd:.2f}" for name, usd in costs_usd(foretold.characters).items())
    return (
        f"{_counted(foretold.chapters, 'chapter')}, {_counted(foretold.chunks, 'chunk')}, "
        f"{foretold.characters:,} characters, about {clock(foretold.duration_s)}; "
        f"embedded free, on Polly {costs}"
    )


def clock(seconds: float) -> str:
    """A length as 1:02:03 or 2:03."""
    minutes, second = divmod(round(seconds), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02}:{second:02}" if hours else f"{minute}:{second:02}"


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
