"""Speed beside other software: `make bench`, or `python -m tests.benchmarks --help` for parts of it.

Both sides of a line are timed in one run of the program, on the same synthetic cohort, held in memory in the form each
side likes best: handing data over is not timed, and R times itself. Every time is the median of at least five runs. No
line is stored unless both sides gave the same answer, to the precision that stands with the peer in `items`.
"""
