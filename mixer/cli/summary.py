"""Figures as people read them: lengths, costs, and the line that a plan ends with."""

from mixer.script.planning.estimate import estimate_script
from mixer.script.script import Script
from mixer.speech.charges import costs_usd

A_CENT_USD = 0.01


def format_estimate(script: Script, rate_percent: int) -> str:
    """What a Script will take, in one line."""
    foretold = estimate_script(script, rate_percent)
    costs = ", ".join(
        f"{name} {format_dollars(usd)}" for name, usd in costs_usd(foretold.characters).items()
    )
    return (
        f"{_format_count(foretold.chapters, 'chapter')}, "
        f"{_format_count(foretold.chunks, 'chunk')}, "
        f"{foretold.characters:,} characters, about {format_clock(foretold.duration_s)}; "
        f"embedded free, on Polly {costs}"
    )


def format_measurements(
    duration_s: float, integrated_lufs: float | None, true_peak_dbtp: float | None
) -> str:
    """Length, loudness and peak of a finished mix, in a line, as far as they are known."""
    told = [format_clock(duration_s)]
    if integrated_lufs is not None:
        told.append(f"{integrated_lufs:.1f} LUFS")
    if true_peak_dbtp is not None:
        told.append(f"{true_peak_dbtp:.1f} dBTP")
    return ", ".join(told)


def format_dollars(usd: float) -> str:
    """A price; what is less than a cent is not called nothing."""
    return "under $0.01" if 0 < usd < A_CENT_USD else f"${usd:,.2f}"


def format_clock(seconds: float) -> str:
    """A length as 1:02:03 or 2:03."""
    minutes, second = divmod(round(seconds), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02}:{second:02}" if hours else f"{minute}:{second:02}"


def _format_count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
