"""`python -m aidial`: the command without its installed script (children of the demo start like this)."""

from aidial.cli import main

if __name__ == "__main__":
    main()
