"""Reads small logs of ctest. Usage: failed_tests_test.py FAILED_TESTS"""
import pathlib
import subprocess
import sys
import tempfile
import unittest

PROGRAM = sys.argv.pop(1)
LINE = "-" * 79
END = "\n<end of output>\nTest time =   6.03 sec\n" + "-" * 58 + "\n"


def case(name, *failures):
    """As Catch tells of a case that failed."""
    text = f"{LINE}\n{name}\n{LINE}\na_test.cpp:7\n{'.' * 79}\n\n"
    for place, values in failures:
        text += f"{place}: FAILED:\n  CHECK( {values} )\nwith expansion:\n  {values}\n\n[info] a line of the log\n"
    return text


def told(*tests):
    """What is printed for (name, output, how it ended)."""
    log = "".join(f"{i}/9 Testing: {name}\n{i}/9 Test: {name}\nOutput:\n{'-' * 58}\n{output}{END}{ended}\n"
                  for i, (name, output, ended) in enumerate(tests))
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "LastTest.log"
        path.write_text(log)
        return subprocess.run([PROGRAM, path], capture_output=True, text=True, check=True).stdout


class FailedTestsTest(unittest.TestCase):
    def test_only_tests_that_failed_are_told(self):
        failing = case("a row is kept", ("a_test.cpp:9", "1 == 2"))
        self.assertEqual(told(("good", failing, "Test Passed.")), "")
        self.assertEqual(told(("good", "fine", "Test Passed."), ("bad", failing, "Test Failed.")).splitlines()[:4],
                         ["bad: Test Failed.", "  a row is kept", "  a_test.cpp:9: FAILED:", "    CHECK( 1 == 2 )"])

    def test_further_checks_are_told_by_their_places(self):
        got = told(("bad", case("first", ("a.cpp:1", "1 == 2"), ("a.cpp:2", "3 == 4")) + case("second", ("a.cpp:3", "5 == 6")),
                    "Test Failed."))
        self.assertIn("1 == 2", got)
        for value in ("3 == 4", "5 == 6"):
            self.assertNotIn(value, got)
        self.assertEqual([line for line in got.splitlines() if "FAILED" in line or line.strip() in ("first", "second")],
                         ["  first", "  a.cpp:1: FAILED:", "  a.cpp:2: FAILED:", "  second", "  a.cpp:3: FAILED:"])

    def test_a_test_that_fails_in_everything_stays_short(self):
        got = told(("bad", case("all", *((f"a.cpp:{i}", "1 == 2") for i in range(500))), "Test Failed."))
        self.assertLess(len(got.splitlines()), 30)

    def test_what_a_sanitizer_found_is_told(self):
        self.assertIn("==7==ERROR: AddressSanitizer: heap-use-after-free",
                      told(("bad", "begun\n==7==ERROR: AddressSanitizer: heap-use-after-free\n  #0 main", "Test Failed.")))

    def test_without_checks_the_end_of_the_output_is_told(self):
        got = told(("late", "".join(f"line {i}\n" for i in range(50)), "Test Timeout."))
        self.assertTrue(got.startswith("late: Test Timeout."))
        self.assertIn("line 49", got)
        self.assertNotIn("line 30", got)

    def test_without_a_log_it_says_what_to_do(self):
        ran = subprocess.run([PROGRAM, "/nowhere/LastTest.log"], capture_output=True, text=True)
        self.assertEqual(ran.returncode, 1)
        self.assertIn("tools/test", ran.stderr)


unittest.main()
