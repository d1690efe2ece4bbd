"""How a report's page looks: calm, dark on white, from the machine's own fonts, fit to print."""

STYLE = """\
:root{--ink:#1b2430;--soft:#5b6776;--line:#dfe4ea;--blue:#2563a8;--red:#b3261e;--amber:#a76400;--grey:#66758a}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%}
body{margin:0;background:#fff;color:var(--ink);font:15px/1.5 system-ui,-apple-system,"Segoe UI","Noto Sans SC",
"Noto Sans CJK SC","Source Han Sans SC","PingFang SC","Microsoft YaHei",sans-serif}
main{max-width:1000px;margin:0 auto;padding:36px 28px 60px}
small{color:var(--soft);font-size:.86em}
code{font:12.5px/1.4 ui-monospace,"SF Mono",Menlo,Consolas,"Noto Sans Mono CJK SC",monospace;color:#3d4a5a;
overflow-wrap:anywhere}
header{border-bottom:2px solid var(--ink);padding-bottom:18px}
.city{margin:0;color:var(--soft)}
h1{display:flex;flex-wrap:wrap;align-items:baseline;gap:4px 16px;margin:2px 0 10px;font-size:30px;line-height:1.25;
overflow-wrap:anywhere}
h1 small{font-size:16px;font-weight:400}
h2{margin:34px 0 12px;font-size:18px}
h2 small{font-weight:400}
dl{display:grid;grid-template-columns:repeat(4,1fr);gap:10px 24px;margin:16px 0 0}
dl div:last-child{grid-column:1/-1}
dt{color:var(--soft);font-size:13px}
dd{margin:0;overflow-wrap:anywhere}
.state,.tag{display:inline-block;border-radius:3px;padding:1px 8px;border:1px solid;font-size:13.5px;white-space:nowrap}
.state{white-space:normal}
.state small,.tag small{color:inherit}
.state.published{color:#1e6b3a;border-color:#a9d1b6;background:#f2faf4}
.state.failed,.tag.rejected{color:var(--red);border-color:#ecc4c0;background:#fdf5f4}
.state.superseded,.state.loading,.tag.noted{color:var(--grey);border-color:#d3d9e1;background:#f7f9fb}
.tag.repaired{color:var(--amber);border-color:#ead6b0;background:#fdf9f0}
.tag{margin:0 4px 3px 0}
.cards{display:flex;flex-wrap:wrap;gap:10px}
.card{flex:1 0 104px;min-width:max-content;border:1px solid var(--line);border-radius:4px;padding:10px 14px}
.card b{display:block;font-size:27px;line-height:1.25;font-weight:600;font-variant-numeric:tabular-nums}
.card.none b{color:#a3acb8;font-weight:400}
.card.rejected:not(.none) b{color:var(--red)}
.card.repaired:not(.none) b{color:var(--amber)}
.said{margin:12px 0 0}
table{width:100%;border-collapse:collapse}
th{text-align:left;font-weight:600;font-size:13.5px;padding:6px 12px 6px 0;border-bottom:1px solid var(--ink)}
th small{font-weight:400}
td{vertical-align:top;padding:8px 12px 8px 0;border-bottom:1px solid var(--line);overflow-wrap:anywhere}
td p{margin:0 0 6px}
td p:last-child{margin:0}
.number{white-space:nowrap;font-variant-numeric:tabular-nums}
.codes .number,.conflict-kinds .number{text-align:right}
.codes th:nth-child(3){text-align:right}
.codes .bars{width:26%;padding:13px 0 8px}
.fate{width:19%}
.where{white-space:nowrap;font-variant-numeric:tabular-nums;padding-right:0}
.bar{display:block;height:12px;border-radius:2px;background:var(--grey)}
.bar.rejected{background:var(--red)}
.bar.repaired{background:#d99a2b}
figure.map{display:grid;grid-template-columns:minmax(0,1fr) 190px;gap:20px;margin:0;align-items:start}
figure.map>svg{width:100%;height:auto;border:1px solid var(--line);background:#f3f6f9;display:block}
figcaption ul{list-style:none;margin:0;padding:0}
figcaption li{display:grid;grid-template-columns:24px 1fr;align-items:start;line-height:1.35;margin:0 0 8px}
figcaption li svg{width:16px;height:16px;margin-top:2px}
figcaption p{margin:10px 0 0}
.inset{margin:0 0 14px}
.inset svg{display:block;width:168px;border:1px solid var(--line);background:#f3f6f9;margin-bottom:3px}
.wash{width:16px;height:12px;margin-top:4px;background:var(--blue);opacity:.5;display:inline-block}
.wash.bad{background:none;border:1.6px solid var(--red);opacity:.8}
.land{fill:#fff;stroke:none}
.edge,.inset .land{fill:none;stroke:#9aa7b6;stroke-width:.9;stroke-linejoin:round}
.inset .land{fill:#fff;stroke-width:.6}
.here{fill:#2563a822;stroke:var(--blue);stroke-width:1.4}
.line{stroke:#c9d2dc;stroke-width:.5;stroke-dasharray:2 4;fill:none}
.degree{font-size:10.5px;fill:#66758a}
.label{font-size:12px;fill:var(--ink)}
.degree,.label{paint-order:stroke;stroke:#fff;stroke-width:3px;stroke-linejoin:round}
.scale{stroke:var(--ink);stroke-width:1.3;fill:none}
.good{fill:var(--blue)}
.bad{fill:none;stroke:var(--red);stroke-width:1.3}
.mark{stroke-linejoin:round;stroke-linecap:round}
.mark.rejected{stroke:var(--red);stroke-width:1.7;fill:none}
.mark.repaired{stroke:#8a5200;stroke-width:1;fill:#f3b94f}
.mark.noted{stroke:#3c4959;stroke-width:.9;fill:#c3ccd7}
footer{margin-top:34px;color:var(--soft)}
@media screen and (max-width:720px){
main{padding:22px 16px 40px}
h1{font-size:25px}
.card{padding:8px 10px}
.card b{font-size:22px}
.card small{display:block}
dl{grid-template-columns:repeat(2,1fr)}
figure.map{grid-template-columns:1fr}
figcaption{display:flex;gap:8px 24px;flex-wrap:wrap}
figcaption ul{flex:1}
figcaption p{flex-basis:100%;margin:0}
.codes .bars{width:17%}
.fate{width:auto}
td,th{padding-right:9px}
.tag small{display:block}
}
@page{size:A4;margin:14mm}
@media print{
body{font-size:10.5pt;-webkit-print-color-adjust:exact;print-color-adjust:exact}
main{max-width:none;padding:0}
h1{font-size:20pt}
h2{margin-top:20pt;break-after:avoid}
tr,.card,figure{break-inside:avoid}
thead{display:table-header-group}
}
"""
