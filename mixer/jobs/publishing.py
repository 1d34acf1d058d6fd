"""What goes with the finished audio, as the contents of files: captions, picture, report. Pure."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict

from mixer.jobs.account import adjustments, bed_below_speech_lu, bed_outline
from mixer.jobs.hearing import SpokenChunk
from mixer.jobs.mixing import OUTLINE_COLUMNS, Heard, Mix
from mixer.jobs.production import captioned, chapters
from mixer.publish.captions import chapters_vtt, cues, srt, webvtt
from mixer.publish.chapters import podcast_json
from mixer.publish.report import Report, ReportChapter, ReportRule, report_json
from mixer.publish.time_axis import clock as length
from mixer.publish.waveform import WaveformPicture, draw
from mixer.script.script import Script
from mixer.sound.presets import PRESETS
from mixer.sound.rules import Carrier, Rule, judged
from mixer.sound.timeline import MIX_RATE_HZ, Timeline
from mixer.speech.engine import Delivery
from mixer.speech.prices import costs_usd


def captions_of(
    script: Script, spoken: Sequence[SpokenChunk], timeline: Timeline
) -> tuple[bytes, bytes]:
    """Captions as WebVTT and as SubRip."""
    captions = cues(captioned(spoken, timeline), total_s=timeline.duration_s)
    vtt = webvtt(captions, title=script.title, language=script.language)
    return vtt.encode(), srt(captions).encode()


def chapters_of(timeline: Timeline, fields: Mapping[str, str]) -> dict[str, bytes]:
    """The chapters for a page, for podcast players, and as a track for video players, by name.

    Args:
        timeline: of the mix.
        fields: what the finished file says of itself.
    """
    marks = chapters(timeline)
    starts = [{"title": name, "start_s": round(at, 3)} for at, name in marks]
    files = {"chapters": json.dumps({"chapters": starts}, ensure_ascii=False).encode()}
    if marks:
        title, author = fields.get("title", ""), fields.get("artist", "")
        files["chapters_json"] = podcast_json(marks, title=title, author=author)
        files["chapters_vtt"] = chapters_vtt(marks, total_s=timeline.duration_s).encode()
    return files


def picture_of(title: str, mix: Mix) -> bytes:
    """The waveform with its chapters, as PNG."""
    timeline, checked = mix.timeline, mix.checked
    figures = [f"{length(timeline.duration_s)}", f"{checked.integrated_lufs or 0:.1f} LUFS"]
    figures.append(f"{checked.true_peak_dbtp:.1f} dBTP")
    parts = len(chapters(timeline))
    picture = WaveformPicture(
        peaks=checked.peaks,
        duration_s=timeline.duration_s,
        music=bed_outline(timeline, mix.peaks_dbtp, OUTLINE_COLUMNS) if timeline.cues else (),
        chapters=chapters(timeline),
        title=title,
        caption=" · ".join([f"{parts} chapters", *figures] if parts > 1 else figures),
    )
    return draw(picture)


def outline_of(mix: Mix) -> bytes:
    """How high the sound reaches, evenly spread over its length, from 0 to 1, as JSON."""
    reach = [min(1.0, max(abs(low), abs(high))) for low, high in mix.checked.peaks]
    return json.dumps(
        {"duration_s": mix.timeline.duration_s, "peaks": [round(each, 3) for each in reach]}
    ).encode()


def report_of(
    script: Script,
    delivery: Delivery,
    mix: Mix,
    *,
    billed_chars: int,
    unspoken: tuple[str, ...],
    stages_s: Mapping[str, float],
    outputs: tuple[str, ...],
) -> bytes:
    """All that is said about a finished story, as JSON.

    Args:
        script: what was to be said.
        delivery: who said it.
        mix: how it sounds.
        billed_chars: what the engine charged for.
        unspoken: passages that the voice could not read.
        stages_s: how long each stage took.
        outputs: names of the files made.
    """
    timeline, checked = mix.timeline, mix.checked
    heard = mix.heard or heard_in(mix)
    report = Report(
        title=script.title,
        language=script.language,
        voice=delivery.voice,
        engine=delivery.engine,
        duration_s=timeline.duration_s,
        integrated_loudness_lufs=checked.integrated_lufs,
        true_peak_dbtp=checked.true_peak_dbtp,
        loudness_target_lufs=timeline.mastering.target_lufs,
        chunks=len(list(script.chunks)),
        characters=sum(len(u.text) for chunk in script.chunks for u in chunk.utterances),
        billed_characters=billed_chars,
        chapters=tuple(ReportChapter(title, start) for start, title in chapters(timeline)),
        polly_cost_usd=costs_usd(script.billed_chars),
        unspoken=unspoken,
        adjustments=tuple(adjustments(timeline, mix.sounds, mix.flaws)),
        stages_s=stages_s,
        outputs=outputs,
        loudness_range_lu=heard.loudness_range_lu,
        rms_dbfs=heard.rms_dbfs,
        noise_floor_dbfs=heard.noise_floor_dbfs,
        bed_below_speech_lu=heard.bed_below_speech_lu,
        preset=mix.preset,
        rules=tuple(ReportRule(**asdict(each)) for each in heard.rules),
        unmeasured=heard.unmeasured,
        music_peak_dbtp=max(mix.peaks_dbtp.values(), default=None),
        sound_peaks_dbtp=mix.peaks_dbtp,
        timeline=timeline,
    )
    return report_json(report).encode()


UNMEASURED = ("true_peak_dbtp", "loudness_range_lu", "rms_dbfs", "noise_floor_dbfs")
"""What takes decoding: the segments of a mix tell its loudness alone."""


def heard_in(mix: Mix) -> Heard:
    """What is told of a finished file besides its loudness and its peak."""
    checked = mix.checked
    return Heard(
        loudness_range_lu=checked.range_lu,
        rms_dbfs=checked.rms_dbfs,
        noise_floor_dbfs=checked.noise_floor_dbfs,
        bed_below_speech_lu=_bed_below_speech_lu(mix),
        rules=rules_of(mix),
        unmeasured=() if checked.levels_dbfs else UNMEASURED,
    )


def rules_of(mix: Mix) -> tuple[Rule, ...]:
    """The rules of a mix's preset, on all that was measured."""
    duration_s, kbps = mix.timeline.duration_s, float(mix.encoding.bitrate_kbps)
    carrier = Carrier(mix.encoding.format, MIX_RATE_HZ, kbps, duration_s)
    target_lufs = mix.timeline.mastering.target_lufs
    return tuple(judged(mix.checked, carrier, PRESETS[mix.preset], target_lufs))


def _bed_below_speech_lu(mix: Mix) -> float | None:
    if not mix.sounds or not mix.checked.momentary_lufs:
        return None
    offset_db = mix.encoding.level_offset_db
    return bed_below_speech_lu(mix.timeline, mix.sounds, mix.checked.momentary_lufs, offset_db)
