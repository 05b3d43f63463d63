"""Prints what pydantic 1.8 makes of values, for pydantic_test.cpp.

One line each: a JSON value, and what it is as an int, as a str and as a date, with tabs between them; "!" where it is an
error. int(), float(), str() and the dates are Python's own; what pydantic adds is restated from its documentation."""

import datetime
import json
import random
import re
import sys

VALUES = [
    'true', 'false', '0', '5', '-7', '1.0', '1.9', '-1.9', '0.5', '-0.0', '1e5', '1e15', '1e16', '123456789.125', '1e22', '1e-4', '1e-5', '1e-7', '5e-324',
    '1.7976931348623157e308', '0.1', '1e400', '-1e400', 'NaN', 'Infinity', '-Infinity', '9223372036854775807', '-9223372036854775808', '9223372036854775808',
    '18446744073709551615', '9.2e18', '9.3e18', '-9.3e18', '1577836800', '1577836799', '1577836799.9999999', '1577836799.9999994', '-1', '-0.0000001', '-0.0000006', '86399.9999995',
    '86399.9999996', '20000000000', '20000000001', '-20000000000', '-20000000001', '1577836800000', '1577836800000000', '3e20', '3.1e20', '-3.1e20', '2e10', '19999999999.5', '[]', '[1]', '{}', '{"a":1}',
]
TEXTS = [
    '', ' ', '5', ' 5 ', '+5', '-5', '+ 5', '--5', '+-5', '5.0', '5.', '.5', '.', '1_0', '_1', '1_', '1__0', '-1_0', '-_1', '1_0.5_0e1_0', '1e_5', '0x10', '007', '0_0', '1e5', '1E+5', '1e', 'e5', '1e400', '-1e400',
    'inf', '-Infinity', '+nan', 'NaN', 'nan(1)', 'infinit', '\uff15', '\u0665', '\u0661\u0660', '\U0001d7d8\U0001d7d9', '\u00b2', '\u2460', '\u4e94', '\u3000\uff15\u3000', '\u00a05', '\x1c5', '\x1c\uff15', '\u200b5', '\u20285', '5\x00', '\t\n5\r\f\v', '\x855',
    '9223372036854775807', '9223372036854775808', '-9223372036854775808', '-9223372036854775809', '0' * 50 + '7', 'True', 'abc', '1577836800', '1577836800.5', ' 1577836800 ', '1577836800000', '2e10',
    '2020-01-01', '2020-1-1', '2020-12-31', '2020-13-01', '2020-02-29', '2019-02-29', '2100-02-29', '2000-02-29', '2020-00-01', '2020-01-00', '2020-01-32', '0000-01-01', '0001-01-01', '9999-12-31', '10000-01-01', '20-01-01',
    '2020-01-01\n', '2020-01-01\n\n', '2020-01-01 ', ' 2020-01-01', '2020-01-01T00:00:00', '2020-01-01x', '2020/01/01', '2020-001-01', '2020-1-001', '-2020-01-01', '2020-01', '2020', '2020-01-1\uff11', '\uff12\uff10\uff12\uff10-\u0661-\u0662', '2020-01-01\r\n', '2020\u201001\u201001',
]
LETTERS = '0123456789-+_.eE \n\u3000\uff11\u0663infaNT:xZ\x1d\u2009\U0001d7e0'


def parsed(function, value):
    try:
        return function(value)
    except (TypeError, ValueError, OverflowError):
        return '!'


def as_int(value):
    number = int(value)
    return number if -2**63 <= number < 2**63 else '!'


def as_str(value):
    return str(value) if isinstance(value, (str, int, float)) else '!'


def as_date(value):
    try:
        number = float(value) if isinstance(value, str) else value + 0
    except ValueError:
        number = None
    if number is None:
        found = re.match(r'(\d{4})-(\d{1,2})-(\d{1,2})$', value)
        return datetime.date(*(int(part) for part in found.groups())).isoformat() if found else '!'
    if number > 3 * 10**20:
        return datetime.date.max.isoformat()
    if number < -3 * 10**20:
        return datetime.date.min.isoformat()
    while abs(number) > 2 * 10**10:
        number /= 1000
    return (datetime.datetime(1970, 1, 1) + datetime.timedelta(seconds=number)).date().isoformat()


def main():
    draw = random.Random(int(sys.argv[1]))
    values = VALUES + [json.dumps(text) for text in TEXTS]
    for _ in range(int(sys.argv[2])):
        text = draw.choice(TEXTS)
        for _ in range(draw.randint(1, 2)):
            at = draw.randint(0, len(text))
            text = text[:at] + draw.choice(LETTERS) + text[at + draw.randint(0, 1):]
        values.append(json.dumps(text))
        values.append(repr(draw.choice([draw.uniform(-3e10, 3e10), draw.uniform(-1e6, 1e6), draw.randint(-10**11, 10**11), draw.lognormvariate(0, 40)])))
    for value in values:
        given = json.loads(value)
        made = parsed(as_str, given)
        print(value, parsed(as_int, given), made if made == '!' else json.dumps(made), parsed(as_date, given), sep='\t')


main()
