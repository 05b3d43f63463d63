"""Reads small logs of ninja. Usage: build_seconds_test.py BUILD_SECONDS"""
import pathlib
import subprocess
import sys
import tempfile
import unittest

PROGRAM = sys.argv.pop(1)


def rows(*entries, cores=2):
    """What is printed for (begin ms, end ms, file, hash) on so many cores: {component: (files, seconds)}."""
    with tempfile.TemporaryDirectory() as folder:
        lines = ["# ninja log v5"] + ["\t".join(map(str, (begin, end, 0, file, hash_)))
                                      for begin, end, file, hash_ in entries]
        (pathlib.Path(folder) / ".ninja_log").write_text("\n".join(lines) + "\n")
        table = subprocess.run([PROGRAM, folder, str(cores)], capture_output=True, text=True, check=True).stdout
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()[2:]]
    return {component: (files, seconds) for component, files, seconds in cells}


class BuildSecondsTest(unittest.TestCase):
    def test_a_component_is_a_folder_of_two_names_or_one(self):
        got = rows((0, 3000, "engine/job/CMakeFiles/millrace_job.dir/a.cpp.o", "a"),
                   (0, 2000, "engine/job/CMakeFiles/millrace_job.dir/Unity/unity_0_cxx.cxx.o", "b"),
                   (3000, 7000, "tools/millrace/CMakeFiles/millrace_tool.dir/a.cpp.o", "c"),
                   (7000, 8000, "bin/millrace", "d"))
        self.assertEqual(got, {"engine/job": ("2", "5"), "tools": ("1", "4"), "(links)": ("1", "1"), "all": ("", "10"),
                               "from begin to end, 2 cores": ("", "8")})

    def test_more_commands_than_cores_share_them(self):
        got = rows(*((0, 8000, f"engine/run/CMakeFiles/r.dir/{i}.o", i) for i in range(4)))
        self.assertEqual(got["engine/run"], ("4", "16"))
        self.assertEqual(rows(*((0, 8000, f"engine/run/CMakeFiles/r.dir/{i}.o", i) for i in range(4)), cores=4)["all"],
                         ("", "32"))

    def test_a_command_that_made_several_files_counts_once(self):
        got = rows((0, 4000, "share/one.js", "same"), (0, 4000, "/work/build/share/one.js", "same"))
        self.assertEqual(got["(links)"], ("1", "4"))

    def test_the_newest_entry_of_a_file_counts(self):
        got = rows((0, 9000, "engine/run/CMakeFiles/r.dir/a.o", "old"), (0, 1000, "engine/run/CMakeFiles/r.dir/a.o", "new"))
        self.assertEqual(got["all"], ("", "1"))

    def test_a_command_that_took_no_time_ends(self):
        got = rows((1000, 1000, "bin/a", "a"), (1000, 3000, "bin/b", "b"), (3000, 3000, "bin/c", "c"), cores=1)
        self.assertEqual(got["(links)"], ("3", "2"))

    def test_a_folder_without_a_log_is_named(self):
        with tempfile.TemporaryDirectory() as folder:
            result = subprocess.run([PROGRAM, folder], capture_output=True, text=True)
        self.assertEqual(result.returncode, 1)
        self.assertIn(folder, result.stderr)


if __name__ == "__main__":
    unittest.main()
