"""Forced alignment: finds when the words of a known text sound in a recording."""

from mixer.speech.alignment.aligner import WordAligner, is_aligner_installed
