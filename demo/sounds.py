"""The sounds of the demo's play: sea, wind, a bell, knocks, computed by FFmpeg's generators.

The repository holds no audio and needs no licence for recordings. Noise of a seed that is
named is the same on every machine.

Usage: python demo/sounds.py FOLDER
"""

import subprocess
import sys
from pathlib import Path

import imageio_ffmpeg

SEA = (
    "anoisesrc=c=brown:r=44100:d=32:a=0.8:seed=7,lowpass=f=1400,highpass=f=90,"
    "volume='0.5+0.5*pow(sin(PI*t/8)\\,2)':eval=frame,pan=stereo|c0=c0|c1=c0,"
    "apulsator=hz=0.06:amount=0.4"
)
"""Four waves of eight seconds, each swelling and running out."""

WIND = (
    "anoisesrc=c=pink:r=44100:d=27:a=0.6:seed=11,bandpass=f=420:w=260,"
    "volume='4+2.4*sin(2*PI*t/9)+1.6*sin(2*PI*t/3.375)':eval=frame,pan=stereo|c0=c0|c1=c0"
)
"""Gusts of nine and of three seconds over each other."""

BELL = (
    "aevalsrc=exprs='0.3*exp(-1.1*t)*sin(2*PI*392*t)+0.2*exp(-1.6*t)*sin(2*PI*784*t)"
    "+0.16*exp(-2.2*t)*sin(2*PI*942*t)+0.1*exp(-3*t)*sin(2*PI*1180*t)"
    "+0.06*exp(-5*t)*sin(2*PI*2094*t)':s=44100:d=3.2,afade=t=out:st=2.4:d=0.8"
)
"""Hum, prime, tierce, quint and nominal of a small bell, the higher the sooner gone."""

KNOCK = (
    "aevalsrc=exprs='0.9*exp(-38*mod(t\\,0.31))*(sin(2*PI*172*t)+0.5*sin(2*PI*397*t))"
    "*lt(t\\,0.93)':s=44100:d=1.2,lowpass=f=1800"
)
"""Three knocks on wood, a third of a second apart."""

SOUNDS = {"sea": SEA, "wind": WIND, "bell": BELL, "knock": KNOCK}


def write_sounds(folder: Path) -> None:
    """Write all sounds as FLAC."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, graph in SOUNDS.items():
        source = ["-f", "lavfi", "-i", graph]
        quiet = ["-hide_banner", "-loglevel", "error", "-y", "-bitexact"]
        command = [imageio_ffmpeg.get_ffmpeg_exe(), *quiet, *source, str(folder / f"{name}.flac")]
        subprocess.run(command, check=True)


if __name__ == "__main__":
    write_sounds(Path(sys.argv[1]))
