"""Planning a story: what will be spoken, how long it takes, what it costs, what to warn about."""

from collections.abc import Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

from mixer.compose import is_polly, list_engines, open_local_engine
from mixer.errors import BadOption, MixerError
from mixer.formats import DEFAULT_FORMAT
from mixer.narration.request import DEFAULTS, as_path
from mixer.narration.results import Plan
from mixer.narration.story_files import (
    StoryFiles,
    apply_head,
    apply_source,
    collect_story_files,
)
from mixer.narration.story_source import name_story_in_errors
from mixer.requests import Options
from mixer.script import LIMITS, Document, EngineLimits, Role, Script
from mixer.script.review import (
    check_directions,
    check_language,
    estimate_script,
    list_pausing_files,
)
from mixer.sound import PRESETS
from mixer.speech import EMBEDDED, VoiceSettings, charge_factor, costs_usd, select_voice
from mixer.stories.steps import plan_script

DEFAULT_LANGUAGE = "en-US"
POLLY, BEST_OF_POLLY = "polly", "generative"
"""The first takes the best engine that the voice has, which only an account knows."""

LIMITS_BY_NAME = {EMBEDDED: LIMITS[EMBEDDED], POLLY: LIMITS[BEST_OF_POLLY], **LIMITS}
"""Limits of a call, by the names of the option `engine`."""


def plan(
    story: str | Path, options: Options = DEFAULTS, *, music: str | Path | None = None
) -> Plan:
    """Plan the speech of a story and its cost; nothing is synthesized or paid for.

    Polly's voices are not checked, because that takes an account.

    Raises:
        MixerError: the message explains the reason and the remedy.
    """
    files = collect_story_files(story, options, as_path(music))
    options = apply_source(apply_head(options, files.source), files.source)
    document = files.source.document
    with name_story_in_errors(files.source.name):
        voices = _settle_voices(options, document)
    script = voices.plan_script(document, options)
    estimate = estimate_script(script, options.rate, measure_sounds(script, files.sounds))
    return Plan(
        script=script,
        characters=estimate.characters,
        chapters=estimate.chapters,
        chunks=estimate.chunks,
        duration_s=estimate.duration_s,
        costs_usd=costs_usd(estimate.characters) | voices.price(script, options),
        estimate=estimate,
        voice=voices.settings.voice if voices.settings else options.voice,
        engine=BEST_OF_POLLY if options.engine == POLLY else options.engine or EMBEDDED,
        warnings=(*_list_warnings(files, options), *voices.check_script(script, options)),
    )


def _list_warnings(files: StoryFiles, options: Options) -> tuple[str, ...]:
    conflicts = list_conflicts(options, has_music=files.has_music)
    return (*files.warnings, *files.missing, *conflicts)


@dataclass(frozen=True, slots=True)
class _SettledVoices:
    """The voices of a plan.

    Attributes:
        language: to plan in.
        spoken: the narrator's language.
        limits: by speaker, the narrator's under an empty name.
        settings: None for Polly's.
    """

    language: str
    spoken: str
    limits: Mapping[str, EngineLimits]
    settings: VoiceSettings | None = None

    def plan_script(self, document: Document, options: Options) -> Script:
        """Plan what these voices speak of a document."""
        return plan_script(document, self.limits[""], self.language, options, self.limits)

    def check_script(self, script: Script, options: Options) -> tuple[str, ...]:
        """Check whether the voices can speak a script as it asks; returns warnings."""
        language = _check_language(script, options, self.spoken)
        return (*language, *check_directions(script, self.limits))

    def price(self, script: Script, options: Options) -> dict[str, float]:
        """Price a script by its own engine; nothing if it is free, or Polly's."""
        if self.settings is None:
            return {}
        usd = self.settings.price_chunks_usd(list(script.chunks), charge_factor(options))
        return {self.settings.engine: usd} if usd else {}


def _settle_voices(options: Options, document: Document) -> _SettledVoices:
    """Settle the voices, as far as no account is needed."""
    limits = select_limits(options.engine or EMBEDDED)
    named = name_engines(options, document.cast)
    if any(map(is_polly, named)):
        language = options.language or DEFAULT_LANGUAGE
        return _SettledVoices(language, language, {"": limits})
    names_voice = bool(options.voice or document.cast)
    with closing(open_local_engine(named, only_named=not names_voice)) as engine:
        voice, settings = select_voice(engine.voices(), options, document.cast)
        all_limits = settings.list_limits(engine.limits)
    language = options.language or voice.language or document.language or DEFAULT_LANGUAGE
    return _SettledVoices(language, voice.language or language, all_limits, settings)


def name_engines(options: Options, cast: Sequence[Role]) -> list[str]:
    """The engines that a story names, the narrator's first."""
    return [options.engine, *(role.engine for role in cast if role.engine)]


def _check_language(script: Script, options: Options, spoken: str) -> tuple[str, ...]:
    """Warn of a text in another language than its voice, as far as the voice is known."""
    engine = options.engine or EMBEDDED
    if is_polly(engine) and options.voice:
        return ()
    return check_language(script, spoken, reads_latin_only=select_limits(engine).reads_latin_only)


def select_limits(engine: str) -> EngineLimits:
    """The usual limits of an engine by its name; a plug-in states its own once it is open.

    Raises:
        BadOption: the name is unknown.
    """
    if engine not in LIMITS_BY_NAME and engine not in list_engines():
        names = ", ".join(dict.fromkeys([*LIMITS_BY_NAME, *list_engines()]))
        raise BadOption(
            f"engine: unknown engine “{engine}”; choose one of {names}.", field="engine"
        )
    return LIMITS_BY_NAME.get(engine, LIMITS_BY_NAME[POLLY])


def list_conflicts(options: Options, *, has_music: bool) -> tuple[str, ...]:
    """What keeps a mix with some options from meeting the rules of its preset."""
    preset = PRESETS[options.preset]
    kbps = options.bitrate_kbps or preset.bitrate_kbps
    codec = options.format or DEFAULT_FORMAT
    conflicts = preset.find_conflicts(codec, kbps, has_music=has_music)
    return tuple(f"--preset {options.preset}: {each}" for each in conflicts)


def measure_sounds(script: Script, sounds: Mapping[str, Path]) -> dict[str, float]:
    """The lengths of sounds for which the voice waits, by file; those that cannot be read are 0."""
    lengths_s = {}
    for file in sorted(list_pausing_files(script) & sounds.keys()):
        from mixer.sound.analysis import MUSIC_CHANNELS, measure

        with suppress(MixerError):
            lengths_s[file] = measure(sounds[file], channels=MUSIC_CHANNELS).duration_s
    return lengths_s
