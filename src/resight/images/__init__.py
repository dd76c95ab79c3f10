"""A file into upright sRGB pixels: orientation, profile, transparency and odd depths are done with here.

simplejpeg decodes plain JPEGs; all else, and every JPEG it refuses, goes to Pillow, whose verdict stands.
Only ICC profiles are followed, not the colour tags of PNG (cICP, gAMA) or of HEIC and AVIF (nclx).

Peak memory in bytes a pixel, above the file: JPEG 3, or 6 to be turned, progressive 6 to 9; PNG, TIFF, BMP
and CMYK 8; GIF 5; HEIC 9, AVIF 11, WebP 16, JPEG 2000 20. Broken TIFFs make libtiff write to standard error.
"""

from resight.images.headers import SUFFIXES
from resight.images.photo import EARLIER_PATHS, PIXEL_PATH, Photo
from resight.images.reading import PIXEL_LIMIT, content, read
from resight.images.resizing import resize

__all__ = ["EARLIER_PATHS", "PIXEL_LIMIT", "PIXEL_PATH", "SUFFIXES", "Photo", "content", "read", "resize"]
