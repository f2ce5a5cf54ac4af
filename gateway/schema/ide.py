"""The IDE for the browser: GraphiQL from the packages in `ide/`, so that the page needs nothing from the internet.

The packages are installed by `make setup` where npm is there. Without them Strawberry's own page is shown.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response

ROUTE: Final = "/graphql/ide/{name}"

_PACKAGES: Final = Path(__file__).resolve().parents[2] / "ide" / "node_modules"
FILES: Final[Mapping[str, Path]] = {
    "react.js": _PACKAGES / "react" / "umd" / "react.production.min.js",
    "react-dom.js": _PACKAGES / "react-dom" / "umd" / "react-dom.production.min.js",
    "graphiql.js": _PACKAGES / "graphiql" / "graphiql.min.js",
    "graphiql.css": _PACKAGES / "graphiql" / "graphiql.min.css",
}
"""What the page loads, and nothing else of those packages."""

EXAMPLE: Final = """\
# 您现在是公众。You are the public now. To be somebody else, put a token into Headers below:
#   gateway token --as staff@water    ->    {"Authorization": "Bearer ..."}
{
  datasets(first: 5) {
    totalCount
    nodes {
      title
      shareType
      openType
      provider { name }
      access { fetch { allowed requirement reason { zh en } next } }
    }
  }
}
"""

_PAGE: Final = """<!doctype html>
<html lang="zh-CN">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>公共数据网关 · The public data gateway</title>
<link rel="stylesheet" href="/graphql/ide/graphiql.css">
<style>html, body, #ide { height: 100%; margin: 0 }</style>
</head>
<body>
<div id="ide">…</div>
<script id="example" type="text/plain">__EXAMPLE__</script>
<script src="/graphql/ide/react.js"></script>
<script src="/graphql/ide/react-dom.js"></script>
<script src="/graphql/ide/graphiql.js"></script>
<script>
ReactDOM.createRoot(document.getElementById('ide')).render(React.createElement(GraphiQL, {
  fetcher: GraphiQL.createFetcher({ url: '/graphql' }),
  defaultQuery: document.getElementById('example').textContent,
  isHeadersEditorEnabled: true,
  shouldPersistHeaders: false,
}));
</script>
</body>
</html>
"""


def page(files: Mapping[str, Path] = FILES) -> str | None:
    """The page, or None when one of its files is not installed."""
    if not all(path.is_file() for path in files.values()):
        return None
    return _PAGE.replace("__EXAMPLE__", EXAMPLE)


async def ide_file(request: Request) -> Response:
    """One of the page's files."""
    path = FILES.get(request.path_params["name"])
    if path is None or not path.is_file():
        return PlainTextResponse("no such file of the IDE", status_code=404)
    return FileResponse(path, headers={"cache-control": "public, max-age=86400"})
