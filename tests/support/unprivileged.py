"""The command without the privileges of root, for whom no permission counts: `unprivileged.py LINES`.

LINES is a JSON list of command lines; the answer is one of [exit code, stderr] for each, with a traceback in
place of the code where there is one.
"""

import ctypes
import json
import os
import sys
import tempfile
import traceback

from resight import cli

VERSION_3 = 0x20080522  # of Linux's capset(2)


def run(line: list[str]) -> tuple[object, str]:
    """The command has streams of its own, so what it says is caught where it arrives: at their numbers."""
    sys.argv, code = ["resight", *line], 0
    streams, kept = (sys.stdout, sys.stderr), [os.dup(number) for number in (1, 2)]
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as told:
        os.dup2(out.fileno(), 1)
        os.dup2(told.fileno(), 2)
        try:
            cli.main()
        except SystemExit as end:
            code = end.code or 0
        except BaseException:
            code = traceback.format_exc()
        finally:
            sys.stderr.flush()
            for number, other in enumerate(kept, 1):
                os.dup2(other, number)
                os.close(other)
            sys.stdout, sys.stderr = streams
        told.seek(0)
        return code, told.read().decode()


if __name__ == "__main__":
    header, none = (ctypes.c_uint32 * 2)(VERSION_3, 0), (ctypes.c_uint32 * 6)()
    if ctypes.CDLL(None).capset(header, none):
        sys.exit("The system does not let go of capabilities.")
    lines = json.loads(sys.argv[1])
    sys.stdout.write(json.dumps([run(line) for line in lines]))
