"""The patterns that no sentence of the project may have, each with a remedy and an example of both.

A rule to write by: subject, verb, object; the noun from the glossary (docs/architecture.md); one clause per
sentence. These patterns are what most often makes a reader read a sentence twice.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

BEFORE = r"as|at|but|by|for|from|if|in|is|are|of|on|than|to|when|where|with"
"""Words after which "who" or "what" has no noun to belong to."""


@dataclass(frozen=True)
class Rule:
    """A pattern (a regular expression, case ignored), what to write instead, and a sentence for each case."""

    pattern: str
    remedy: str
    refused: str
    fine: str

    def breaks(self, sentence: str) -> bool:
        """Tell whether `sentence` has the pattern."""
        return re.search(self.pattern, sentence, re.IGNORECASE) is not None


OF_TITLES = (
    Rule(
        r"^(?:what|whose|who|whom)\b[^?]*$",
        "a title is a noun: the listeners, the openings of the firewall, the use",
        "Who listens",
        "Listening programs",
    ),
)
"""Rules for titles, cells and names alone: a page may have the heading `What it looks like`."""

RULES = (
    Rule(
        r"^(?:what|whose|who|whom)\b[^?]*[.:;]$",
        "begin with the noun that the sentence is about",
        "Who is stuck asks for a hint.",
        "Who is stuck?",
    ),
    Rule(
        r"\b(?:look|looks|see) (?:who|whom|whose|which)\b",
        "name the thing to find: find the side that, find the program that",
        "Look who sends the first FIN.",
        "Find the side that sends the first FIN.",
    ),
    Rule(
        rf"\b(?:{BEFORE}) (?:who|whom)(?:ever)? \w",
        "name the person: a student who, an author who, the user who",
        "A hint for who is stuck.",
        "A hint for a student who is stuck.",
    ),
    Rule(
        rf"\b(?:{BEFORE}) what (?:is|are|was|were|has|have|had|it|they|he|she|we|one|there)\b",
        "name the thing instead of `what`",
        "It depends on what is asked.",
        "It depends on the question.",
    ),
    Rule(
        r"^(?:return|yield|give|keep|write|read|find|make|hold|take|put)s? (?:what|who|whose|whom)\b",
        "name the thing that is returned, written or kept",
        "Return what tells the checks of these names.",
        "Return a predicate that matches the checks of these names.",
    ),
    Rule(
        r"\bwhat (?:is|are|was|were) (?:there|here)\b|\bwhat there (?:is|are|was|were)\b",
        "name the things: the captures, the files, the answers",
        "`check` says what is there.",
        "`check` lists the captures.",
    ),
    Rule(
        r"\bwhat of\b|\bwhat (?:rests|is whose)\b",
        "name the part: the answers of, the checks that need",
        "Say what of the work is missing.",
        "Say which captures are missing.",
    ),
    Rule(
        r"\bnobody's\b|\bof nobody\b|\bnobody (?:is|was|need|has to)\b",
        "name the thing, and say positively what it is or what happens",
        "Fill the templates for a seat of nobody's.",
        "Fill the templates for a sample seat.",
    ),
    Rule(
        r"\bwhose (?:\w+ )?(?:it|they|that|those) (?:is|are|was|were)\b|\b(?:is|are) whose\b",
        "name the owner: the student of the submission",
        "Return whose submission it is.",
        "Return the student of the submission.",
    ),
    Rule(
        r"\bdear(?:er|est)?\b",
        "expensive, slow",
        "Tasks are dear.",
        "Tasks are expensive.",
    ),
    Rule(
        r"\bmaybe\b",
        "perhaps, or say when: `machines that may be emulated`",
        "The SYN, maybe several times.",
        "One SYN or several.",
    ),
    Rule(
        r"\bfrom nothing\b",
        "from scratch, or name the first state",
        "Firefox need not begin from nothing.",
        "Firefox has a prepared profile.",
    ),
    Rule(
        r"\bhad better\b",
        "should, or the imperative",
        "It had better be in the lab.",
        "Keep it inside the lab.",
    ),
    Rule(
        r"\bbears? (?:that|it|this|them|a|no|any)\b",
        "tolerates, accepts",
        "os.walk bears that groups vanish.",
        "os.walk tolerates groups that vanish.",
    ),
    Rule(
        r"\bgo(?:es)? round\b",
        "bypass",
        "sudo does not go round that.",
        "sudo cannot bypass the wrapper.",
    ),
    Rule(
        r"\bways? out\b",
        "access to the Internet, exit, or the name of the gateway",
        "A way out is asked for.",
        "Internet access is opt-in.",
    ),
    Rule(
        r"\b(?:is|are|was|were) (?:none|no \w+) of (?:ours|mine|theirs|its|his)\b|\bof (?:ours|theirs)\b",
        "name the owner: `a file that sharklab did not make`",
        "Such archives are none of ours.",
        "sharklab never makes such archives.",
    ),
    Rule(
        r"\bnothing (?:to \w+ (?:at )?of|is \w+ that is never|of it)\b|\bthere is nothing to\b",
        "say it positively, with the noun",
        "Nothing is late that is never due.",
        "--late needs a due date.",
    ),
    Rule(
        r"\bstands? in (?!for\b)",
        "is in",
        "The figures stand in limits.py.",
        "Rocky 9's names stand in for a real mirror.",
    ),
    Rule(
        r"\bto be (?:looked at|said of)\b",
        "examine, check, the verdict on",
        "Return what is to be said of a condition.",
        "Return the verdict on one condition.",
    ),
)
