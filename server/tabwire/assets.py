"""Where the files are that are no Python: Envoy's templates, the built extension, the extension's identity.

They lie in the project's folder when Tabwire runs from a checkout, and in the same places inside of the package when
it was installed.
"""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path

from tabwire.errors import TabwireError
from tabwire.v1 import error_pb2

_PACKAGE = Path(__file__).resolve().parent


def checkout() -> Path | None:
    """The project's folder, if Tabwire runs from one."""
    root = _PACKAGE.parent.parent
    return root if (root / "extension" / "package.json").is_file() and (root / "pyproject.toml").is_file() else None


def envoy_template(name: str) -> Path:
    """A template of Envoy's configuration: envoy, tls, tokens or plain."""
    return _base() / "envoy" / f"{name}.yaml.j2"


def built_extension(flavour: str = "default") -> Path:
    """The folder of the built extension. In a checkout it exists only once the extension was built."""
    name = "chrome-mv3" if flavour == "default" else f"chrome-mv3-{flavour}"
    return _base() / "extension" / ".output" / name


def extension_id() -> str:
    """The extension's pinned id: the first 128 bits of the hash of its public key, in Chrome's letters."""
    source = _base() / "extension" / "identity.json"
    try:
        key = base64.b64decode(json.loads(source.read_text(encoding="utf-8"))["key"], validate=True)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise TabwireError(
            error_pb2.ERROR_CODE_FAILED_PRECONDITION,
            f"The extension's identity cannot be read from {source}.",
            remedy="Install Tabwire again, or restore the file from version control.",
        ) from error
    return "".join(chr(ord("a") + int(digit, 16)) for digit in hashlib.sha256(key).hexdigest()[:32])


def _base() -> Path:
    return checkout() or _PACKAGE
