"""What a text says of itself, read back from an ID3 tag by somebody else."""

import io

from mutagen.id3 import ID3

from mixer.jobs.planning import plan_story
from mixer.jobs.production import tags
from mixer.publish.tags import id3_tag
from mixer.requests import Options
from mixer.script.limits import EMBEDDED_LIMITS
from mixer.script.sources import TextType

TEXT = """---
title: The Gate
author: A. Writer
narrator: Ada Voice
series: Gates, 2
year: 2026
genre: Mystery
description: "A gate; opened = closed."
---
It was late.
"""


def test_a_head_is_found_in_the_files_tag_with_chapters_where_they_are():
    script = plan_story(TEXT, TextType.TEXT, EMBEDDED_LIMITS, "en-US", Options())
    marks = [(0.0, "One"), (61.237, "Two"), (3_600.5, "Three")]
    tag = ID3(io.BytesIO(id3_tag(tags(script), marks, 4_000.0)))
    told = {name: str(tag.getall(name)[0]) for name in ("TIT2", "TPE1", "TALB", "TCOM", "TCON")}
    assert told == {
        "TIT2": "The Gate",
        "TPE1": "A. Writer",
        "TALB": "Gates, 2",
        "TCOM": "Ada Voice",
        "TCON": "Mystery",
    }
    assert "2026" in str(tag.getall("TDRC")[0])
    assert "A gate; opened = closed." in tag.pprint()
    chapters = sorted(tag.getall("CHAP"), key=lambda chapter: chapter.start_time)
    for chapter, (start_s, title) in zip(chapters, marks, strict=True):
        assert abs(chapter.start_time - start_s * 1_000) <= 1
        assert str(chapter.sub_frames["TIT2"]) == title
    (contents,) = tag.getall("CTOC")
    assert contents.child_element_ids == [chapter.element_id for chapter in chapters]


def test_an_author_who_is_asked_for_takes_the_place_of_the_texts_own():
    script = plan_story(TEXT, TextType.TEXT, EMBEDDED_LIMITS, "en-US", Options())
    assert tags(script, author="B. Other")["artist"] == "B. Other"
