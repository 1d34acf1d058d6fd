"""Changes of stories: proposed, played in their place, kept as versions, compared, restored."""

from mixer.stories.version_records import Proposal, SentenceChange, VersionReader, VersionRecord
from mixer.stories.versions.editor import StoryEditor
from mixer.stories.versions.preview import Preview, PreviewMaker, StoryPreviews
from mixer.stories.versions.sentences import SentenceReader, TimedSentence
from mixer.stories.versions.texts import TextLoader
