"""Parts a mix: the voice alone, and music and sounds alone, at the levels of the mix. Pure."""

from dataclasses import replace

from mixer.sound.timeline import Timeline


def split_stems(timeline: Timeline) -> dict[str, Timeline]:
    """Lay out each stem of a mix by name, as long as the mix; only the voice if it has no cues.

    Room tone belongs to the voice. The limit on the sum is left out: without it the stems add up to
    the mix, sample by sample.
    """
    mastering = replace(timeline.mastering, sum_limit_db=None)
    stems = {"voice": replace(timeline, cues=(), mastering=mastering)}
    if timeline.cues:
        music = replace(timeline, clips=(), room_tone_dbfs=None, mastering=mastering)
        stems["music"] = music
    return stems
