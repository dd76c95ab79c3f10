"""Folders that programs and file servers fill with copies of photos: thumbnails, deleted files, snapshots."""

from __future__ import annotations

from fnmatch import fnmatchcase

NAMES = frozenset(
    {"@eadir", "@tmp", "#recycle", "#snapshot", "@sharebin", "@sharesnap"}  # Synology
    | {"@recycle", "@recently-snapshot", ".@__thumb"}  # QNAP
    | {"~snapshot"}  # NetApp
    | {"$recycle.bin", "recycler", "recycled", "system volume information"}  # Windows
    | {"network trash folder", "temporary items", "__macosx", ".trash", ".trashes"}  # macOS
    | {"files_trashbin", "files_versions"}  # Nextcloud, ownCloud
    | {".dtrash"}  # digiKam
    | {"thumbs", "_thumbs", ".thumbs", "thumbnails", ".thumbnails"}  # galleries on the web, Android, GNOME
    | {"lost+found"}  # Linux
)
GLOBS = ("*.lrdata", ".trash-*")  # Lightroom's previews; the trash of a drive on Linux
INSIDE = ("appdata_*/preview", "*.photoslibrary/resources", "*.aplibrary/previews", "_data/i")
"""Folders that are known by the one they are in: of Nextcloud, Apple's Photos and Aperture, Piwigo."""


def is_system_folder(relative: str) -> bool:
    """Whether a folder, by its path with '/', is one of these; the case of letters does not matter."""
    parent, _, name = relative.lower().rpartition("/")
    if name in NAMES or any(fnmatchcase(name, glob) for glob in GLOBS):
        return True
    ending = f"{parent.rpartition('/')[2]}/{name}"
    return any(fnmatchcase(ending, glob) for glob in INSIDE)
