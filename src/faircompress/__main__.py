"""`python -m faircompress`."""

from faircompress.cli import main

main()
