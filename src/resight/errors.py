"""Every error is one sentence that says what to do; the command prints it, a service sends it."""

from __future__ import annotations

from collections.abc import Iterable

FEW = 8  # names are quickly read; more are listed only where none is like the one that was asked for


class ResightError(Exception):
    """The root of the tree."""


class UnknownMethod(ResightError):
    """A method, recipe or layer was asked for by a name that does not exist."""

    def __init__(self, kind: str, name: str, known: Iterable[str]) -> None:
        known = sorted(known)
        hint = did_you_mean(name, known)
        listed = "" if hint and len(known) > FEW else f" Known: {', '.join(known)}."
        super().__init__(f"No {kind} called '{name}'.{hint}{listed}")


class BadMethod(ResightError):
    """A method of another package cannot be loaded, or two packages bring one of the same name."""


class BadSetting(ResightError):
    """A setting is unknown, or its value cannot be read."""


class BadRecipe(ResightError):
    """A recipe file cannot be understood."""


class BadPlan(ResightError):
    """A training plan cannot be understood, or does not fit its recipe or its photos."""


class Collapsed(ResightError):
    """Training has come to where nothing more is learnt: all descriptors are alike, or no numbers."""


class BadQuery(ResightError):
    """A query, box or path cannot be searched for."""


class Contradicted(BadQuery):
    """A mark says the opposite of what other marks say together."""


class DataMissing(ResightError):
    """Files of a data set are not where it is looked for."""


class BadData(ResightError):
    """A file of a data set is there, but is not what it should be."""


class FetchFailed(ResightError):
    """A file of a data set could not be fetched, is not what it should be, or cannot be unpacked."""


class NotReached(FetchFailed):
    """No server answers at an address, or a proxy before it refuses."""


class FittedOnTest(ResightError):
    """A recipe was fitted on photos that it is tested on."""


class NetworkUnavailable(ResightError):
    """A network or its weights cannot be loaded."""


class StoreUnavailable(ResightError):
    """A store's package is not installed, it was not said where its server is, or it takes no such rows."""


class ClusterUnavailable(ResightError):
    """The package of a cluster is not installed, or the cluster cannot be reached, or its workers die."""


class AddressUnavailable(ResightError):
    """The package for a kind of address is not installed, or there is none."""


class BadImage(ResightError):
    """A file is not a photo that can be described; the message is the reason that is recorded."""


class GalleryError(ResightError):
    """The gallery is missing, locked, damaged or of another kind."""


class NoGallery(GalleryError):
    """There is no gallery where one was looked for."""


class GalleryLocked(GalleryError):
    """Another process is writing to the gallery."""


class NotFitted(GalleryError):
    """The gallery's recipe has steps that were not fitted yet."""


class DescribedOtherwise(GalleryError):
    """A descriptor comes from another recipe, network, fit or pixel path than the gallery's."""


class StorageFailed(GalleryError):
    """The disk is full, or a file of the gallery, a page or a result could not be written."""


class StoreFailed(GalleryError):
    """A store's server does not answer, or refuses what it is asked for."""


class PhotosUnreachable(GalleryError):
    """The place in object storage where photos are does not answer, refuses, or is not there."""


class TooMuchVanished(GalleryError):
    """So many photos are gone that an unmounted drive is likelier than a clean-up."""


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """As a sentence after a space: the names that begin so or are spelt much alike; "" where none is."""
    import difflib

    spelt = {each.lower(): each for each in known}
    asked = name.lower()
    begin = [each for each in spelt if len(asked) > 2 and each.startswith(asked)]
    near = dict.fromkeys([*begin, *difflib.get_close_matches(asked, spelt)])
    return f" Did you mean {' or '.join([spelt[each] for each in near][:4])}?" if near else ""
