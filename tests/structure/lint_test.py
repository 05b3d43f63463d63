#!/usr/bin/env python3
"""Tries tools/lint on small checkouts of its own: lint_test.py TOOLS/LINT"""
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

LINT = pathlib.Path(sys.argv.pop(1)).resolve()
PRESETS = """{"version": 6, "configurePresets": [{"name": "lint", "generator": "Ninja",
  "binaryDir": "${sourceDir}/build/lint", "cacheVariables": {"CMAKE_EXPORT_COMPILE_COMMANDS": true}}]}"""
ROUGH = "int {}(int value) {{\n  if (value > 0)\n    ;\n  return value;\n}}\n"  # an empty body: bugprone-suspicious-semicolon


class LintTest(unittest.TestCase):
    def setUp(self):
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="millrace-lint-"))
        self.addCleanup(shutil.rmtree, self.root)
        self.write(".clang-format", "BasedOnStyle: Google\n")
        self.write(".clang-tidy", "Checks: '-*,bugprone-suspicious-semicolon'\n")
        self.write(".gitignore", "build/\n")
        self.write("CMakePresets.json", PRESETS)
        self.write("CMakeLists.txt", "cmake_minimum_required(VERSION 3.25)\nproject(small CXX)\nadd_library(small a.cpp)\n")
        self.write("a.cpp", ROUGH.format("first"))
        self.write("tools/lint", LINT.read_text())
        self.git("init", "--quiet", "--initial-branch=trunk")
        self.commit()

    def write(self, name, text):
        path = self.root / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)

    def git(self, *words):
        subprocess.run(["git", "-c", "user.name=t", "-c", "user.email=t@localhost", *words], cwd=self.root, check=True)

    def commit(self):
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message=change")

    def lint(self, *options, root=None):
        done = subprocess.run([sys.executable, (root or self.root) / "tools/lint", *options], capture_output=True, text=True)
        return done.returncode, done.stdout + done.stderr

    def test_a_file_in_another_form_is_named_with_what_mends_it(self):
        self.write("a.cpp", "int  first( );\n")
        status, said = self.lint()
        self.assertEqual(status, 1)
        self.assertIn("clang-format-14 -i a.cpp", said)

    def test_a_finding_counts_in_changed_lines_alone(self):
        self.write("a.cpp", ROUGH.format("first") + "int second();\n")
        self.commit()
        self.assertEqual(self.lint()[0], 0)
        self.write("a.cpp", ROUGH.format("first") + ROUGH.format("second"))
        status, said = self.lint()
        self.assertEqual(status, 1, said)
        self.assertIn("a.cpp:8:5", said)
        self.assertNotIn("a.cpp:3", said)

    def test_what_branches_off_main_counts_from_there(self):
        self.git("branch", "main")
        self.write("a.cpp", ROUGH.format("first") + ROUGH.format("second"))
        self.commit()
        self.write("a.cpp", ROUGH.format("first") + ROUGH.format("second") + "int third();\n")
        self.commit()
        self.assertEqual(self.lint()[0], 1)
        self.assertEqual(self.lint("HEAD~1")[0], 0)

    def test_what_time_is_too_short_for_is_named(self):
        self.write("a.cpp", ROUGH.format("first") + ROUGH.format("second"))
        status, said = self.lint("HEAD", "--minutes", "0")
        self.assertEqual(status, 0)
        self.assertIn("no time was left for: a.cpp", said)

    def test_a_file_that_clang_cannot_parse_is_named(self):
        self.write("a.cpp", "int first() { return unknown; }\n")
        status, said = self.lint("HEAD")
        self.assertEqual(status, 0)
        self.assertIn("cannot parse: a.cpp", said)

    def test_a_checkout_of_one_commit_without_a_remote(self):
        shallow = self.root / "build/shallow"
        self.git("clone", "--quiet", "--depth=1", f"file://{self.root}", str(shallow))
        subprocess.run(["git", "remote", "remove", "origin"], cwd=shallow, check=True)
        status, said = self.lint(root=shallow)
        self.assertEqual(status, 0)
        self.assertIn("one commit alone", said)

    def test_an_unknown_base_is_said(self):
        status, said = self.lint("nowhere")
        self.assertEqual(status, 1)
        self.assertIn("nowhere is not a commit", said)


if __name__ == "__main__":
    unittest.main()
