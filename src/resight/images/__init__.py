"""A file into upright sRGB pixels: orientation, profile, transparency and odd depths are done with here.

simplejpeg decodes plain JPEGs; all else goes to the decoder that was checked on its kind (`kinds`), which is
Pillow for most. Of a JPEG that simplejpeg refuses Pillow's verdict stands, and damage is a warning. ICC
profiles and the colour chunks of PNG are followed, but not the colour tags of HEIC and AVIF (nclx).

Peak memory in bytes a pixel, above the file: JPEG 3, or 6 to be turned, progressive 6 to 9; PNG, TIFF, BMP
and CMYK 8; GIF 5; HEIC 9, AVIF 11, WebP 16, JPEG 2000 20; 1 more with alpha; TIFFs by
tifffile what they store and 3 more. Broken TIFFs make libtiff write to standard error.
"""

from resight.images.headers import SUFFIXES
from resight.images.photo import EARLIER_PATHS, PIXEL_PATH, Photo
from resight.images.reading import PIXEL_LIMIT, content, read
from resight.images.resizing import resize, resize_within, size_within

__all__ = [
    "EARLIER_PATHS",
    "PIXEL_LIMIT",
    "PIXEL_PATH",
    "SUFFIXES",
    "Photo",
    "content",
    "read",
    "resize",
    "resize_within",
    "size_within",
]
