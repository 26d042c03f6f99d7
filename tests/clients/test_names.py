import ast
import inspect
import sys
from pathlib import Path

import clients
from clients import errors


def test_what_is_exported_is_what_is_listed():
    modules = {name.removeprefix("clients.") for name in sys.modules if name.startswith("clients.")}
    public = {name for name in vars(clients) if not name.startswith("_")} - modules
    assert public | {"__version__"} == set(clients.__all__)
    assert clients.__all__ == sorted(clients.__all__, key=_isort)


def test_every_error_is_exported():
    assert {name for name, _ in _errors()} <= set(clients.__all__)


def test_every_error_stands_in_the_drawn_tree_below_its_parent():
    drawn: list[tuple[int, str]] = []
    parents = {}
    for line in errors.__doc__.splitlines():
        name = line.split()[0] if line.startswith("    ") else ""
        if name in dict(_errors()):
            depth = len(line) - len(line.lstrip())
            drawn = [each for each in drawn if each[0] < depth]
            parents[name] = drawn[-1][1] if drawn else "Exception"
            drawn.append((depth, name))
    assert parents == {name: kind.__bases__[0].__name__ for name, kind in _errors()}


def test_only_the_standard_library_and_the_package_itself_are_imported():
    for file in Path(clients.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Import):
                assert {each.name.partition(".")[0] for each in node.names} <= sys.stdlib_module_names
            if isinstance(node, ast.ImportFrom) and node.level == 0:
                assert node.module.partition(".")[0] in sys.stdlib_module_names


def _errors():
    return inspect.getmembers(errors, lambda each: inspect.isclass(each) and issubclass(each, errors.LRSError))


def _isort(name):
    """Constants first, then classes, then functions, as the linter sorts them."""
    return (0 if name.isupper() else 1 if name[0].isupper() else 2, name)
