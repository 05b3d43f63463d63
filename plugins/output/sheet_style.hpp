#pragma once

#include <string_view>

namespace millrace::sheet {

/// The style of the page. Text has a contrast of at least 4.5:1 in both schemes.
inline constexpr std::string_view kStyle = R"css(
:root{color-scheme:light dark;--ground:#f5f6f8;--card:#fff;--line:#dde1e7;--ink:#1a2029;--soft:#556070;--accent:#0b6e63;
--on-accent:#fff;--chip:#edf0f4;--mat:#e7eaef}
@media (prefers-color-scheme:dark){:root{--ground:#12161c;--card:#1b212a;--line:#313a47;--ink:#e8ecf2;--soft:#a3afbf;
--accent:#4fd1bd;--on-accent:#06231f;--chip:#27303c;--mat:#0c1015}}
*{box-sizing:border-box}
body{margin:0;background:var(--ground);color:var(--ink);font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
header,main,footer{max-width:110rem;margin:0 auto;padding:0 clamp(1rem,3vw,3rem)}
header{padding-top:2.5rem;padding-bottom:1rem}
h1{font-size:clamp(1.5rem,3vw,2.1rem);line-height:1.2;margin:0 0 .35rem;letter-spacing:-.01em}
.facts{margin:0;color:var(--soft)}
.facts span+span::before{content:"·";margin:0 .5em}
.legends{display:flex;flex-wrap:wrap;gap:.4rem 2.5rem;margin-top:1.1rem}
.legend{display:flex;flex-wrap:wrap;align-items:center;gap:.4rem;margin:0;padding:0;list-style:none}
.legend>li:first-child{color:var(--soft);margin-right:.2rem}
.chip{display:inline-block;background:var(--chip);border-radius:999px;padding:.08rem .6rem;font-size:.82rem;white-space:nowrap;
max-width:100%;overflow:hidden;text-overflow:ellipsis}
.chip b{font-weight:600}
.swatch{display:inline-block;width:.7rem;height:.7rem;border-radius:3px;margin-right:.4rem;vertical-align:-.02rem;
border:1px solid #0008}
.toggle{position:sticky;top:0;z-index:2;background:var(--ground);border-bottom:1px solid var(--line)}
.toggle label{display:block;max-width:110rem;margin:0 auto;padding:.6rem clamp(1rem,3vw,3rem);cursor:pointer}
.toggle input{width:1.05rem;height:1.05rem;margin:0 .5rem 0 0;vertical-align:-.16rem;accent-color:var(--accent)}
.toggle:has(input:not(:checked))~main .overlay{display:none}
main{--gap:1rem;display:flex;flex-wrap:wrap;gap:2rem var(--gap);padding-top:1.6rem}
.group{--track:max(11rem,(100% - (var(--columns) - 1)*var(--gap))/var(--columns) - .1px);min-width:min(100%,11rem);
width:min(100%,var(--track)*var(--side) + var(--gap)*(var(--side) - 1))}
.group-head{margin-bottom:.6rem}
.group-head div{display:flex;flex-wrap:wrap;align-items:baseline;gap:.2rem .7rem}
.group h2{font-size:1.05rem;margin:0;overflow-wrap:anywhere}
.address,.name{overflow:hidden;text-overflow:ellipsis;white-space:nowrap;min-width:0}
.address{margin:.1rem 0 0;color:var(--soft);font:.78rem/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}
.tiles{display:grid;gap:var(--gap);list-style:none;margin:0;padding:0;grid-template-columns:repeat(auto-fill,
minmax(max(min(100%,11rem),(100% - (var(--side) - 1)*var(--gap))/var(--side) - .1px),1fr))}
figure{margin:0;height:100%;background:var(--card);border:1px solid var(--line);border-radius:10px;overflow:hidden;
display:flex;flex-direction:column}
.source figure{border-color:var(--accent);box-shadow:0 0 0 1px var(--accent)}
.frame{position:relative;aspect-ratio:4/3;background:var(--mat)}
.frame img,.frame svg{position:absolute;inset:0;width:100%;height:100%}
.frame img{object-fit:contain;image-orientation:none}
.missing{position:absolute;inset:0;display:grid;place-content:center;text-align:center;padding:1rem;color:var(--soft);
font-size:.88rem;overflow-wrap:anywhere}
.badge{background:var(--accent);color:var(--on-accent);font-weight:600}
figcaption{padding:.55rem .7rem .7rem;font-size:.86rem;display:flex;flex-direction:column;gap:.35rem;min-width:0}
.steps{display:flex;flex-wrap:wrap;gap:.3rem;align-items:center}
.steps .step{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;font-size:.8rem}
.meta{display:flex;gap:.6rem;justify-content:space-between;color:var(--soft);font-size:.78rem}
.size{white-space:nowrap}
.overlay polygon{stroke-width:2.5;vector-effect:non-scaling-stroke;fill-opacity:.14;stroke-linejoin:round}
.overlay text{font-family:system-ui,sans-serif;font-weight:600;fill:#fff;stroke:#000c;stroke-width:.22em;paint-order:stroke}
footer{color:var(--soft);font-size:.85rem;padding-top:1.5rem;padding-bottom:3rem}
@media print{.toggle{display:none}.group,figure{break-inside:avoid}}
)css";

}  // namespace millrace::sheet
