"""Music and sounds as authors write them: which file, where, how loud, and what is refused."""

import pytest

from mixer.errors import UnreadableText
from mixer.script.limits import POLLY_LIMITS
from mixer.script.planning.pauses import NATURAL
from mixer.script.planning.plan import PlanStyle
from mixer.script.planning.ssml import SsmlStyle
from mixer.script.readers.text_types import TextType
from mixer.script.script import Script, SoundCue, SoundShape, Utterance
from tests.scripts import plan_text

HEAD = (
    "---\ntitle: T\nmusic: theme.mp3, level -18\nsounds:\n  bell: bells/a bell.wav, level −6\n---\n"
)


def plan_markdown(text: str, *, says_titles: bool = True) -> Script:
    style = PlanStyle(ssml=SsmlStyle(POLLY_LIMITS["neural"], NATURAL), reads_titles=says_titles)
    return plan_text(text, TextType.MARKDOWN, style)


def list_utterances(script: Script) -> list[Utterance]:
    return [utterance for chunk in script.chunks for utterance in chunk.utterances]


def list_cues(script: Script) -> list[tuple[str, str, str, str]]:
    return [
        (cue.kind, cue.file, cue.place, each.text[cue.at :])
        for each in list_utterances(script)
        for cue in each.sounds
    ]


def test_a_head_names_the_first_music_and_short_names_with_their_levels():
    script = plan_markdown(
        HEAD + "# One\n\nIt rang. [[sting bell]]\n\n[[sound bell, level -3 LU]]\n\nEnd."
    )
    assert script.music is not None
    assert (script.music.file, script.music.level_lu, script.music.line) == ("theme.mp3", -18, 3)
    bells = [cue for each in list_utterances(script) for cue in each.sounds]
    assert [(cue.file, cue.level_lu, cue.line) for cue in bells] == [
        ("bells/a bell.wav", -6, 9),
        ("bells/a bell.wav", -3, 11),
    ]


@pytest.mark.parametrize(
    ("written", "level_lu", "shape"),
    [
        ("a.wav, intro 8s", None, SoundShape(intro_s=8)),
        ("a.wav, level -6, length 2.5 s", -6, SoundShape(length_s=2.5)),
        ("a.wav, fade in 2s, fade-out 60s, level -6 LU", -6, SoundShape(None, None, 2, 60)),
        ("bell", -3, SoundShape(length_s=4)),
        ("bell, length 1s", -3, SoundShape(length_s=1)),
    ],
)
def test_times_of_a_sound_are_read(written: str, level_lu: float | None, shape: SoundShape):
    head = "---\nsounds:\n  bell: b.wav, level -3, length 4s\n---\n"
    script = plan_markdown(f"{head}A word.\n\n[[sting {written}]]\n\nWords.")
    (cue,) = script.sounds
    assert (cue.level_lu, cue.shape) == (level_lu, shape)


def test_a_sound_inside_a_paragraph_begins_with_the_word_behind_it():
    script = plan_markdown(
        "On 1 May 2026 the door [[sound door.wav]] opened. Dr. No [[sound a.wav]] left."
    )
    assert list_cues(script) == [
        ("sound", "door.wav", "within", "opened."),
        ("sound", "a.wav", "within", "left."),
    ]
    assert len(list(script.chunks)) == 1


def test_a_sound_in_a_paragraph_of_its_own_ends_a_chunk_and_changes_no_request():
    with_sound = plan_markdown(
        "# One\n\nA word.\n\n[[sting bell.wav]]\n[[music off]]\n\nAnother word."
    )
    without = plan_markdown("# One\n\nA word.\n\nAnother word.")
    assert [(kind, file, place) for kind, file, place, _ in list_cues(with_sound)] == [
        ("sting", "bell.wav", "after"),
        ("music", "", "after"),
    ]
    assert [u.spoken for u in list_utterances(with_sound)] == [
        u.spoken for u in list_utterances(without)
    ]
    assert "bell" not in "".join(chunk.ssml for chunk in with_sound.chunks)
    assert [len(chunk.utterances) for chunk in with_sound.chunks] == [1, 1, 1]


@pytest.mark.parametrize("says_titles", [True, False])
@pytest.mark.parametrize("written", ["# Two\n\n[[music sea.mp3]]", "# Two [[music sea.mp3]]"])
def test_music_at_a_heading_plays_from_its_chapters_first_word(written: str, says_titles: bool):
    script = plan_markdown(f"# One\n\nA word.\n\n{written}\n\nWords.", says_titles=says_titles)
    first = script.chapters[1].chunks[0].utterances[0]
    assert [(cue.file, cue.place) for cue in first.sounds] == [("sea.mp3", "before")]
    assert script.chapters[1].title == "Two"


def test_a_sound_before_the_first_word_waits_for_it():
    script = plan_markdown("[[sting bell.wav]]\n\nIt began.")
    assert list_cues(script) == [("sting", "bell.wav", "before", "It began.")]


@pytest.mark.parametrize(
    ("mark", "why"),
    [
        ("[[music ../up.mp3]]", "outside"),
        ("[[music /root.mp3]]", "outside"),
        ("[[music a/../../up.mp3]]", "outside"),
        ("[[music a\\up.mp3]]", "outside"),
        ("[[music .hidden.mp3]]", "hidden"),
        ("[[sound https://a.example/b.wav]]", "address"),
        ("[[sound a.wav, level 3]]", "-40 to 0"),
        ("[[sound a.wav, loud]]", "takes a file"),
        ("[[sound a.wav, length]]", "takes a file"),
        ("[[sound a.wav, length 2s, length 3s]]", "takes a file"),
        ("[[sound a.wav, length 2s loud]]", "takes a file"),
        ("[[music a.wav, intro 0s]]", "above 0 and up to 60"),
        ("[[music a.wav, intro 99s]]", "above 0 and up to 60"),
        ("[[sting off]]", "neither a file"),
        ("[[sting bell]]", "names “bell”, which is neither"),
        ("[[sting bell.wav", "not closed"),
    ],
)
def test_a_sound_that_cannot_be_followed_is_refused_with_its_line(mark: str, why: str):
    with pytest.raises(UnreadableText, match=f"line 3: .*{why}"):
        plan_markdown(f"A word.\n\n{mark}\n\nAnother.")


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("music: ../up.mp3", "line 3: .*outside"),
        ("music: tune", "line 3: .*neither a file"),
        ("sounds:\n  bell: a.wav\n  bell: b.wav", "line 5: .*a new sound"),
        ("sounds:\n  off: a.wav", "line 4: .*a new sound"),
        ("sounds:\n  bell: a.wav, level 9", "line 4: .*level"),
    ],
)
def test_a_head_with_a_sound_that_cannot_be_followed_is_refused_with_its_line(line: str, why: str):
    with pytest.raises(UnreadableText, match=why):
        plan_markdown(f"---\ntitle: T\n{line}\n---\nA word.")


def test_brackets_that_only_look_like_sounds_are_words():
    script = plan_markdown("He read [[sounds of the sea]] and [[Music theory]].")
    assert list_utterances(script)[0].text == "He read sounds of the sea and Music theory."


def test_a_script_lists_its_sounds_in_reading_order():
    script = plan_markdown(
        HEAD + "A [[sound a.wav]] word.\n\n[[music off]]\n\n[[sting b.wav]]\n\nEnd."
    )
    files = [cue.file for cue in script.sounds if isinstance(cue, SoundCue)]
    assert files == ["theme.mp3", "a.wav", "", "b.wav"]
