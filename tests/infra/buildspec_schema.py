"""What CodeBuild takes as a build specification, as a JSON schema of our own.

Source: CodeBuild user guide, "Build specification reference", version 0.2. Only what is documented
passes: a misspelt key would otherwise be ignored by CodeBuild without a word.
"""

from typing import Any

TEXTS: dict[str, Any] = {"type": "array", "items": {"type": "string"}, "minItems": 1}


def object_schema(required: tuple[str, ...] = (), **properties: Any) -> dict[str, Any]:
    """An object with these keys and no other."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(required),
        "additionalProperties": False,
    }


PHASE = object_schema(
    **{
        "run-as": {"type": "string"},
        "on-failure": {"type": "string", "pattern": "^(ABORT|CONTINUE|RETRY(-[0-9]+)?)$"},
        "runtime-versions": {"type": "object", "additionalProperties": {"type": "string"}},
        "commands": TEXTS,
        "finally": TEXTS,
    }
)

ARTIFACTS = object_schema(
    ("files",),
    **{
        "files": TEXTS,
        "name": {"type": "string"},
        "discard-paths": {"enum": ["yes", "no"]},
        "base-directory": {"type": "string"},
        "exclude-paths": TEXTS,
        "enable-symlinks": {"enum": ["yes", "no"]},
    },
)

SCHEMA = object_schema(
    ("version", "phases"),
    **{
        "version": {"enum": [0.2, "0.2"]},
        "run-as": {"type": "string"},
        "env": object_schema(
            **{
                "shell": {"enum": ["bash", "/bin/sh"]},
                "variables": {"type": "object", "additionalProperties": {"type": "string"}},
                "parameter-store": {"type": "object", "additionalProperties": {"type": "string"}},
                "secrets-manager": {"type": "object", "additionalProperties": {"type": "string"}},
                "exported-variables": TEXTS,
                "git-credential-helper": {"enum": ["yes", "no"]},
            }
        ),
        "phases": {
            **object_schema(install=PHASE, pre_build=PHASE, build=PHASE, post_build=PHASE),
            "minProperties": 1,
        },
        "artifacts": ARTIFACTS,
        "cache": object_schema(paths=TEXTS),
    },
)
