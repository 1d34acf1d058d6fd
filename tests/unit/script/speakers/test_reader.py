"""Who says what in small texts of our own."""

import pytest

from mixer.errors import BadInput
from mixer.script.speakers import CERTAIN, Age, Gender, Method, read_cast

FERRY = """# The Ferry

Martha Quill stood on the jetty with her lamp. "Is anybody there?" she called.

"Only me," said Mr. Penrose. "I have missed the boat again, Martha."

"You always miss it."

"I do, I do. Is your brother in?"

Old Tobias Quill came down the path, coughing. "What does the man want at this hour?" he asked.

"A bed, Mr. Quill, if you can spare one," said Mr. Penrose.

"He wants a bed," said Martha. "And some soup, by the look of him."

Tobias laughed. "Then give him both, and be quick about it!"

"Who is that?" whispered little Nell.

"That," answered Martha, "is the worst sailor on the coast."
"""

LOG = """I had kept the light for nine years when the Inspector came.

"You are Hobbs, I take it," said Inspector Lamb.

"I am," I said. "And you are late."

"The tide, Hobbs, the tide," said the Inspector. "Show me the lamp."

"This way," I answered.

"It is very clean, Hobbs," said Lamb.

"I have had nothing else to do," I said. "I polish it, and then I polish it again."
"""

PLAY = "\n\n".join(
    [*("HOBBS. Who is at the door?", "LAMB. It is I, the Inspector.") * 6, "They leave."]
)


def list_speakers(text):
    return [each.speaker for each in read_cast(text).quotations]


def test_names_pronouns_turns_and_actions():
    cast = read_cast(FERRY)
    assert [each.speaker for each in cast.quotations] == [
        *("Martha", "Mr. Penrose", "Martha", "Mr. Penrose", "Tobias Quill", "Mr. Penrose"),
        *("Martha", "Tobias Quill", "Nell", "Martha"),
    ]
    methods = [each.method for each in cast.quotations]
    assert methods[:3] == [Method.PRONOUN, Method.NAME, Method.TURN]
    assert cast.quotations[1].confidence >= CERTAIN
    assert all(0 <= each.confidence <= 1 for each in cast.quotations)


def test_characters_have_names_gender_and_age():
    cast = {each.name: each for each in read_cast(FERRY).characters}
    assert "Martha Quill" in cast["Martha"].names
    assert "Mr. Quill" in cast["Tobias Quill"].names
    assert cast["Martha"].gender is Gender.FEMALE
    assert cast["Mr. Penrose"].gender is Gender.MALE
    assert cast["Tobias Quill"].age is Age.OLD
    assert cast["Nell"].age is Age.CHILD
    assert cast["Nell"].words == len(["Who", "is", "that"])


@pytest.mark.parametrize(
    ("tag", "speaker"),
    [
        ("said Tom.", "Tom"),
        ("Tom said.", "Tom"),
        ("cried poor Tom, rising.", "Tom"),
        ("was Tom's answer.", "Tom"),
        ("Tom, who was cold, replied.", "Tom"),
        ("put in Tom.", "Tom"),
        ("said the old ferryman.", "The old ferryman"),
        ("said Tom to Anna.", "Tom"),
    ],
)
def test_forms_of_tags(tag, speaker):
    text = f"Tom and Anna sat by the fire, and Anna knitted.\n\n“It is late,” {tag}\n"
    assert list_speakers(text) == [speaker]


def test_a_speaker_before_the_quotation():
    text = "Anna looked at Tom, who in great spirits exclaimed, “Look here!” She looked.\n"
    assert list_speakers(text) == ["Tom"]


@pytest.mark.parametrize(
    ("text", "speakers"),
    [
        (
            "“Come,” said Mr. Penn.\n\n“No,” said Mrs. Penn.\n\n“Now,” said Mr. Penn.\n",
            ["Mr. Penn", "Mrs. Penn", "Mr. Penn"],
        ),
        (
            "“It is warm,” said Cobb.\n\n“Come away,” called Mrs. Cobb from the road.\n",
            ["Cobb", "Mrs. Cobb"],
        ),
        (
            "“Sit, Mrs. Salvo,” said Doyle.\n\n“No,” said Rita Salvo.\n\n“Rye?” said Doyle.\n",
            ["Doyle", "Rita Salvo", "Doyle"],
        ),
        (
            "“You?” said Captain Harding.\n\n“I,” said Miss Harding.\n",
            ["Captain Harding", "Miss Harding"],
        ),
    ],
)
def test_surnames_belong_to_several_persons(text, speakers):
    assert list_speakers(text) == speakers


def test_a_pronoun_means_who_is_described_before_it():
    text = (
        "“Show me,” said Robert.\n\n“How does it go?” asked Robert.\n\n"
        "The boy considered. “Like this,” he said.\n"
    )
    found = read_cast(text).quotations[-1]
    assert (found.method, found.confidence < CERTAIN) == (Method.DESCRIPTION, True)


def test_words_in_marks_are_not_speech():
    text = "The box was marked “this side up” in red.\n\n“I see,” said Tom.\n\n“So,” said Tom.\n"
    assert list_speakers(text) == ["Tom", "Tom"]


def test_the_narrator_is_a_character_with_a_name():
    cast = read_cast(LOG)
    narrator = next(each for each in cast.characters if each.is_narrator)
    assert "Hobbs" in narrator.names
    own = [each for each in cast.quotations if each.method is Method.NARRATOR]
    assert [each.speaker for each in own] == ["Hobbs"] * 3


def test_a_play_is_read_by_its_labels():
    cast = read_cast(PLAY)
    assert cast.kind == "play"
    assert {each.name for each in cast.characters} == {"HOBBS", "LAMB"}


def test_a_book_without_quotations_is_the_narrators():
    cast = read_cast("The rain fell on the sea all night, and nobody came. " * 5)
    assert (cast.characters, cast.quotations, cast.kind) == ((), (), "prose")
    assert "no quotations" in cast.notes[0]


def test_another_language_is_refused():
    text = "„Komm herein“, sagte Thomas, und die Tür fiel hinter ihnen ins Schloss. " * 8
    with pytest.raises(BadInput, match="not in English"):
        read_cast(text, "Buch.txt")


def test_a_licence_is_not_read():
    frame = "*** START OF THE PROJECT GUTENBERG EBOOK X ***\n\n{}\n*** END OF THE PROJECT GUTENBERG"
    text = "“Licence,” said Bob.\n" + frame.format(FERRY) + ' X ***\n\n"Terms," said Bob.\n'
    cast = read_cast(text)
    assert len(cast.quotations) == len(read_cast(FERRY).quotations)
    first = cast.quotations[0]
    assert text[first.start : first.spans[0].end] == '"Is anybody there?"'


def test_the_same_text_gives_the_same_cast():
    assert read_cast(FERRY) == read_cast(FERRY)


@pytest.mark.parametrize(
    ("text", "speakers"),
    [
        (
            "“The song, please,” said Tom, so eagerly that the Doctor said, “Hm!”\n",
            ["Tom", "The Doctor"],
        ),
        ("“Stop!” said Tom; and Ann blew her horn and cried out, “All aboard!”\n", ["Tom", "Ann"]),
        ("“Come,” said Tom. And Ann added “Come on!” with a laugh.\n", ["Tom", "Ann"]),
        ("Tom listened, and soon he heard Ann say, “It is late.”\n", ["Ann"]),
        ("Ann had sung; and soon afterwards Tom, drawing near Ann, said, “Again!”\n", ["Tom"]),
        ("Tom took the hint, and when Ann had ended, said aloud, “Well done.”\n", ["Tom"]),
        ("“Who was it?” cried Tom. “The cat” explained Ann coldly.\n", ["Tom", "Ann"]),
        ("“Is it true?” said Tom. Ann replied that it was. “Very well.”\n", ["Tom"]),
    ],
)
def test_narration_that_names_two_persons(text, speakers):
    close = "“Good night,” said Tom.\n\n“Good night,” said Ann.\n\n“Yes,” said the Doctor.\n"
    assert list_speakers(f"{text}\n{close}")[: len(speakers)] == speakers


def test_father_and_son_are_two():
    text = (
        "“Sit down, George,” said Mr. Hale.\n\n“No, father,” said George.\n\n"
        "“George, sit down,” said Mr. Hale.\n\n“I stand,” said George Hale.\n"
    )
    assert list_speakers(text)[::2] == ["Mr. Hale", "Mr. Hale"]
    assert "Mr. Hale" not in list_speakers(text)[1::2]


def test_tags_in_a_story_within_a_speech_are_not_its_own():
    story = ['"I came at noon.', '"It was dark.', '"It was shut.', '"Go away", said I. He went.']
    text = "\n\n".join(['"Speak," said Tom to Ann.', *story, '"That is all," said Ann.'])
    assert Method.NARRATOR not in [each.method for each in read_cast(text).quotations]


def test_a_title_alone_is_the_one_who_has_it():
    text = "“Sit,” said Captain Reed.\n\n“No,” said Jim.\n\n“Then stand,” the Captain said.\n"
    assert list_speakers(text) == ["Captain Reed", "Jim", "Captain Reed"]


def test_a_quotation_that_is_not_closed_ends_before_its_tag():
    text = "“Come here, said Tom.\n\n“No,” said Ann.\n\n“Why? asked Tom. “Are you ill?\n"
    assert list_speakers(text) == ["Tom", "Ann", "Tom"]


def test_a_title_in_the_tag_of_a_dash_is_narrated():
    text = "—You are late, Mr. Deasy said, and left.\n\n—No, said Ann.\n\n—Yes, said Mr. Deasy.\n"
    assert list_speakers(text) == ["Mr. Deasy", "Ann", "Mr. Deasy"]


PLACES = """The bus left Vine Street at noon, and Hampstead Heath lay white.

“Hooray! Dear Madam!” said Priya. Brannoch drew his axe, Grudge, and laughed.

“Then when?”

He called the office at Homicide.

“Tomorrow,” said Brannoch.
"""

INVENTED = """“Where is Kaelith?” asked Ysmir'el. Kaelith had gone.

“Here, TJ,” said Mara. Mara was cold.

“Come on, Mar,” TJ said.

“Peace,” said the Lady Kaelith.

“Ha!” said J.B. Stone.
"""

TITLED = """“Late,” said Professor Ingrid Hale.

“Aye,” said Captain Vasquez. She sat down.

“So,” said Captain Lamb.
"""

FAMILY = """“Well,” said Mr. Quill. Ambrose Quill wept.

“Uncle!” cried Ambrose Quill.

“Tea, Master Ambrose?” said Mrs. Crump.

“My boy,” said Mr. Quill.
"""


@pytest.mark.parametrize(
    ("text", "characters"),
    [
        (PLACES, {"Priya": "female", "Brannoch": "male"}),
        (INVENTED, {"Ysmir'el": "", "Mara": "female", "TJ": "", "Kaelith": "", "J.B. Stone": ""}),
        (
            TITLED,
            {
                "Professor Ingrid Hale": "female",
                "Captain Vasquez": "female",
                "Captain Lamb": "male",
            },
        ),
        (FAMILY, {"Mr. Quill": "male", "Ambrose Quill": "male", "Mrs. Crump": "female"}),
    ],
)
def test_characters_are_persons(text, characters):
    found = read_cast(text)
    shown = {name for each in found.quotations for name in each.candidates}
    genders = {each.name: each.gender for each in found.characters}
    assert shown <= set(characters)
    assert {name: genders.get(name, "") for name in characters} == {
        name: gender or genders.get(name, "") for name, gender in characters.items()
    }


def test_stage_directions_are_not_spoken():
    lines = ("MRS. BLUNT (rising). Sit down. [He sits.] Now then.", "DR. LAMB: _(aside)_ Never!")
    text = "\n\n".join([*lines, "They leave."] * 4)
    cast = read_cast(text)
    assert {each.name for each in cast.characters} == {"MRS. BLUNT", "DR. LAMB"}
    assert [each.extract_text(text) for each in cast.quotations[:2]] == [
        "Sit down. Now then.",
        "Never!",
    ]


def test_a_narrator_is_known_by_what_others_call_him():
    text = (
        "I was cleaning my pipe when she came in.\n\n“Mr. Marsh?” Iris said.\n\n“I am,” I said. "
        "I sat down.\n\n“Find him, Mr. Marsh,” said Iris.\n\nI got my hat, and I went.\n"
    )
    assert [each.name for each in read_cast(text).characters if each.is_narrator] == ["Mr. Marsh"]


@pytest.mark.parametrize(
    ("text", "speaker"),
    [
        ("Ann sat. As she passed Tom she observed, “Still page two?” Tom snorted.\n", "Ann"),
        ("“She is as obstinate as ”\n\nTom never ended the sentence.\n", "Tom"),
    ],
)
def test_what_follows_is_no_tag(text, speaker):
    close = "“Good night,” said Tom.\n\n“Good night, Tom,” said Ann.\n"
    assert list_speakers(f"{close}\n{text}\n{close}")[2] == speaker


def test_a_verb_far_from_its_subject_is_no_tag():
    text = "Ann wept. “Stop, Tom.” But Tom only laughed, smacked his whip, and called the dog.\n"
    assert [each.method for each in read_cast(f"{text}\n“No,” said Tom.\n").quotations] != [
        Method.NAME,
        Method.NAME,
    ]
