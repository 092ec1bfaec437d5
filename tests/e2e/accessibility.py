"""What axe finds on a screen."""

from __future__ import annotations

import json
from pathlib import Path

from playwright.sync_api import Page

AXE = Path(__file__).parents[2] / "node_modules/axe-core/axe.min.js"
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def expect_no_finding(page: Page, where: str) -> None:
    page.evaluate(AXE.read_text(encoding="utf-8"))
    result = page.evaluate("(tags) => axe.run(document, { runOnly: tags })", WCAG)
    findings = [
        (finding["id"], [node["html"] for node in finding["nodes"]]) for finding in result["violations"]
    ]
    assert findings == [], f"{where}: {json.dumps(findings, indent=1, ensure_ascii=False)}"
