"""``python -m sohoc_client``: the same as ``sohoc-client``."""

import sys

from .cli import main

if __name__ == "__main__":
    sys.exit(main())
