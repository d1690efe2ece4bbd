"""The page of a load's report: one self-contained HTML document, Chinese and English side by side, pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from html import escape
from typing import Any

from api.disclosure import base_name
from api.reports import offset as report_offset
from api.reports.issue_codes import CODES
from api.reports.map import Ring, draw, fate
from api.reports.style import STYLE
from cim.types import Box

_FATES = {"rejected": ("拒收", "rejected"), "repaired": ("已修复", "repaired"), "noted": ("提示", "noted")}
_MODES = {
    "replace": ("全量替换", "replaces the whole dataset"),
    "append": ("增量追加", "adds to the dataset"),
    "terminate": ("终止所列对象", "ends the objects it lists"),
    "rollback": ("恢复到先前版本", "restores an earlier version"),
    "retry": ("重试被拒收的记录", "takes rejected records in again"),
}
_STATES = {
    "published": ("已发布", "published"),
    "superseded": ("已被后来的版本取代", "superseded by a later version"),
    "failed": ("未发布：本次交付未通过", "not published: the delivery did not pass"),
    "loading": ("正在入库", "being loaded"),
}
_CHANGES = {
    "added": ("新增", "added"),
    "changed": ("属性变更", "changed"),
    "moved": ("位置变更", "moved"),
    "ended": ("终止", "ended"),
    "matched": ("认出为已有对象", "found to be known objects"),
    "restored": ("恢复", "restored"),
    "unchanged": ("未变", "unchanged"),
}


def render(
    report: Mapping[str, Any],
    *,
    city_name: str,
    city_name_en: str,
    extent: Box,
    outline: Sequence[Ring] | None,
    version: Mapping[str, Any],
) -> str:
    """The whole page, which asks nobody for anything: no script, no request.

    report: as the catalogue keeps it. extent: the city's, lon/lat degrees. outline: rings of lon/lat that are drawn as
    borders. version: its row of the catalogue (id, state, checksum, times ...); what is missing is left out.
    """
    if version.get("state") == "failed":
        report = {**report, **{name: _refused(report.get(name) or ()) for name in ("issues", "worst")}}
    title = f"{_text(report.get('dataset'))} · 数据质量报告"
    body = [
        _head(report, version, f"{city_name} {city_name_en}"),
        _counts(report),
        _changes(report),
        _offset(report),
        _codes(report),
        _map(report, extent, outline),
        _worst(report),
        _conflicts(report),
        _foot(version),
    ]
    return (
        f'<!doctype html>\n<html lang="zh-CN"><head><meta charset="utf-8"><title>{title}</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{STYLE}</style></head>'
        f"<body><main>{''.join(body)}</main></body></html>\n"
    )


def _refused(issues: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """What is wrong with a whole file that was not published is no note: it is why."""
    return [{**issue, "rejected": True} if issue.get("row") is None else issue for issue in issues]


def _text(value: Any) -> str:
    return escape(str(value), quote=True) if value is not None else "–"


def _both(pair: tuple[str, str]) -> str:
    return f"{escape(pair[0])} <small>{escape(pair[1])}</small>"


def _time(value: Any) -> str:
    """A time to the second with its UTC offset; whatever else came as it is."""
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S %z}".strip()
    return _text(value)


def _section(zh: str, en: str, inside: str) -> str:
    return f"<section><h2>{_both((zh, en))}</h2>{inside}</section>"


def _said(zh: str, en: str) -> str:
    return f'<p class="said">{_both((zh, en))}</p>'


def _head(report: Mapping[str, Any], version: Mapping[str, Any], city: str) -> str:
    state = str(version.get("state") or "")
    tags = f'<span class="state {_text(state)}">{_both(_STATES[state])}</span>' if state in _STATES else ""
    mode = str(report.get("mode") or version.get("mode") or "")
    ended = version.get("published_at") or version.get("ended_at") or version.get("started_at")
    seconds = report.get("seconds")
    rows = [
        ("文件", "File", _text(base_name(str(report.get("source") or version.get("location") or "")) or None)),
        ("图层", "Layer", _text(report.get("layer") or version.get("layer"))),
        ("方式", "Mode", _both(_MODES[mode]) if mode in _MODES else _text(mode or None)),
        ("坐标系", "Reference system", _text(version.get("crs"))),
        ("版本", "Version", _text(version.get("id"))),
        ("时间", "Time", _time(ended)),
        ("用时", "Took", "–" if seconds is None else f"{float(seconds):,.1f} s"),
        ("SHA-256", "", f"<code>{_text(version.get('checksum'))}</code>"),
    ]
    facts = "".join(f"<div><dt>{_both((zh, en)) if en else zh}</dt><dd>{value}</dd></div>" for zh, en, value in rows)
    heading = f"<h1>{_text(report.get('dataset'))}<small>数据质量报告 Data quality report</small></h1>"
    return f'<header><p class="city">{_text(city)}</p>{heading}{tags}<dl>{facts}</dl>{_circumstances(report)}</header>'


def _circumstances(report: Mapping[str, Any]) -> str:
    """What was out of the ordinary about the run."""
    resumed = int(report.get("resumed_at") or 0)
    out = ""
    if report.get("unchanged"):
        out += _said("文件与上次相同，没有重新入库。", "The file is the same as last time; it was not loaded again.")
    if report.get("preview"):
        out += _said("这是预览，没有作任何改动。", "This is a preview; nothing was changed.")
    if resumed:
        zh = f"接着上次中断处继续，此前已读入 {resumed:,} 条。"
        out += _said(zh, f"It went on where a run had broken off, behind {resumed:,} records.")
    return out


def _cards(cards: Sequence[tuple[str, tuple[str, str], int]]) -> str:
    inside = "".join(
        f'<div class="card {name}{"" if count else " none"}"><b>{count:,}</b><span>{_both(pair)}</span></div>'
        for name, pair, count in cards
    )
    return f'<div class="cards">{inside}</div>'


def _counts(report: Mapping[str, Any]) -> str:
    pairs = {"read": ("读入", "read"), "accepted": ("入库", "accepted"), **_FATES}
    order = ("read", "accepted", "repaired", "rejected", "noted")
    cards = [(name, pairs[name], int(report.get(name) or 0)) for name in order]
    good = _said("没有发现任何问题。", "Nothing was wrong with any record.")
    return _section("记录", "Records", _cards(cards) + ("" if report.get("by_code") else good))


def _changes(report: Mapping[str, Any]) -> str:
    changes = report.get("changes") or {}
    cards = [(name, pair, int(changes.get(name) or 0)) for name, pair in _CHANGES.items()]
    if not changes:
        return _section("变化", "What changed", _said("没有记录变化。", "No changes were recorded."))
    shown = [card for card in cards if card[0] not in ("restored", "matched") or card[2]]
    same = "" if any(n for name, _, n in cards if name != "unchanged") else _said("没有变化。", "Nothing changed.")
    return _section("变化", "What changed", _cards(shown) + same)


def _offset(report: Mapping[str, Any]) -> str:
    told = report_offset.sentences(report.get("photo_offset"))
    return "" if told is None else _section("轮廓与正射影像", "Outlines and the orthophoto", _said(*told))


def _codes(report: Mapping[str, Any]) -> str:
    """The table by code, the commonest first; what became of the records is known from the issues that were kept."""
    by_code: Mapping[str, int] = report.get("by_code") or {}
    if not by_code:
        return ""
    fates: dict[str, set[str]] = {}
    for issue in [*report.get("issues", ()), *report.get("worst", ())]:
        fates.setdefault(str(issue["code"]), set()).add(fate(issue))
    most = max(by_code.values())
    rows = []
    for code, count in sorted(by_code.items(), key=lambda pair: (-pair[1], pair[0])):
        known = [kind for kind in _FATES if kind in fates.get(code, set())]
        tags = "".join(f'<span class="tag {kind}">{_both(_FATES[kind])}</span>' for kind in known) or "–"
        zh, en = CODES.get(code, ("", ""))
        means = f"{_text(zh)}<br><small>{_text(en)}</small>" if zh else "<small>尚无说明 no explanation yet</small>"
        bar = f'<i class="bar {known[0] if known else "noted"}" style="width:{max(100 * count / most, 0.6):.1f}%"></i>'
        rows.append(
            f'<tr><td>{means}<br><code>{_text(code)}</code></td><td class="fate">{tags}</td>'
            f'<td class="number">{count:,}</td><td class="bars">{bar}</td></tr>'
        )
    head = "".join(
        f"<th>{_both(pair)}</th>" for pair in (("问题", "What was found"), ("处理", "What was done"), ("次数", "Count"))
    )
    table = f'<table class="codes"><thead><tr>{head}<th></th></tr></thead><tbody>{"".join(rows)}</tbody></table>'
    return _section("按问题类别", "By kind of issue", table + _left_out(report))


def _left_out(report: Mapping[str, Any]) -> str:
    count, kept = int(report.get("issues_left_out") or 0), len(report.get("issues") or ())
    if not count:
        return ""
    return _said(
        f"次数是全部的；逐条列出并标在图上的是前 {kept:,} 条，另有 {count:,} 条未逐条保留。",
        f"The counts are whole; one by one and on the map are the first {kept:,}, and {count:,} more were not kept singly.",
    )


def _map(report: Mapping[str, Any], extent: Box, outline: Sequence[Ring] | None) -> str:
    figure = draw(report, extent, outline)
    if figure is None:
        return _section("位置", "Where", _said("没有可以标在图上的位置。", "Nothing in this report has a place."))
    lost = sum(not issue.get("at") for issue in report.get("issues", ()))
    note = (
        _said(f"{lost:,} 个问题没有位置，不在图上。", f"Issues without a place, not on the map: {lost:,}.")
        if lost
        else ""
    )
    return _section("位置", "Where", figure + note)


def _worst(report: Mapping[str, Any]) -> str:
    """The worst records, one a line; several issues of one row stand together."""
    issues: Sequence[Mapping[str, Any]] = report.get("worst") or ()
    if not issues:
        return ""
    groups: dict[Any, list[Mapping[str, Any]]] = {}
    for n, issue in enumerate(issues):
        groups.setdefault(f"whole {n}" if issue.get("row") is None else issue["row"], []).append(issue)
    pairs = (("行", "Row"), ("问题", "What is wrong"), ("处理", "What was done"), ("位置", "Where"))
    head = "".join(f"<th>{_both(pair)}</th>" for pair in pairs)
    rows = "".join(_worst_row(found) for found in groups.values())
    table = f'<table class="worst"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>'
    return _section("最严重的记录", "The worst records", table)


def _worst_row(found: Sequence[Mapping[str, Any]]) -> str:
    first = found[0]
    row = "整个文件<br><small>whole file</small>" if first.get("row") is None else f"{first['row']:,}"
    wrong = "".join(
        f"<p><code>{_text(i['code'])}</code> {_text(CODES.get(str(i['code']), ('', ''))[0])}"
        f"<br><small>{_text(i['message'])}</small></p>"
        for i in found
    )
    kinds = list(dict.fromkeys(fate(issue) for issue in found))
    done = "".join(f'<span class="tag {kind}">{_both(_FATES[kind])}</span>' for kind in kinds)
    done += "".join(f"<br><small>{_text(i['repaired'])}</small>" for i in found if i.get("repaired"))
    at = next((i["at"] for i in found if i.get("at")), None)
    where = "–" if at is None else f"{float(at[0]):.5f}° E<br>{float(at[1]):.5f}° N"
    cells = f'<td class="number">{row}</td><td>{wrong}</td><td class="fate">{done}</td><td class="where">{where}</td>'
    return f"<tr>{cells}</tr>"


def _conflicts(report: Mapping[str, Any]) -> str:
    found: Sequence[Mapping[str, Any]] = report.get("conflicts") or ()
    count = int(report.get("conflicts_in_all") or len(found))
    if not count:
        return ""
    pairs = (("对象", "Object"), ("属性", "Attribute"), ("采用", "Taken"), ("未采用", "Not taken"), ("理由", "Why"))
    head = "".join(f"<th>{_both(pair)}</th>" for pair in pairs)
    rows = "".join(
        f"<tr><td>{_text(one['object'])}</td><td>{_text(one['attribute'])}</td>{_side(one['won'])}"
        f"{_side(one['lost'], one.get('against'))}"
        f"<td>{_text(one.get('why'))}<br><code>{_text(one.get('code'))}</code></td></tr>"
        for one in found
    )
    table = f'<table class="conflicts"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>'
    more = count - len(found)
    note = (
        _said(f"共 {count:,} 处，另有 {more:,} 处未列出。", f"{count:,} in all; {more:,} are not listed.")
        if more
        else ""
    )
    return _section("来源之间的矛盾", "Where sources disagree", _kinds(report) + table + note)


def _kinds(report: Mapping[str, Any]) -> str:
    """How many conflicts there are of each kind, the commonest first; older reports did not count them."""
    by_code: Mapping[str, int] = report.get("conflicts_by_code") or {}
    rows = "".join(
        f"<tr><td>{_both(CODES.get(code, ('', '')))}<br><code>{_text(code)}</code></td>"
        + f'<td class="number">{count:,}</td></tr>'
        for code, count in sorted(by_code.items(), key=lambda pair: (-pair[1], pair[0]))
    )
    return f'<table class="conflict-kinds"><tbody>{rows}</tbody></table>' if rows else ""


def _side(said: Mapping[str, Any], attribute: str | None = None) -> str:
    """What one source says; of another attribute than the row is about, with its name and that it stands as well."""
    value, source = _text(said.get("value")), _text(said.get("dataset"))
    if attribute is None:
        return f"<td>{value}<br><small>{source}</small></td>"
    return f"<td>{_text(attribute)} {value}<br><small>{source} · 均保留 both kept</small></td>"


def _foot(version: Mapping[str, Any]) -> str:
    restores = version.get("restores")
    if restores is None:
        return ""
    return f"<footer>{_both((f'本版本恢复了版本 {restores}。', f'This version restores version {restores}.'))}</footer>"
