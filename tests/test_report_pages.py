"""The report as a reader sees it: all of every picture can be scrolled to."""

import json
import re
import shutil
import subprocess

import pytest
from running import snakemake

from workflow_lib.figures.style import MAX_PROPORTION

pytestmark = pytest.mark.slow
BROWSER = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), ""
)
# Shows every picture as the viewer does, and one that is as tall as pictures may be; measures where
# their ends are when the view is scrolled to its top and its end. The page is only read once it has
# loaded, with all of its pictures: so they are put into it before,
# and then into the place of the viewer's picture.
MEASURE = """
<script>
const tall = document.createElement("canvas");
tall.width = 1000; tall.height = 1000 * PROPORTION;
const pictures = {tall: tall.toDataURL()};
for (const [path, result] of Object.entries(results))
  if (result.mime_type.startsWith("image/")) pictures[path] = result.data_uri;
const place = {navbarMode: "resultinfo", resultPath: Object.keys(results)[0], content: "img"};
ReactDOM.flushSync(() => root.render(e(App)));
ReactDOM.flushSync(() => app.setView({...place, contentPath: pictures.tall}));
const ready = {};
for (const [path, uri] of Object.entries(pictures)) {
  ready[path] = new Image();
  ready[path].src = uri;
  document.body.append(ready[path]);
}
window.addEventListener("load", () => {
  const found = {}, frame = document.querySelector("div.h-screen.overflow-auto > div:has(> img)");
  const view = frame.parentElement;
  for (const [path, picture] of Object.entries(ready)) {
    frame.replaceChildren(picture);
    view.scrollTop = 0;
    const upper = picture.getBoundingClientRect();
    view.scrollTop = 1e6;
    const lower = picture.getBoundingClientRect();
    found[path] = [upper.top, lower.bottom, upper.width, upper.height, view.clientHeight];
  }
  const said = document.createElement("pre");
  said.id = "measured"; said.textContent = JSON.stringify(found);
  document.body.append(said);
});
</script>
</body>"""


@pytest.fixture(scope="module")
def report(checkout, finished, tmp_path_factory):
    """The report of the mini project."""
    path = tmp_path_factory.mktemp("report") / "report.html"
    snakemake(checkout, finished, "--report", str(path))
    return path


def test_the_report_has_the_style_sheet_and_what_it_is_for(report, root):
    page, sheet = report.read_text(), (root / "profiles/default/report.css").read_text()
    assert sheet.strip() in page
    # The part of Snakemake's viewer that holds a picture.
    assert re.search(r'className: "[^"]*items-center[^"]* h-screen [^"]*"', page)


@pytest.mark.skipif(not BROWSER, reason="no Chromium here")
def test_the_top_of_every_picture_can_be_scrolled_to(report, tmp_path):
    measuring = tmp_path / "report.html"
    page, script = report.read_text(), MEASURE.replace("PROPORTION", str(MAX_PROPORTION))
    measuring.write_text(script.join(page.rsplit("</body>", 1)))
    # With the frame of the window, the page has the 768 pixels of a small screen.
    command = [BROWSER, "--headless", "--no-sandbox", "--disable-gpu", "--window-size=1366,911"]
    command += [f"--user-data-dir={tmp_path / 'profile'}"]
    done = subprocess.run(
        [*command, "--dump-dom", measuring.as_uri()], capture_output=True, text=True, timeout=120
    )
    measured = re.search(r'<pre id="measured">(.*?)</pre>', done.stdout)
    assert measured, done.stderr
    found = json.loads(measured[1])
    assert len(found) >= 14 and found["tall"][3] > found["tall"][4]  # taller than the window
    for path, (top, bottom, width, height, window) in found.items():
        assert width > 300 and height > 100, path
        assert 0 <= top and bottom <= window, (path, top, bottom, window)
