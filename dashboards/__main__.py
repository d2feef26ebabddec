"""`python -m dashboards` writes the provisioning files, with `--check` it compares them with the code."""

import argparse
import sys

from dashboards.files import differing, write
from dashboards.places import FOLDER_OF_FILES


def main() -> int:
    """0 when the files are as the code says."""
    parser = argparse.ArgumentParser(prog="python -m dashboards", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing, say what differs")
    if not parser.parse_args().check:
        write()
        return 0
    found = differing()
    for name in found:
        print(f"{FOLDER_OF_FILES.name}/{name} differs from the code: run python -m dashboards", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
