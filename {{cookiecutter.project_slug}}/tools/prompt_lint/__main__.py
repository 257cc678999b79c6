"""`python -m tools.prompt_lint`."""

import sys

from tools.prompt_lint.command import main

if __name__ == "__main__":
    sys.exit(main())
