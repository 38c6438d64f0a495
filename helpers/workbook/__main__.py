"""`python -m helpers.workbook` is the command `workbook`."""

from helpers.workbook.cli import main

raise SystemExit(main())
