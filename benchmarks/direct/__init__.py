"""Planning cases written straight into HiGHS as a textbook would: a floor of time, a second opinion of the optimum.

Shares no line with `hems.planning`. Every device kind and tariff part of a case file is here, one family per file.
Wishes are penalties (`program.py`), on/off decisions are binaries, HiGHS keeps its own defaults.
"""
