"""The documents, sentence by sentence: each is held by a rule or is no rule's affair, and each rule's basis is borne out by a sentence.

statements.json says which. Needs the documents beside the repository (../shared/seeds); without them: skipped, and said so.
"""

import json
import re
import subprocess
import sys
import unittest

from harness import BUILD, ROOT

SEEDS = ROOT.parent / "shared" / "seeds"
FILES = {"AIS20": "ai-services-cmk-portal-2020-05-28.md", "OAI22": "azure-openai-encryption-2022-11-14.md",
         "OAI24": "azure-openai-encryption-2024-12-02.md", "FACE25": "face-encryption-2025-01-29.md"}
BOTH = "ai-services-security-2025-04-29-and-language-encryption-2025-06-30.md"
# Headings, links to other pages and what surrounds an article: no statements.
LINK = re.compile(r"^(for (more |a |information)|to (learn|use)|learn more|you can learn more)|^(note )?access to this page|^you can try|^feedback|"
                  r"^additional resources|^related content|^explore azure|^next steps?$|^expand table|^security features|"
                  r"^language service customer-managed key request form|^\[!div", re.I)


def squeezed(text):
    return re.sub(r"[^a-z0-9]", "", text.lower())


def documents():
    texts = {tag: (SEEDS / name).read_text() for tag, name in FILES.items()}
    both = (SEEDS / BOTH).read_text()
    at = both.index("Language service encryption of data at rest")
    return {**texts, "SEC25": both[:at], "LANG25": both[at:]}


def plain(text):
    """Without front matter, images and marks; links as their text."""
    text = re.sub(r"\A---.*?---\n", "", text, flags=re.S)
    for pattern, by in ((r"!\[[^\]]*\]\([^)]*\)", " "), (r":::image.*?:::", " "), (r"\[([^\]]*)\]\([^)]*\)", r"\1"), (r"^>+ ?", "")):
        text = re.sub(pattern, by, text, flags=re.S | re.M)
    return text.replace("\\n", "\n").replace("\u2019", "'").replace("*", "").replace("`", "")


def sentences(text):
    heading = r"^#+ .*$"
    text = re.sub(heading, "", plain(text), flags=re.M)
    for block in re.split(r"\n\s*\n|\n(?=\s*(?:\d+\.|- ))", text):
        block = re.sub(r"^(?:\d+\.|-+)\s*", "", re.sub(r"\s+", " ", block).strip())
        for s in re.split(r"(?<=[.!?])\s+(?=[A-Z])", block):
            if squeezed(s):
                yield s


class Statements(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        data = json.loads((ROOT / "tests" / "e2e" / "statements.json").read_text())
        cls.held = [(squeezed(says), rules) for says, rules in data["rules"]]
        cls.no_rule = {squeezed(s) for list in data["no rule"].values() for s in list}
        printed = subprocess.run([BUILD / "provider" / "providerd", "--print-rules", "json"], capture_output=True, text=True, check=True)
        cls.rules = {r["id"]: r for r in json.loads(printed.stdout)["rules"]}
        cls.said = {tag: [squeezed(s) for s in sentences(text)] for tag, text in documents().items()}
        cls.plain = {tag: list(sentences(text)) for tag, text in documents().items()}

    def bearing(self):
        """(rule, document) -> is there a sentence?"""
        return {(rule, tag) for tag, said in self.said.items() for says, rules in self.held for rule in rules if any(says in s for s in said)}

    def test_every_sentence_is_held_by_a_rule_or_is_no_rules_affair(self):
        for tag, said in self.said.items():
            self.assertGreater(len(said), 20, tag)
            for plain, s in zip(self.plain[tag], said):
                with self.subTest(document=tag, sentence=plain):
                    self.assertTrue(s in self.no_rule or any(says in s for says, _ in self.held) or LINK.search(plain))

    def test_every_line_of_the_list_is_said_by_a_document_and_names_rules_of_the_table(self):
        for says, rules in self.held:
            with self.subTest(says=says):
                self.assertTrue(any(says in s for said in self.said.values() for s in said))
                self.assertLessEqual(set(rules), set(self.rules))
        for whole in self.no_rule:
            with self.subTest(says=whole):
                self.assertTrue(any(whole == s for said in self.said.values() for s in said))

    def test_the_basis_of_every_rule_is_borne_out_by_each_document_that_it_names_and_by_no_other(self):
        bearing = self.bearing()
        for id, rule in self.rules.items():
            named = set(re.findall(r"[A-Z]+2[0-5]", rule["basis"].replace("against OAI22 OAI24", ""))) & set(self.said)
            against = set(re.findall(r"[A-Z]+2[0-5]", rule["basis"])) & set(self.said)
            found = {tag for r, tag in bearing if r == id}
            with self.subTest(rule=id):
                self.assertLessEqual(named, found, "named, but not said")
                self.assertLessEqual(found, against, "said, but not named")


if __name__ == "__main__":
    if not SEEDS.is_dir():
        print("../shared/seeds is not here: the documents can't be compared")
        sys.exit(77)
    unittest.main()
