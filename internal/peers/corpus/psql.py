"""Reads the SQL of psql scripts. The scanner and the parser of PostgreSQL, in pglast, find
the literals, the operation and the tables."""

import re

from canary import BITS, HEX, NUMBER, STRING, Literal
from pglast import ast, enums
from names import lower
from pglast.parser import ParseError, parse_sql, scan

TOKEN = re.compile(
    r"""(?P<line>--[^\n]*)
    |(?P<block>/\*)
    |(?P<string>[eE]'(?:[^'\\]|\\.|'')*'|'(?:[^']|'')*'|"(?:[^"]|"")*")
    |(?P<tagged>\$(?P<tag>(?:[^\W\d]\w*)?)\$)
    |(?P<word>[^\W\d][\w$]*|[\w$]+)
    |(?P<end>;)
    |(?P<meta>\\[^\n]*)
    |(?P<open>\()
    |(?P<close>\))
    |(?P<other>\s+|.)""",
    re.S | re.X,
)
SENDING = re.compile(r"\\(g|gx|gset|gexec|gdesc|crosstabview|watch|bind|bind_named|parse|sendpipeline)\b")
COPY_DATA = re.compile(r"(?is)(?:\s|--[^\n]*\n)*copy\b.*\bfrom\s+stdin\b")
ROUTINE = re.compile(r"(?is)(?:\s|--[^\n]*\n)*create\s+(or\s+replace\s+)?(function|procedure)\b")
BLOCK_COMMENT = re.compile(r"/\*|\*/")


class Script:
    """The text of one psql script."""

    def __init__(self, text):
        self.text, self.at = text, 0

    def statements(self):
        """Yields the statements that psql sends to a server, without their semicolons."""
        buffer, depth, blocks = [], 0, 0
        while self.at < len(self.text):
            token = TOKEN.match(self.text, self.at)
            text = self.take(token)
            if token.lastgroup == "meta" and text.startswith("\\;"):
                self.at = token.start() + 2
                buffer.append(";")
                continue
            ended = token.lastgroup == "end" and depth == 0 and blocks == 0
            if not ended and token.lastgroup != "meta":
                buffer.append(text)
                depth = max(0, depth + (token.lastgroup == "open") - (token.lastgroup == "close"))
                if token.lastgroup == "word":
                    blocks += self.nesting(text.lower(), blocks, buffer)
                continue
            if ended or SENDING.match(text):
                statement = "".join(buffer).strip()
                buffer, depth, blocks = [], 0, 0
                if COPY_DATA.match(statement):
                    self.skip_data()
                if statement:
                    yield statement

    def take(self, token):
        """Moves behind the token and returns its text."""
        end = token.end()
        if token.lastgroup == "block":
            end = self.end_of_block(end)
        elif token["tagged"]:
            found = self.text.find(token["tagged"], end)
            end = len(self.text) if found < 0 else found + len(token["tagged"])
        self.at = end
        return self.text[token.start() : end]

    def end_of_block(self, at):
        depth = 1
        for found in BLOCK_COMMENT.finditer(self.text, at):
            depth += 1 if found[0] == "/*" else -1
            if depth == 0:
                return found.end()
        return len(self.text)

    def nesting(self, word, blocks, buffer):
        """Returns by how much a word changes the number of open blocks in the body of a
        routine, which can contain semicolons."""
        if word == "begin" and ROUTINE.match("".join(buffer)) or word == "case" and blocks:
            return 1
        return -1 if word == "end" and blocks else 0

    def skip_data(self):
        found = re.compile(r"^\\\.[^\n]*$", re.M).search(self.text, self.at)
        if found:
            self.at = found.end()


KINDS = {"SCONST": STRING, "USCONST": STRING, "ICONST": NUMBER, "FCONST": NUMBER, "BCONST": BITS, "XCONST": HEX}


def lex(sql):
    """Returns the kinds of the tokens, and the literals. The escape character after UESCAPE
    must stay a single character, so it is no literal here."""
    kinds, literals = [], []
    for token in scan(sql):
        escape = kinds and kinds[-1] == "UESCAPE"
        kinds.append("NUMBER" if token.name in ("ICONST", "FCONST") else token.name)
        if token.name in KINDS and not escape:
            literals.append(Literal(token.start, token.end + 1, KINDS[token.name]))
    return kinds, literals


QUERIES = {
    ast.SelectStmt: "SELECT",
    ast.InsertStmt: "INSERT",
    ast.UpdateStmt: "UPDATE",
    ast.DeleteStmt: "DELETE",
    ast.MergeStmt: "MERGE",
}
# Statements that name tables and no other objects, besides the queries.
ON_TABLES = (
    ast.CreateTableAsStmt, ast.ViewStmt, ast.TruncateStmt, ast.LockStmt, ast.CopyStmt, ast.RefreshMatViewStmt,
    ast.ExplainStmt, ast.DeclareCursorStmt,
)  # fmt: skip
DEFINED = {
    ast.CreateStmt: "TABLE", ast.CreateForeignTableStmt: "TABLE", ast.ViewStmt: "VIEW", ast.IndexStmt: "INDEX", ast.CreateSeqStmt: "SEQUENCE",
    ast.AlterSeqStmt: "SEQUENCE", ast.CreateSchemaStmt: "SCHEMA", ast.CreatedbStmt: "DATABASE", ast.DropdbStmt: "DATABASE",
    ast.AlterDatabaseStmt: "DATABASE", ast.CreateTrigStmt: "TRIGGER", ast.CompositeTypeStmt: "TYPE",
    ast.CreateEnumStmt: "TYPE", ast.CreateRangeStmt: "TYPE", ast.AlterEnumStmt: "TYPE", ast.CreateExtensionStmt: "EXTENSION",
    ast.CreateDomainStmt: "DOMAIN", ast.AlterDomainStmt: "DOMAIN", ast.AlterTypeStmt: "TYPE",
    ast.AlterDatabaseSetStmt: "DATABASE", ast.AlterDatabaseRefreshCollStmt: "DATABASE",
}  # fmt: skip
# The kinds of objects that db.operation.name contains after CREATE, ALTER or DROP.
NAMED = frozenset("TABLE VIEW INDEX SEQUENCE SCHEMA DATABASE FUNCTION PROCEDURE TRIGGER TYPE EXTENSION DOMAIN".split())
TABLES = frozenset((enums.ObjectType.OBJECT_TABLE, enums.ObjectType.OBJECT_VIEW, enums.ObjectType.OBJECT_MATVIEW, enums.ObjectType.OBJECT_FOREIGN_TABLE))


def describe(sql):
    """Returns what PostgreSQL's parser reads in a statement: a dictionary with the accepted
    operations and the tables. It is empty if the text is not one complete statement.
    Transaction commands have no span, so they have no operation here."""
    try:
        statements = parse_sql(sql)
    except ParseError:
        return {}
    if len(statements) != 1 or isinstance(statements[0].stmt, ast.TransactionStmt):
        return {}
    statement = statements[0].stmt
    return {"operations": operations(statement, sql), **tables(statement)}


def operations(statement, sql):
    if type(statement) in QUERIES:
        found = QUERIES[type(statement)]
        # VALUES and TABLE are queries of their own.
        return [found] + [word for word in leading(sql)[:1] if found == "SELECT" and word in ("VALUES", "TABLE")]
    words = leading(sql)
    if words[0] not in ("CREATE", "ALTER", "DROP"):
        return words[:1]
    kind = object_kind(statement)
    if kind in NAMED:
        return [f"{words[0]} {kind}"]
    return [words[0]] + [f"{words[0]} {kind}"] * bool(kind)


def leading(sql):
    """Returns the words of a statement, in upper case."""
    return [sql[t.start : t.end + 1].upper() for t in scan(sql) if t.kind != "NO_KEYWORD" or t.name == "IDENT"] or [""]


def object_kind(statement):
    """Returns the kind of the object that a statement creates, changes or drops. A foreign
    table is a table, and a materialized view is a view."""
    if type(statement) in DEFINED:
        return DEFINED[type(statement)]
    if isinstance(statement, ast.CreateFunctionStmt):
        return "PROCEDURE" if statement.is_procedure else "FUNCTION"
    for slot in ("removeType", "renameType", "objtype", "objectType", "kind"):
        value = getattr(statement, slot, None)
        if isinstance(value, enums.ObjectType):
            if value in (enums.ObjectType.OBJECT_COLUMN, enums.ObjectType.OBJECT_ATTRIBUTE):
                value = statement.relationType
            name = value.name.removeprefix("OBJECT_")
            return KINDS_OF.get(name, name.replace("_", " "))
    return ""


KINDS_OF = {"MATVIEW": "VIEW", "FOREIGN_TABLE": "TABLE", "TABCONSTRAINT": "TABLE", "DOMCONSTRAINT": "DOMAIN"}


def tables(statement):
    """Returns the tables. If a statement is about another object, only db.collection.name is
    compared, because a summary may name other objects."""
    if isinstance(statement, ast.IndexStmt):
        return {"tables": [name_of(statement.relation)], "collection_only": True}
    if isinstance(statement, (ast.CreateStmt, ast.CreateForeignTableStmt)):
        created = statement.base if isinstance(statement, ast.CreateForeignTableStmt) else statement
        return {"tables": [name_of(created.relation)]}  # without referenced and inherited tables
    if type(statement) in QUERIES or isinstance(statement, ON_TABLES):
        found = set()
        walk(statement, frozenset(), found)
        prepared = isinstance(getattr(statement, "query", None), ast.ExecuteStmt)
        return {"tables": sorted(found)} | ({"collection_only": True} if prepared else {})
    kind = next((getattr(statement, slot) for slot in ("removeType", "objtype") if isinstance(getattr(statement, slot, None), enums.ObjectType)), None)
    if isinstance(statement, ast.DropStmt) and kind in TABLES:
        return {"tables": sorted({lower(".".join(part.sval for part in name)) for name in statement.objects})}
    if isinstance(statement, ast.AlterTableStmt) and kind in TABLES:
        return {"tables": [name_of(statement.relation)]}
    if isinstance(statement, (ast.CallStmt, ast.CreateFunctionStmt, ast.CreateSeqStmt, ast.CreateEnumStmt, ast.CompositeTypeStmt, ast.DropStmt)):
        return {"tables": [], "collection_only": True}
    return {}


def name_of(relation):
    return lower(".".join(part for part in (relation.catalogname, relation.schemaname, relation.relname) if part))


def walk(node, names, found):
    """Adds the tables below a node. The parameter names contains the common table
    expressions that are visible at the node."""
    if isinstance(node, (tuple, list)):
        for item in node:
            walk(item, names, found)
        return
    if not isinstance(node, ast.Node):
        return
    if isinstance(node, ast.RangeVar):
        if node.schemaname or node.relname not in names:
            found.add(name_of(node))
        return
    clause = getattr(node, "withClause", None)
    if clause:
        if clause.recursive:
            names |= {cte.ctename for cte in clause.ctes}
        for cte in clause.ctes:
            walk(cte.ctequery, names, found)
            names |= {cte.ctename}
    target = getattr(node, "relation", None)
    if isinstance(target, ast.RangeVar) and isinstance(node, (ast.InsertStmt, ast.UpdateStmt, ast.DeleteStmt, ast.MergeStmt)):
        found.add(name_of(target))  # never a common table expression
    for slot in node:
        if slot not in ("withClause", "lockingClause") and not (slot == "relation" and target is getattr(node, slot) and type(node) in QUERIES):
            walk(getattr(node, slot), names, found)
