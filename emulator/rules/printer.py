"""A syntax tree back to text. Parsing the text gives the same tree but for positions; comments are gone."""

import re
from collections.abc import Iterable
from typing import Final

from emulator.rules import ast
from emulator.rules.types.registry import Value

# How tightly each form binds, as in the parser's table.
_CONDITIONAL, _OR, _AND, _EQUALITY, _RELATION, _SUM, _PRODUCT, _UNARY, _POSTFIX = range(9)
_BINARY: Final = {
    "==": _EQUALITY, "!=": _EQUALITY,
    "<": _RELATION, "<=": _RELATION, ">": _RELATION, ">=": _RELATION, "in": _RELATION,
    "+": _SUM, "-": _SUM, "*": _PRODUCT, "/": _PRODUCT, "%": _PRODUCT,
}  # fmt: skip

_ESCAPES: Final = {"\\": "\\\\", "'": "\\'", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
_ESCAPED: Final = re.compile("[\\\\'\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


def print_file(file: ast.File) -> str:
    lines = [f"rules_version = '{file.version}';"]
    for function in file.functions:
        lines += _function(function)
    for service in file.services:
        inner = [line for function in service.functions for line in _function(function)]
        inner += [line for match in service.matches for line in _match(match)]
        lines += [f"service {service.name} {{", *_indented(inner), "}"]
    return "\n".join(lines) + "\n"


def print_expression(expression: ast.Expression) -> str:
    """The expression on one line."""
    return _printed(expression)[0]


def print_path(path: Iterable[ast.Segment]) -> str:
    return "".join(f"/{_segment(segment)}" for segment in path)


def print_string(text: str) -> str:
    """The text as a literal in single quotes."""
    return "'" + _ESCAPED.sub(lambda found: _ESCAPES.get(found[0]) or f"\\u{ord(found[0]):04x}", text) + "'"


# ---- declarations


def _indented(lines: Iterable[str]) -> list[str]:
    return [f"  {line}" for line in lines]


def _segment(segment: ast.Segment) -> str:
    if not segment.is_capture:
        return segment.text
    return f"{{{segment.text}{'=**' if segment.is_glob else ''}}}"


def _match(match: ast.Match) -> list[str]:
    inner = [line for function in match.functions for line in _function(function)]
    inner += [_allow(allow) for allow in match.allows]
    inner += [line for nested in match.matches for line in _match(nested)]
    return [f"match {print_path(match.path)} {{", *_indented(inner), "}"]


def _allow(allow: ast.Allow) -> str:
    condition = "" if allow.condition is None else f": if {print_expression(allow.condition)}"
    return f"allow {', '.join(allow.methods)}{condition};"


def _function(function: ast.Function) -> list[str]:
    lets = [f"let {let.name} = {print_expression(let.value)};" for let in function.lets]
    inner = [*lets, f"return {print_expression(function.result)};"]
    return [f"function {function.name}({', '.join(function.parameters)}) {{", *_indented(inner), "}"]


# ---- expressions


def _within(expression: ast.Expression, least: int) -> str:
    """The expression, in parentheses where it binds less tightly than its place asks."""
    text, level = _printed(expression)
    return text if level >= least else f"({text})"


def _target(expression: ast.Expression) -> str:
    """What a member or an index follows: after a digit or a path it would be read as part of that."""
    text = _within(expression, _POSTFIX)
    if isinstance(expression, ast.PathLiteral) or (
        isinstance(expression, ast.Literal) and type(expression.value) in (int, float)
    ):
        return f"({text})"
    return text


def _printed(node: ast.Expression) -> tuple[str, int]:
    """The text and how tightly it binds."""
    match node:
        case ast.Literal(value=value):
            return _literal(value), _POSTFIX
        case ast.Variable(name=name):
            return name, _POSTFIX
        case ast.Member(target=target, name=name):
            return f"{_target(target)}.{name}", _POSTFIX
        case ast.MethodCall(target=target, name=name, arguments=arguments):
            return f"{_target(target)}.{name}({_listed(arguments)})", _POSTFIX
        case ast.Call(name=name, arguments=arguments):
            return f"{name}({_listed(arguments)})", _POSTFIX
        case ast.Index(target=target, place=place):
            return f"{_target(target)}[{print_expression(place)}]", _POSTFIX
        case ast.Slice(target=target, lower=lower, upper=upper):
            # A colon right after a path would be read as part of it.
            colon = ":" if isinstance(lower, ast.Literal) else " : "
            return f"{_target(target)}[{print_expression(lower)}{colon}{print_expression(upper)}]", _POSTFIX
        case ast.ListLiteral(items=items):
            return f"[{_listed(items)}]", _POSTFIX
        case ast.MapLiteral(entries=entries):
            pairs = [f"{print_string(name)}: {print_expression(value)}" for name, value in entries]
            return f"{{{', '.join(pairs)}}}", _POSTFIX
        case ast.PathLiteral(segments=segments):
            return "".join(_path_segment(segment) for segment in segments), _POSTFIX
        case ast.Unary():
            return _unary(node), _UNARY
        case ast.Binary(operator=operator, left=left, right=right):
            level = _BINARY[operator]
            return f"{_within(left, level)} {operator} {_within(right, level + 1)}", level
        case ast.TypeTest(operand=operand, type_name=type_name):
            return f"{_within(operand, _RELATION)} is {type_name}", _RELATION
        case ast.Logical(operator=operator, operands=operands):
            level = _OR if operator == "||" else _AND
            return f" {operator} ".join(_within(operand, level + 1) for operand in operands), level
        case ast.Conditional(condition=condition, when_true=when_true, when_false=when_false):
            branches = f"{print_expression(when_true)} : {print_expression(when_false)}"
            return f"{_within(condition, _OR)} ? {branches}", _CONDITIONAL


def _unary(node: ast.Unary) -> str:
    """A minus before a digit would be read as the sign of the literal."""
    operand = _within(node.operand, _UNARY)
    is_signed = node.operator == "-" and operand[0].isdigit()
    return f"{node.operator}({operand})" if is_signed else f"{node.operator}{operand}"


def _listed(items: Iterable[ast.Expression]) -> str:
    return ", ".join(print_expression(item) for item in items)


def _path_segment(segment: str | ast.Expression) -> str:
    return f"/{segment}" if isinstance(segment, str) else f"/$({print_expression(segment)})"


def _literal(value: Value) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return _float(value)
    return str(value) if isinstance(value, int) else print_string(value)


def _float(value: float) -> str:
    if value == float("inf"):
        return "1.0e999"
    mantissa, mark, exponent = repr(value).partition("e")
    return mantissa + ("" if "." in mantissa else ".0") + mark + exponent
