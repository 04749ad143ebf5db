"""The command ``extraction`` as ``python -m extraction``, where its script is not on the path."""

from extraction.cli import main

if __name__ == "__main__":
    main()
