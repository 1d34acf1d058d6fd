"""What a manifest says: synthetic speech, by which voices, with which sounds; never the text.

Sources: C2PA Technical Specification 2.2 (actions, ingredients); IPTC NewsCodes, digital source
type.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

SOURCE_TYPE = "trainedAlgorithmicMedia"
SOURCE_TYPE_URI = f"http://cv.iptc.org/newscodes/digitalsourcetype/{SOURCE_TYPE}"
SPEECH_LABEL = "org.mixer.speech"
"""Our own assertion, for what C2PA has no field for."""

SOFTWARE = "Mixer"


@dataclass(frozen=True, slots=True)
class OriginSound:
    """Music or a sound in the mix: its SHA-256 in hexadecimal digits."""

    sha256: str


@dataclass(frozen=True, slots=True)
class Origin:
    """How a file was made."""

    version: str
    engine: str
    voices: tuple[str, ...]
    sounds: tuple[OriginSound, ...] = ()


def build_manifest(origin: Origin, file_name: str) -> Mapping[str, object]:
    """Build the definition of a manifest for c2pa."""
    software = {"name": SOFTWARE, "version": origin.version}
    created = {
        "action": "c2pa.created",
        "digitalSourceType": SOURCE_TYPE_URI,
        "softwareAgent": software,
    }
    speech = {"engine": origin.engine, "voices": list(origin.voices), "software": software}
    return {
        "claim_generator_info": [software],
        "title": file_name,
        "ingredients": list(map(_describe_sound, origin.sounds)),
        "assertions": [
            {"label": "c2pa.actions.v2", "data": {"actions": [created, *_list_additions(origin)]}},
            {"label": SPEECH_LABEL, "data": speech},
        ],
    }


def _list_additions(origin: Origin) -> Sequence[Mapping[str, object]]:
    return [
        {
            "action": "c2pa.placed",
            "parameters": {"ingredientIds": [_name_sound(each)]},
        }
        for each in origin.sounds
    ]


def _describe_sound(sound: OriginSound) -> Mapping[str, object]:
    return {
        "title": "music or sound",
        "relationship": "componentOf",
        "instance_id": _name_sound(sound),
        "label": _name_sound(sound),
        "hash": sound.sha256,
    }


def _name_sound(sound: OriginSound) -> str:
    return f"urn:sha256:{sound.sha256}"
