"""Every error that dicomlab raises on purpose.

DicomlabError
├── RecipeError           a recipe, or a part of one, is wrong (names file and line)
├── KeyFileError          the project's key is missing, readable by others, or no key
├── SourceError           the source does not exist, is empty or cannot be read
├── ReleaseError          the release cannot be written where it was asked for
├── InstanceError         one instance cannot be de-identified (carries the reason)
├── PixelError            pixel data cannot be decoded, or not be written back after a change
├── VolumeError           instances do not form a volume (tilt, gaps, duplicates)
├── FaceRefused           a volume is no head, or its face cannot be removed for certain
├── NotebookError         a notebook's parameters, its run, or what it would store
└── MissingPackageError   an optional package is not installed

A message says what is wrong, where, and how to mend it. It never quotes an attribute's value.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dicomlab.records import Reason


class DicomlabError(Exception):
    """Any error that dicomlab raises on purpose; its text is safe to log."""


class RecipeError(DicomlabError):
    """A recipe does not say something that can be obeyed."""


class KeyFileError(DicomlabError):
    """The key is missing, of the wrong size, or readable by others."""


class SourceError(DicomlabError):
    """The source folder or file is missing, empty or unreadable."""


class ReleaseError(DicomlabError):
    """The release, or the private folder beside it, cannot be written as asked."""


class InstanceError(DicomlabError):
    """One instance cannot be de-identified; `reason` says why, without a value."""

    def __init__(self, reason: Reason, message: str = "") -> None:
        """Keep the closed-set reason beside the sentence for people."""
        super().__init__(message or reason.explanation)
        self.reason = reason


class PixelError(DicomlabError):
    """Pixel data cannot be decoded, or cannot be written back after a change."""


class VolumeError(DicomlabError):
    """Instances do not form a volume."""


class FaceRefused(DicomlabError):  # noqa: N818 - a refusal is an answer; the command ends with 1 and goes on
    """A volume is no head, or its face cannot be removed for certain."""


class NotebookError(DicomlabError):
    """A notebook was given wrong parameters, failed, or would store an identifier."""


class MissingPackageError(DicomlabError):
    """A feature needs a package that is not installed."""

    def __init__(self, feature: str, package: str, install: str) -> None:
        """Name the feature, the package and the line that installs it."""
        super().__init__(f"{feature} needs the package {package}; install it with: {install}")
