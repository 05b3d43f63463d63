"""Walks small pages with and without faults. Usage: walk_test.py"""
import pathlib
import subprocess
import sys
import tempfile
import unittest

WALK = pathlib.Path(__file__).with_name("walk")


def walk(page, *options):
    with tempfile.TemporaryDirectory() as folder:
        source = pathlib.Path(folder)
        (source / "page.md").write_text(page)
        return subprocess.run([sys.executable, WALK, "page.md", "--source", folder, "--build", folder, *options],
                              capture_output=True, text=True)


class WalkTest(unittest.TestCase):
    def refused(self, page, message, *options):
        result = walk(page, *options)
        self.assertEqual(result.returncode, 1, result.stdout)
        self.assertIn(message, result.stderr)

    def test_blocks_run_in_one_shell_from_an_empty_folder(self):
        result = walk("""
Save the list as `a.txt`:

```json
[1, 2]
```

Append this to `a.txt`:

```json
3
```

```sh
here=$(ls)
cd "$HOME"
```

```sh
echo "$here and $(cat "$OLDPWD/a.txt" | wc -l) lines"
echo one; echo two; echo three
```

```text
a.txt and … lines
…
three
```
""")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("2 blocks run, 2 files saved, 1 outputs compared, 0 blocks skipped", result.stdout)

    def test_a_command_that_fails_is_named_by_page_and_line(self):
        self.refused("words\n\n```sh\ntrue\nno-such-command\ntrue\n```\n", "page.md: line 5: no-such-command")
        self.refused("```sh\ntrue\nfalse | cat\n```\n", "page.md:1: failed with exit code 1")

    def test_another_output_than_the_page_shows_is_refused(self):
        self.refused("```sh\necho a\n```\n\n```text\nb\n```\n", "page.md:5: the page shows another output")
        self.refused("```sh\necho a; echo b\n```\n\n```text\na\n```\n", "page.md:5: the page shows another output")

    def test_a_block_has_a_limit_of_time(self):
        self.refused("```sh\nsleep 60\n```\n", "page.md:1: did not end within 1 s", "--seconds", "1")

    def test_a_failure_comes_with_the_logs_of_what_runs_beside_it(self):
        self.refused("```sh\necho the reason > server.log\nfalse\n```\n", "--- server.log\nthe reason")

    def test_what_a_page_starts_it_ends(self):
        self.refused("```sh\nsleep 60 &\n```\n", "left running")

    def test_a_block_is_skipped_with_a_reason_and_within_the_limit(self):
        page = "<!-- walk: skip: builds all -->\n```sh\nfalse\n```\n"
        self.refused(page, "1 blocks are skipped, 0 may be")
        result = walk(page, "--skips", "1")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("skipped: page.md:2: builds all", result.stdout)

    def test_a_port_stands_for_a_free_one(self):
        result = walk("```sh\n[ 127.0.0.1:8080 != 127.0.0.1:80'80' ]\n[ 127.0.0.1:8080 = 127.0.0.1:8080 ]\n```\n")
        self.assertEqual(result.returncode, 0, result.stderr)

    def test_json_is_compared_by_what_it_says(self):
        printed = """```sh\necho '{"a": 1, "b": [2.5, null], "time": "12:00"}'; echo '[]'\n```\n\n```json\n%s\n```\n"""
        for shown in ('{"time": "12:…", "b": [2.5, null], "a": 1} []', '{"a": "…", "…": "…"}\n[]'):
            result = walk(printed % shown)
            self.assertEqual(result.returncode, 0, result.stderr)
            self.assertIn("1 outputs compared", result.stdout)
        for shown in ('{"a": 1, "b": [2.5, null]} []', '{"a": 2, "…": "…"} []', '{"a": 1, "…": "…"}'):
            self.refused(printed % shown, "page.md:5: the page shows another output")

    def test_json_that_is_none_is_refused(self):
        self.refused("```json\n{\"a\": 1,}\n```\n", "page.md:1: Expecting property name")


if __name__ == "__main__":
    unittest.main()
