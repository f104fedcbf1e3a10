"""docs/clients.md names, for each demand of a client, tests that exist."""

import pathlib
import re
import unittest

HERE = pathlib.Path(__file__).parent


class Table(unittest.TestCase):
    def test_every_test_that_the_page_names_exists(self):
        rows = [l for l in (HERE.parents[1] / "docs" / "clients.md").read_text().splitlines() if re.match(r"\| \d", l)]
        self.assertGreater(len(rows), 30)
        for row in rows:
            names = re.findall(r"`([a-z_]+)\.([a-z0-9_]+)`", row.split("|")[2])
            self.assertTrue(names, row)
            for file, test in names:
                self.assertIn(f"    def test_{test}(self):", (HERE / f"test_{file}.py").read_text(), row)

    def test_every_test_of_the_clients_is_on_the_page_or_says_its_demand(self):
        page = (HERE.parents[1] / "docs" / "clients.md").read_text()
        for path in sorted(HERE.glob("test_clients_[aev]*.py")):
            for test, doc in re.findall(r"    def test_(\w+)\(self\):\n( +\"\"\".*)?", path.read_text()):
                self.assertTrue(doc or test in page, f"{path.name}: {test} says not what it is for")


if __name__ == "__main__":
    unittest.main()
