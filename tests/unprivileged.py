"""The command without the privileges of root, for whom no permission counts: `unprivileged.py LINES`.

LINES is a JSON list of command lines; the answer is one of [exit code, stderr] for each, with a traceback in
place of the code where there is one.
"""

import contextlib
import ctypes
import io
import json
import sys
import traceback

from resight import cli

VERSION_3 = 0x20080522  # of Linux's capset(2)


class Stream(io.StringIO):
    def reconfigure(self, **_: object) -> None:
        """As the streams of a process have it."""


def run(line: list[str]) -> tuple[object, str]:
    sys.argv = ["resight", *line]
    told, code = Stream(), 0
    with contextlib.redirect_stdout(Stream()), contextlib.redirect_stderr(told):
        try:
            cli.main()
        except SystemExit as end:
            code = end.code or 0
        except BaseException:
            code = traceback.format_exc()
    return code, told.getvalue()


if __name__ == "__main__":
    header, none = (ctypes.c_uint32 * 2)(VERSION_3, 0), (ctypes.c_uint32 * 6)()
    if ctypes.CDLL(None).capset(header, none):
        sys.exit("The system does not let go of capabilities.")
    lines = json.loads(sys.argv[1])
    sys.stdout.write(json.dumps([run(line) for line in lines]))
