"""Writes what Python's re knows of every code point: one line of hexadecimal numbers for each.

Code point; bits: word 1, decimal 2, blank 4, cased 8, letter 16, begins an identifier 32, goes on in one 64; lower case; and
the other lower-case characters with its upper case.
"""
import _sre

try:
    from re._casefix import _EXTRA_CASES as others
except ImportError:  # before 3.11
    from sre_compile import _ignorecase_fixes as others

for code in range(0x110000):
    c = chr(code)
    bits = (c.isalnum() or c == "_") | c.isdecimal() << 1 | c.isspace() << 2 | _sre.unicode_iscased(code) << 3
    bits |= c.isalpha() << 4 | c.isidentifier() << 5 | ("a" + c).isidentifier() << 6
    print(" ".join(f"{n:x}" for n in (code, bits, _sre.unicode_tolower(code), *sorted(others.get(code, ())))))
