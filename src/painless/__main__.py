"""``python -m painless`` is ``painless``, wherever the script was installed to."""

from painless.cli import main

if __name__ == "__main__":
    main()
