"""The Kokoro model: phonemes to samples, with the time of every phoneme.

Runs inside worker processes only. The model's own lengths of phonemes, which its graph computes
and hides, are read as a further output; they add up to the samples exactly.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from mixer.speech.embedded.kokoro.catalogue import KokoroVoice
from mixer.speech.embedded.kokoro.files import read_model, read_voice
from mixer.speech.embedded.kokoro.phonemes import KokoroPhonemizer
from mixer.speech.embedded.mapped_text import MappedText
from mixer.speech.embedded.model import (
    PhraseAudio,
    Samples,
    encode_graph_output,
    join_pieces,
    level_samples,
)
from mixer.speech.embedded.text import split_phonemes

DURATIONS_OUTPUT = "/encoder/Cast_output_0"
"""The tensor with the length of each phoneme, in frames."""

GAIN_DB = 4.0
"""Its voices speak at about -24 LUFS."""

FRAME_SAMPLES = 600
"""A frame of 25 ms; measured: the frames add up to the samples."""

STYLE_WIDTH = 256
"""Numbers of a voice for each length of phonemes."""

MAX_STYLE = 509
"""The last of a voice's rows."""

PIECE_SHARE = 0.6
"""Of hibari's longest piece: 180 phonemes take 0.8 GB, 300 1.1 GB."""


@dataclass
class KokoroModel:
    """The loaded model of a folder; takes about 1 s and 250 MB. Not for more than one thread."""

    folder: Path

    def __post_init__(self) -> None:
        onnxruntime.disable_telemetry_events()  # privacy
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        model = read_model(self.folder) + encode_graph_output(DURATIONS_OUTPUT)
        self._session: Any = onnxruntime.InferenceSession(
            model, options, providers=["CPUExecutionProvider"]
        )
        self._voices: dict[str, Samples] = {}
        self._phonemizers: dict[str, KokoroPhonemizer] = {}

    def synthesize(self, text: MappedText, voice: KokoroVoice, rate: float = 1.0) -> PhraseAudio:
        """Synthesize a phrase in a blend of voices at a factor of speed."""
        phonemizer = self._phonemizers.setdefault(voice.language, KokoroPhonemizer(voice.language))
        text = phonemizer.prepare_text(text)
        phonemes = phonemizer.phonemize(text.text)
        style = self._blend_styles(voice)
        pieces = split_phonemes(phonemes.text, min(rate, 1.0) * PIECE_SHARE)

        def synthesize_piece(piece: str) -> tuple[Samples, NDArray[np.int64]]:
            return self._synthesize_piece([phonemizer.ids[each] for each in piece], style, rate)

        return join_pieces(text, phonemes, pieces, synthesize_piece)

    def _synthesize_piece(
        self, ids: list[int], style: Samples, rate: float
    ) -> tuple[Samples, NDArray[np.int64]]:
        """Levelled samples of a piece, the start of each phoneme, and the end of the last."""
        inputs = {
            "tokens": np.array([[0, *ids, 0]], np.int64),
            "style": style[min(len(ids) - 1, MAX_STYLE)][np.newaxis],
            "speed": np.array([rate], np.float32),
        }
        samples, durations = self._session.run(None, inputs)
        bounds = np.cumsum(durations.reshape(-1)) * FRAME_SAMPLES
        return level_samples(samples, GAIN_DB), bounds

    def _blend_styles(self, voice: KokoroVoice) -> Samples:
        styles = [share * self._load_style(each.name) for each, share in voice.shares]
        blended: Samples = np.stack(styles).sum(axis=0, dtype=np.float32)
        return blended

    def _load_style(self, name: str) -> Samples:
        if name not in self._voices:
            content = read_voice(self.folder, name)
            self._voices[name] = np.frombuffer(content, "<f4").reshape(-1, STYLE_WIDTH)
        return self._voices[name]
