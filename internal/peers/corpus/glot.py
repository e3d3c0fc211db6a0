"""Reads the SQL of sqlglot's tests. The tokenizers and the parsers of sqlglot find the
literals, the operation and the tables."""

import ast
import logging
import pathlib
import re

import sqlglot
from canary import BITS, HEX, NUMBER, STRING, Literal
from names import lower
from sqlglot import exp
from sqlglot.dialects.dialect import Dialect

logging.getLogger("sqlglot").setLevel(logging.CRITICAL)

# db.system.name of the dialects of sqlglot. "other_sql" is the name for dialects that the
# conventions do not list, and for SQL without a dialect.
SYSTEMS = {
    "mysql": "mysql", "postgres": "postgresql", "redshift": "aws.redshift", "sqlite": "sqlite",
    "tsql": "microsoft.sql_server", "fabric": "microsoft.sql_server", "oracle": "oracle.db",
    "clickhouse": "clickhouse", "snowflake": "snowflake", "trino": "trino", "presto": "trino",
    "hive": "hive", "spark": "databricks", "spark2": "databricks", "databricks": "databricks", "bigquery": "gcp.bigquery",
    "teradata": "teradata",
}  # fmt: skip
# Two languages that are not SQL, and athena, which sqlglot reads with two tokenizers.
FOREIGN = frozenset(("prql", "dax", "athena"))


def fixtures(directory):
    """Yields the dialect and the text of each statement in the fixtures. In identity.sql and
    partial.sql, each line is a statement. In the others, semicolons end statements, and two
    statements of the same dialect belong together."""
    for path in sorted(directory.glob("tests/fixtures/**/*.sql")):
        lines = [line for line in path.read_text("utf-8").splitlines() if line and not line.startswith("--")]
        if path.name in ("identity.sql", "partial.sql"):
            yield from (("", line) for line in lines)
            continue
        dialect = ""
        for position, text in enumerate("\n".join(lines).split(";")):
            if position % 2 == 0:
                settings = dict(re.findall(r"^# *(\w+): *(.*)$", text, re.M))
                dialect = settings.get("dialect", "").strip()
            yield dialect, re.sub(r"^#.*\n?", "", text, flags=re.M).strip()


def tests(directory):
    """Yields the dialect and the text of each statement in the tests of the dialects."""
    for path in sorted(directory.glob("tests/dialects/test_*.py")):
        for node in ast.parse(path.read_text("utf-8")).body:
            if isinstance(node, ast.ClassDef):
                yield from calls(node, own_dialect(node))


def own_dialect(node):
    for item in node.body:
        if isinstance(item, ast.Assign) and item.targets[0].id == "dialect":
            return item.value.value or ""
    return ""


# The functions whose first argument is a statement, and the number of arguments that are
# statements of the same dialect.
CALLS = {"validate_identity": 2, "validate_all": 1, "parse_one": 1, "parse": 1, "transpile": 1, "validate_transpile": 1}


def calls(node, dialect):
    for call in ast.walk(node):
        name = getattr(call.func, "attr", getattr(call.func, "id", "")) if isinstance(call, ast.Call) else ""
        if name not in CALLS:
            continue
        named = {keyword.arg: keyword.value for keyword in call.keywords}
        own = text_of(named.get("read")) or text_of(named.get("dialect"))
        if own is None and name in ("parse_one", "parse", "transpile") and len(call.args) > 1:
            own = text_of(call.args[1])
        for argument in call.args[: CALLS[name]]:
            if text_of(argument):
                yield dialect if own is None else own, text_of(argument)
        for others in (named.get("read"), named.get("write")):
            if isinstance(others, ast.Dict):
                yield from ((text_of(k) or "", text_of(v)) for k, v in zip(others.keys, others.values) if text_of(v))


def text_of(node):
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def statements(directory):
    """Yields the dialect and the text of all statements in SQL."""
    for source in (fixtures(directory), tests(directory)):
        yield from ((dialect, sql) for dialect, sql in source if dialect in Dialect.classes and dialect not in FOREIGN and sql)


STRINGS = frozenset("STRING RAW_STRING NATIONAL_STRING UNICODE_STRING HEREDOC_STRING BYTE_STRING NATIONAL_RAW_STRING".split())
# A number after such a text belongs to the name of a column or of a parameter.
NAMING = re.compile(r"""[$?@:]$|[\w`")\]]\.$""")
NUMERIC = re.compile(r"\d+(\.\d*)?([eE][+-]?\d+)?|\.\d+([eE][+-]?\d+)?")


class Lexer:
    """A tokenizer of one dialect. Sqlglot's own tokenizer reads the rest of some commands
    as one string. This one reads tokens."""

    def __init__(self, dialect):
        cls = Dialect.get_or_raise(dialect).tokenizer_class
        commands, cls.COMMANDS = cls.COMMANDS, set()
        self.tokenizer = cls(dialect=dialect)
        cls.COMMANDS = commands

    def lex(self, sql):
        """Returns the kinds of the tokens, and the literals. A number with a suffix makes
        several tokens at the same place, of which only the first one counts. If the text
        after UESCAPE is a literal, it must stay one character."""
        kinds, literals = [], []
        for token in self.tokenizer.tokenize(sql):
            again = literals and token.start < literals[-1].end
            escape = kinds and kinds[-1] == "UESCAPE"
            name = token.token_type.name
            kinds.append(token.text.upper() if token.text.upper() == "UESCAPE" else name)
            if not again and not escape:
                literals += literal(sql, name, token)
        return kinds, literals


def literal(sql, name, token):
    start, end = token.start, token.end + 1
    if name in STRINGS:
        return [Literal(start, end, STRING)]
    if name == "NUMBER" and not NAMING.search(sql[max(0, start - 2) : start]) and (found := NUMERIC.match(sql[start:end])):
        return [Literal(start, start + found.end(), NUMBER)]
    if name in ("HEX_STRING", "BIT_STRING"):
        return [Literal(start, end, HEX if name == "HEX_STRING" else BITS)]
    return []


QUERIES = {exp.Update: "UPDATE", exp.Delete: "DELETE", exp.Merge: "MERGE"}
NAMED = frozenset("TABLE VIEW INDEX SEQUENCE SCHEMA DATABASE FUNCTION PROCEDURE TRIGGER TYPE".split())
TRANSACTIONS = (exp.Transaction, exp.Commit, exp.Rollback)


def describe(sql, dialect):
    """Returns what sqlglot's parser reads in a statement: a dictionary with the accepted
    operations and the tables. It is empty if the text is an expression, or if the parser
    does not know the statement."""
    try:
        parsed = [tree for tree in sqlglot.parse(sql, read=dialect) if tree is not None]
    except Exception:  # the parser has errors of its own, besides SqlglotError
        return {}
    if len(parsed) != 1 or isinstance(parsed[0], TRANSACTIONS) or parsed[0].find(exp.Command):
        return {}
    accepted = operations(parsed[0], sql)
    if not accepted:
        return {}
    tables, found = tables_of(parsed[0]), {"operations": accepted}
    if tables is not None:
        found["tables"] = sorted(tables)
        if is_other_object(parsed[0]):
            found["collection_only"] = True
    return found


def operations(tree, sql):
    words = re.findall(r"[A-Za-z_]+", re.sub(r"(?s)/\*.*?\*/|--[^\n]*|#[^\n]*", " ", sql)[:100])
    first = words[0].upper() if words else ""
    if isinstance(tree, exp.Query):
        return ["SELECT"] + [first] * (first in ("VALUES", "TABLE"))
    if isinstance(tree, exp.Insert):
        return ["REPLACE" if first == "REPLACE" else "INSERT"]
    if type(tree) in QUERIES:
        return [QUERIES[type(tree)]]
    if isinstance(tree, (exp.Create, exp.Alter, exp.Drop)):
        verb = first if first == "REPLACE" else type(tree).__name__.upper()
        return definitions(verb, (tree.args.get("kind") or "").upper())
    if isinstance(tree, (exp.TruncateTable, exp.Describe, exp.Use, exp.Set, exp.Show, exp.Kill, exp.Pragma, exp.Copy, exp.Analyze, exp.Grant, exp.Revoke, exp.Refresh)):
        return [first]
    return []


def definitions(verb, kind):
    if kind in ("SCHEMA", "DATABASE"):
        return [f"{verb} SCHEMA", f"{verb} DATABASE"]  # one kind for the parser
    if kind in NAMED:
        return [f"{verb} {kind}"]
    return [verb, f"{verb} {kind}"] if kind else [verb]


def is_other_object(tree):
    """Reports whether a statement creates, changes or drops another object than a table. The
    body of a routine is a different statement, so CREATE FUNCTION does not count."""
    kind = tree.args.get("kind")
    if isinstance(tree, exp.Drop):
        return kind in NAMED - {"TABLE", "VIEW"}
    return isinstance(tree, exp.Create) and kind in ("INDEX", "SEQUENCE", "SCHEMA", "DATABASE")


def tables_of(tree):
    """Returns the tables of a statement, or None if it is not known whether the statement
    has tables."""
    found, kind = set(), (tree.args.get("kind") or "") if isinstance(tree, (exp.Create, exp.Alter, exp.Drop)) else ""
    if isinstance(tree, exp.Create) and kind == "INDEX" and isinstance(tree.this, exp.Index):
        walk(tree.this.args.get("table"), frozenset(), frozenset(), found)
    elif is_other_object(tree):
        return found
    elif isinstance(tree, exp.Alter) and kind == "TABLE":
        walk(tree.this, frozenset(), frozenset(), found)
    elif isinstance(tree, exp.Create) and kind in ("TABLE", "VIEW"):
        created = tree.this.this if isinstance(tree.this, exp.Schema) else tree.this
        walk(created, frozenset(), frozenset(), found)
        walk_query(tree, tree.expression, found)
    elif isinstance(tree, (exp.Query, exp.Insert, exp.Update, exp.Delete, exp.Merge, exp.TruncateTable)) or kind in ("TABLE", "VIEW"):
        walk_query(tree, tree, found)
    else:
        return None
    return found


def walk_query(tree, node, found):
    aliases = frozenset(lower(alias.name) for alias in tree.find_all(exp.TableAlias))
    names = frozenset()
    if node is not tree and isinstance(tree.args.get("with_"), exp.With):
        names = frozenset(lower(cte.alias) for cte in tree.args["with_"].expressions)
    walk(node, names, aliases, found)


def walk(node, names, aliases, found):
    """Adds the tables below a node. The parameter names contains the common table
    expressions that are visible at the node. The first part of a name may be an alias: the
    text t.items can be a column of the table t."""
    if isinstance(node, list):
        for item in node:
            walk(item, names, aliases, found)
        return
    if not isinstance(node, exp.Expression):
        return
    clause = node.args.get("with_")
    if isinstance(clause, exp.With):
        if clause.args.get("recursive"):
            names |= {lower(cte.alias) for cte in clause.expressions}
        for cte in clause.expressions:
            walk(cte.this, names, aliases, found)
            names |= {lower(cte.alias)}
    if isinstance(node, exp.Table) and isinstance(node.this, exp.Identifier):
        parts = [lower(part.name) for part in node.parts]
        if not (parts[0] in names if len(parts) == 1 else parts[0] in aliases):
            found.add(".".join(parts))
    for slot, value in node.args.items():
        if slot != "with_" and not (slot == "tables" and isinstance(node, exp.Delete)):
            walk(value, names, aliases, found)
