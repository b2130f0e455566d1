"""How fast, how large: every stage at national size, next to two yardsticks that read the same XML.

    python -m benchmarks.run                   everything, three times, results to benchmarks/RESULTS.md
    python -m benchmarks.run --only flat       some stages
    python -m benchmarks.run --scale 0.05      a quick look, at a twentieth of the size

``flattening.py`` and ``publishing.py`` hold the stages, ``bare.py`` and ``flattener.py`` the yardsticks,
``inputs.py`` makes the input. ``NOTES.md`` records where the seconds are and what was tried.
"""
