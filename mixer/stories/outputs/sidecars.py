"""Builds the files that accompany the audio: captions, chapters, picture, report. Pure."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from mixer.publish import format_podcast_json
from mixer.publish.captions import build_cues, format_chapters_vtt, format_srt, format_webvtt
from mixer.publish.timing import RecordedChunk, caption_sentences, chapter_starts
from mixer.publish.waveform import (
    OUTLINE_COLUMNS,
    WaveformPicture,
    draw_waveform,
    format_clock,
    speech_spans_s,
    spread_times,
)
from mixer.requests import PresetName
from mixer.script import Script
from mixer.sound import MIX_RATE_HZ, PRESETS, Timeline
from mixer.sound.analysis import ComplianceRule, StreamInfo, Verification, check_compliance
from mixer.sound.arrange import SoundFile, bed_below_speech_lu, bed_outline
from mixer.sound.formats import MP3, Encoding
from mixer.speech import costs_usd
from mixer.stories.inputs import StoryNarration
from mixer.stories.model import MixMeasurements
from mixer.stories.report import (
    Report,
    ReportChapter,
    SpeechCheck,
    describe_adjustments,
    format_report,
)


@dataclass(frozen=True, slots=True)
class Mix:
    """A finished mix; `sounds` and `flaws` are by source."""

    timeline: Timeline
    verification: Verification
    sounds: Mapping[str, SoundFile]
    preset: PresetName = "story"
    encoding: Encoding = MP3
    flaws: Mapping[str, Sequence[str]] = field(default_factory=dict)
    measurements: MixMeasurements | None = None

    @property
    def peaks_dbtp(self) -> dict[str, float]:
        """True peaks of the music and sounds, by source."""
        return {source: each.measured.true_peak_dbtp for source, each in self.sounds.items()}


def build_captions(
    script: Script, recorded_chunks: Sequence[RecordedChunk], timeline: Timeline
) -> tuple[bytes, bytes]:
    """Build captions as WebVTT and SubRip."""
    captions = build_cues(caption_sentences(recorded_chunks, timeline), total_s=timeline.duration_s)
    vtt = format_webvtt(captions, title=script.title, language=script.language)
    return vtt.encode(), format_srt(captions).encode()


def build_chapters(timeline: Timeline, fields: Mapping[str, str]) -> dict[str, bytes]:
    """Build chapter files for web pages, podcast players and video players, by name."""
    marks = chapter_starts(timeline)
    starts = [{"title": name, "start_s": round(at, 3)} for at, name in marks]
    files = {"chapters": json.dumps({"chapters": starts}, ensure_ascii=False).encode()}
    if marks:
        title, author = fields.get("title", ""), fields.get("artist", "")
        files["chapters_json"] = format_podcast_json(marks, title=title, author=author)
        files["chapters_vtt"] = format_chapters_vtt(marks, total_s=timeline.duration_s).encode()
    return files


LOUDNESS_POINTS = 800
"""Of the picture's curve: one every two pixels."""


def draw_picture(title: str, mix: Mix) -> bytes:
    """Draw the waveform with its chapters as PNG."""
    timeline, checked = mix.timeline, mix.verification
    figures = [format_clock(timeline.duration_s), f"{checked.integrated_lufs or 0:.1f} LUFS"]
    figures.append(f"{checked.true_peak_dbtp:.1f} dBTP")
    parts = len(chapter_starts(timeline))
    picture = WaveformPicture(
        peaks=checked.peaks,
        duration_s=timeline.duration_s,
        music=bed_outline(timeline, mix.peaks_dbtp, OUTLINE_COLUMNS) if timeline.cues else (),
        chapters=chapter_starts(timeline),
        speech=speech_spans_s(timeline),
        loudness=tuple(spread_times(mix.measurements.loudness_lufs, timeline.duration_s))
        if mix.measurements
        else (),
        title=title,
        caption=" · ".join([f"{parts} chapters", *figures] if parts > 1 else figures),
    )
    return draw_waveform(picture)


def build_outline(mix: Mix) -> bytes:
    """Build the amplitude outline as JSON: values from 0 to 1, evenly spaced."""
    reach = [min(1.0, max(abs(low), abs(high))) for low, high in mix.verification.peaks]
    return json.dumps(
        {"duration_s": mix.timeline.duration_s, "peaks": [round(each, 3) for each in reach]}
    ).encode()


def build_report(
    narration: StoryNarration,
    mix: Mix,
    outputs: tuple[str, ...],
    speech_check: SpeechCheck | None = None,
) -> bytes:
    """Build the report on a finished story as JSON; `outputs` are the names of all files."""
    script, settings, timeline = narration.stored.script, narration.stored.delivery, mix.timeline
    report = Report(
        title=script.title,
        language=script.language,
        voice=settings.voice,
        engine=settings.engine,
        duration_s=timeline.duration_s,
        integrated_loudness_lufs=mix.verification.integrated_lufs,
        true_peak_dbtp=mix.verification.true_peak_dbtp,
        loudness_target_lufs=timeline.mastering.target_lufs,
        chunks=len(list(script.chunks)),
        characters=sum(len(u.text) for chunk in script.chunks for u in chunk.utterances),
        billed_characters=narration.billed_chars,
        polly_cost_usd=costs_usd(script.billed_chars),
        unspoken=narration.unspoken,
        outputs=outputs,
        speech_check=speech_check,
    )
    return format_report(_add_measurements(report, mix)).encode()


def _add_measurements(report: Report, mix: Mix) -> Report:
    measurements = mix.measurements or collect_measurements(mix)
    return replace(
        report,
        adjustments=tuple(describe_adjustments(mix.timeline, mix.sounds, mix.flaws)),
        chapters=tuple(ReportChapter(title, at) for at, title in chapter_starts(mix.timeline)),
        timeline=mix.timeline,
        loudness_range_lu=measurements.loudness_range_lu,
        rms_dbfs=measurements.rms_dbfs,
        noise_floor_dbfs=measurements.noise_floor_dbfs,
        bed_below_speech_lu=measurements.bed_below_speech_lu,
        preset=mix.preset,
        rules=measurements.rules,
        unmeasured=measurements.unmeasured,
        music_peak_dbtp=max(mix.peaks_dbtp.values(), default=None),
        sound_peaks_dbtp=mix.peaks_dbtp,
    )


def collect_measurements(mix: Mix) -> MixMeasurements:
    """Collect the measurements other than loudness and peak."""
    checked = mix.verification
    return MixMeasurements(
        loudness_range_lu=checked.range_lu,
        rms_dbfs=checked.rms_dbfs,
        noise_floor_dbfs=checked.noise_floor_dbfs,
        bed_below_speech_lu=_bed_below_speech_lu(mix),
        rules=check_rules(mix),
        loudness_lufs=checked.outline_loudness(LOUDNESS_POINTS),
    )


def check_rules(mix: Mix) -> tuple[ComplianceRule, ...]:
    """Check the rules of a mix's preset."""
    duration_s, kbps = mix.timeline.duration_s, float(mix.encoding.bitrate_kbps)
    stream = StreamInfo(mix.encoding.format, MIX_RATE_HZ, kbps, duration_s)
    target_lufs = mix.timeline.mastering.target_lufs
    return tuple(check_compliance(mix.verification, stream, PRESETS[mix.preset], target_lufs))


def _bed_below_speech_lu(mix: Mix) -> float | None:
    if not mix.sounds or not mix.verification.momentary_lufs:
        return None
    offset_db = mix.encoding.level_offset_db
    return bed_below_speech_lu(mix.timeline, mix.sounds, mix.verification.momentary_lufs, offset_db)
