"""Two usual ways to make the same file: several passes of FFmpeg, and pydub in memory.

`python -m bench.baselines WAY FOLDER OUT` mixes the chunks of a folder with its music, as users of
these tools do: the music is looped, 20 dB lower, and fades out; the result is an MP3 of 128 kbit/s
at 44.1 kHz in stereo at default effort, as Mixer's. Neither levels, ducks nor limits. Each FFmpeg
pass writes an MP3, as such scripts do: four passes of LAME, each on one core.
"""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from bench.material import GAP_MS, list_chunk_files
from mixer.sound.ffmpeg import binary_path

OUTRO_S = 2
FADE_S = 5
BED_DB = -20
OUTPUT_OPTIONS = ("-ar", "44100", "-ac", "2", "-c:a", "libmp3lame", "-b:a", "128k")


def mix_in_passes(folder: Path, out: Path) -> None:
    """Concatenate with silences and re-encode, pad, loop the music, mix and encode."""
    work = out.parent / "passes"
    work.mkdir(exist_ok=True)
    silence, listed = work / "silence.flac", work / "list.txt"
    _run_ffmpeg(
        "-f",
        "lavfi",
        "-i",
        "anullsrc=r=24000:cl=mono",
        "-t",
        f"{GAP_MS / 1000:g}",
        "-sample_fmt",
        "s16",
        silence,
    )
    lines = [f"file '{each}'\nfile '{silence}'" for each in list_chunk_files(folder)]
    listed.write_text("\n".join(lines))
    concatenated = ("-f", "concat", "-safe", "0", "-i", listed)
    _run_ffmpeg(*concatenated, *OUTPUT_OPTIONS, work / "narration.mp3")
    narration = ("-i", work / "narration.mp3")
    _run_ffmpeg(*narration, "-af", f"apad=pad_dur={OUTRO_S}", *OUTPUT_OPTIONS, work / "padded.mp3")
    seconds = _duration_s(work / "padded.mp3")
    looped = ("-stream_loop", "-1", "-i", folder / "music.flac", "-t", f"{seconds:.3f}")
    _run_ffmpeg(*looped, *OUTPUT_OPTIONS, work / "bed.mp3")
    bed = f"[1]volume={BED_DB}dB,afade=t=out:st={seconds - FADE_S:.3f}:d={FADE_S}[bed]"
    mixed = f"{bed};[0][bed]amix=inputs=2:normalize=0:duration=first"
    both = ("-i", work / "padded.mp3", "-i", work / "bed.mp3")
    _run_ffmpeg(*both, "-filter_complex", mixed, *OUTPUT_OPTIONS, out)


def mix_in_memory(folder: Path, out: Path) -> None:
    """Append all chunks, overlay the music and export, as pydub AudioSegments."""
    from pydub import AudioSegment

    AudioSegment.converter = binary_path()
    silence = AudioSegment.silent(GAP_MS)
    narration = AudioSegment.empty()
    for path in list_chunk_files(folder):
        narration += AudioSegment.from_file(path, codec="flac") + silence
    narration += AudioSegment.silent(OUTRO_S * 1000)
    music = AudioSegment.from_file(folder / "music.flac", codec="flac") + BED_DB
    times = len(narration) // len(music) + 1
    bed = (music * times)[: len(narration)].fade_out(FADE_S * 1000)
    mixed = narration.set_frame_rate(44_100).set_channels(2).overlay(bed)
    mixed.export(out, format="mp3", bitrate="128k")


WAYS: dict[str, Callable[[Path, Path], None]] = {
    "several-passes": mix_in_passes,
    "in-memory": mix_in_memory,
}


def _run_ffmpeg(*words: str | Path) -> None:
    command = [binary_path(), "-nostdin", "-y", "-v", "error", *map(str, words)]
    subprocess.run(command, check=True)


def _duration_s(path: Path) -> float:
    """Measure a file's length in seconds with FFmpeg."""
    report = subprocess.run(
        [binary_path(), "-i", path], capture_output=True, text=True, check=False
    )
    hours, minutes, seconds = report.stderr.split("Duration: ")[1].split(",")[0].split(":")
    return int(hours) * 3600 + int(minutes) * 60 + float(seconds)


if __name__ == "__main__":
    WAYS[sys.argv[1]](Path(sys.argv[2]), Path(sys.argv[3]))
