"""Has CycloneDX's own library judge the bill of materials: `make judges` runs it."""

import sys
from pathlib import Path


def main() -> int:
    """1 when out/sbom.cdx.json is not what CycloneDX 1.6 says."""
    from cyclonedx.schema import SchemaVersion
    from cyclonedx.validation.json import JsonStrictValidator

    text = Path("out/sbom.cdx.json").read_text(encoding="utf-8")
    problem = JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)
    sys.stdout.write(f"bill of materials: {problem or 'as CycloneDX 1.6 says'}\n")
    return 1 if problem else 0


if __name__ == "__main__":
    sys.exit(main())
