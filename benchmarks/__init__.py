"""How fast, how large: every stage at national size, beside two yardsticks that read the same XML.

    python -m benchmarks.run                   everything, three times, results to benchmarks/RESULTS.md
    python -m benchmarks.run --only flat       some stages
    python -m benchmarks.run --scale 0.05      a look, at a twentieth of the size

``flattening.py`` and ``publishing.py`` have what is measured, ``bare.py`` and ``flattener.py`` what it is
compared with, ``inputs.py`` what it is fed.
"""
