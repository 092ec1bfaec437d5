"""The limits on rules text and on one decision, in one place.

Documented at https://firebase.google.com/docs/rules/rules-language and
https://firebase.google.com/docs/firestore/quotas#security_rules, unless a comment says otherwise.
"""

MAX_SOURCE_BYTES = 256 * 1024
MAX_MATCH_NESTING = 10
MAX_PATH_CAPTURES = 20
MAX_PATH_SEGMENTS = 100
MAX_FUNCTION_ARGUMENTS = 7
# The documentation says 10; production accepts 11 and refuses 12.
MAX_LETS_PER_FUNCTION = 11

MAX_CALL_DEPTH = 20
MAX_EXPRESSIONS_EVALUATED = 1000

MAX_ACCESSES_SINGLE = 10
MAX_ACCESSES_BATCH = 20
# Production refuses the third distinct document of one Storage request.
MAX_ACCESSES_STORAGE = 2

# Ours: an expression that is nested deeper is refused at compile time, so that neither the compiler nor
# the closures it makes come near the interpreter's recursion limit.
MAX_EXPRESSION_DEPTH = 100
# Ours: brackets and unary operators open at once while parsing; each costs the parser several frames.
MAX_OPEN_BRACKETS = 40
# Ours: what a rule may build by concatenating; a document itself is at most 1 MiB.
MAX_TEXT_LENGTH = 4 * 1024 * 1024
MAX_LIST_LENGTH = 1024 * 1024
# Ours: memory that one regular expression may use.
MAX_REGEX_MEMORY = 8 * 1024 * 1024
MAX_REGEXES_CACHED = 512
# Ours: instructions of all regular expressions in one file together; compiling so many takes a second or two.
MAX_REGEX_INSTRUCTIONS = 1_000_000
# Ours: characters that may be looked at to find every match in one text, were each search to go to its end: a
# thousand matches in a million characters.
MAX_REGEX_SEARCHED = 1_000_000_000
# Ours: distinct values that coverage keeps for one expression; further ones are counted together.
MAX_COVERAGE_VALUES = 20
# Ours: how deep an explanation follows calls and operands, so that what shows it may be recursive.
MAX_EXPLAINED_DEPTH = 150

INT_MIN = -(2**63)
INT_MAX = 2**63 - 1
