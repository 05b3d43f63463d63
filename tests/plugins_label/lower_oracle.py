"""Writes what Python's str.lower() makes of every code point, alone and beside a capital sigma.

lower_oracle.py FILE: a line for each code point but surrogates and the line feed: its number, its general category in
Python's version of Unicode, and the lowered forms of the texts that lower_test.cpp makes of it, with tabs between.
"""
import sys
import unicodedata

with open(sys.argv[1], "w", encoding="utf-8", newline="") as file:
    print(unicodedata.unidata_version)
    for point in range(0x110000):
        if 0xD800 <= point < 0xE000 or point in (0x09, 0x0A):
            continue
        c = chr(point)
        texts = [c, c + "\u03a3", "A" + c + "\u03a3", "A\u03a3" + c, "A\u03a3" + c + "B"]
        lowered = "\t".join(text.lower() for text in texts)
        file.write(f"{point}\t{unicodedata.category(c)}\t{lowered}\n")
