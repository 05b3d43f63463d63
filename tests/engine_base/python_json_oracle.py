"""Prints what json.loads() makes of texts, whole and broken ones, for python_json_test.cpp.

One line each: the bytes in hexadecimal, a tab, and "value ...", "error text|pos|lineno|colno", or "none" for what is
no text and for what a Json has no place for: half of a surrogate pair, an integer of more than 64 bits."""

import json
import random
import struct
import sys

WHOLE = [
    '', ' ', 'null', 'true', 'false', 'nul', 'tru', 'falsy', 'NaN', 'Infinity', '-Infinity', 'Na', '-Inf', '+1', '-',
    '0', '-0', '00', '01', '-01', '1.', '1.5', '.5', '1e5', '1E+5', '1e-5', '1e', '1e+', '1.e5', '1.5e400', '-1e400', '1e-400',
    '9223372036854775807', '9223372036854775808', '18446744073709551615', '18446744073709551616', '-9223372036854775808',
    '-9223372036854775809', '123456789012345678901234567890', '0.1', '12345678901234567890.5', '1-2', '5e-324', '1.7976931348623157e308',
    '""', '"', '"a', '"a\\', '"a\\"', '"\\"', '"\\q"', '"\\u"', '"\\u12"', '"\\u123"', '"\\u1234"', '"\\u12g4"', '"\\u-123"', '"\\u+123"',
    '"\\ud83d\\ude00"', '"\\ud83d"', '"\\ude00"', '"\\ud83d\\u0041"', '"\\ud83dx"', '"\\ud83d\\ude0"', '"\\ud83d\\u"', '"\\ud83d\\ug123"',
    '"\\ud83d\\n"', '"\\ud83d\\', '"\\ud83d\\ude00', '"\\uD83D\\uDE00\\uD83D"', '"\t"', '"a\nb"', '"\x7f"', '"\x1f"', '"\x00"', '\x00', '"\\/\\b\\f\\n\\r\\t\\"\\\\"',
    '"\u5148\u751f"', '"\U0001f600"', '"\U0001f600', '"\u5148\\u12', '"\\u12\u5148\u5148"', '"\\u123\U0001f600"', '\u5148', '\ufeff', '\ufeff{}', ' \ufeff{}', '"\ufeff"',
    '[]', '[', '[1', '[1,', '[1,]', '[,1]', '[1 2]', '[1,2', '[]]', '[1]x', '[[[[]]]]', '[[1,2],[3', ']', '[1\n,\n2\n', '[NaN,Infinity,-Infinity]',
    '{}', '{', '{"', '{"a', '{"a"', '{"a"1', '{"a":', '{"a":}', '{"a":1', '{"a":1,', '{"a":1,}', '{"a":1 "b"', '{a:1}', "{'a':1}", '{1:2}', '{,}', '{"a":1}}',
    '{"a":1,"b":2,"a":3}', '{"a":{"a":1,"a":2},"a":[]}', '{"":0}', '{"\\u0061":1,"a":2}', '{"\\ud800":1}', '{"a":1,\n  "b" : [1, 2, {"c": null}],\n\t"\u5148\u751f": "x" }',
    '{"a" :1}', '{"a"\n:\n1\n}', '{"a":1,\r\n\r\n"b"}', '\v1', '\f1', '\u00a01', '1\u00a0', '\u20281', '// a\n1', '/* */1', '{"PATTERN": {"\u7537\u6027": [["\u5148\u751f", "partially"], ["\u54e5", "end"]]}}',
    json.dumps({str(i % 20): i for i in range(40)}), '{' + ','.join('"k%d":%d' % (i % 23, i) for i in range(50)) + '}', '[' * 64 + ']' * 64, '[' * 40, '{"a":' * 40,
]
LETTERS = '{}[]:,"\\ \n\t0123456789.eE+-untrfalsNIiyxdD\u5148\U0001f600\u00e9\x00\x1f\ufeff\ud800'


class Unfit(Exception):
    pass


def check(value):
    if isinstance(value, str) and any(0xd800 <= ord(c) < 0xe000 for c in value):
        raise Unfit
    if isinstance(value, int) and not -2**63 <= value < 2**64:
        raise Unfit
    if isinstance(value, list):
        for each in value:
            check(each)
    return value


def pairs(members):
    for name, value in members:
        check(name)
        check(value)
    return dict(members)


def shown(value):
    if value is None or isinstance(value, bool):
        return {None: 'n', True: 't', False: 'f'}[value]
    if isinstance(value, int):
        return 'i%d' % value
    if isinstance(value, float):
        return 'd' + ('nan' if value != value else struct.pack('>d', value).hex())
    if isinstance(value, str):
        return 's' + value.encode().hex()
    if isinstance(value, list):
        return '[' + ''.join(shown(each) for each in value) + ']'
    return '{' + ''.join(shown(name) + shown(each) for name, each in value.items()) + '}'


def told(data):
    try:
        text = data.decode(json.detect_encoding(data), 'surrogatepass')
        if any(0xd800 <= ord(c) < 0xe000 for c in text):
            return 'none'
        json.loads(data)
        return 'value ' + shown(check(json.loads(data, object_pairs_hook=pairs)))
    except json.JSONDecodeError as error:
        return 'error %s|%d|%d|%d' % (error.msg, error.pos, error.lineno, error.colno)
    except (UnicodeDecodeError, Unfit):
        return 'none'


def broken(draw, text):
    for _ in range(draw.randint(1, 3)):
        at = draw.randint(0, len(text))
        kind = draw.randint(0, 3)
        if kind == 0:
            text = text[:at]
        elif kind == 1:
            text = text[:at] + text[at + 1:]
        elif kind == 2:
            text = text[:at] + draw.choice(LETTERS) + text[at:]
        else:
            text = text[:at] + draw.choice(LETTERS) + text[at + 1:]
    return text


def bytes_of(draw, text):
    encoding = draw.choice(['utf-8'] * 12 + ['utf-8-sig', 'utf-16', 'utf-16-le', 'utf-16-be', 'utf-32', 'utf-32-le', 'utf-32-be'])
    data = text.encode(encoding, 'surrogatepass')
    if draw.randint(0, 40) == 0 and data:
        at = draw.randrange(len(data))
        data = data[:at] + bytes([draw.randrange(256)]) + data[at + draw.randint(0, 1):]
    return data


def main():
    draw = random.Random(int(sys.argv[1]))
    texts = [text.encode('utf-8', 'surrogatepass') for text in WHOLE]
    for encoding in ('utf-8-sig', 'utf-16', 'utf-16-le', 'utf-16-be', 'utf-32', 'utf-32-le', 'utf-32-be'):
        texts += [text.encode(encoding, 'surrogatepass') for text in WHOLE]
    texts += [bytes_of(draw, broken(draw, draw.choice(WHOLE))) for _ in range(int(sys.argv[2]))]
    texts += [bytes(draw.randrange(256) for _ in range(draw.randint(0, 6))) for _ in range(2000)]
    for data in texts:
        print(data.hex() + '\t' + told(data))


main()
