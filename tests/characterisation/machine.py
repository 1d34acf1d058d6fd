"""Which sound this machine makes: the digest of one sentence and of one MP3.

ONNX Runtime and FFmpeg choose their instructions by the processor. The voice and FFmpeg are asked
here without Mixer, so that a change in Mixer cannot change the fingerprint.
"""

import hashlib
import subprocess

import imageio_ffmpeg
from hibari import Hibari

SENTENCE = "The quick brown fox jumps over the lazy dog, and nobody minds."
TONES = "aevalsrc=exprs='0.3*sin(2*PI*220*t)+0.2*sin(2*PI*1870*t*t)':s=44100:d=3"
ENCODE = ("-af", "loudnorm", "-ar", "44100", "-b:a", "128k", "-bitexact", "-f", "mp3", "pipe:1")


def fingerprint() -> dict[str, str]:
    """Digests that are equal on two machines whose audio can be compared byte by byte."""
    spoken = Hibari()(SENTENCE, seed=0)
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-f", "lavfi", "-i", TONES, *ENCODE]
    encoded = subprocess.run(command, check=True, capture_output=True).stdout
    return {
        "sentence": hashlib.sha256(spoken.tobytes()).hexdigest(),
        "mp3": hashlib.sha256(encoded).hexdigest(),
    }
