"""Makes a PDF: JSON on standard input, the file on standard output.

Run as a script in a process of its own, without our environment and with bounded time and memory: what it
typesets was said by strangers. The one thing a newcomer would get wrong: the texts are data. The template,
that of transcripts below or the file that the first argument names, is all the markup there is; a `#` or `$`
somebody said is a letter.
"""

import ctypes
import resource
import signal
import sys
from pathlib import Path

import typst

PR_SET_PDEATHSIG = 1
MAX_MEMORY_BYTES = 4 * 1024**3
MAX_CPU_S = 30
TEMPLATE = b"""
#let shown = json(bytes(sys.inputs.shown))
#set document(title: shown.title)
#set page(paper: "a4", margin: 2cm, numbering: "1 / 1")
#set text(font: ("Libertinus Serif", "DejaVu Sans Mono"), size: 10pt, lang: "en", region: "au")
#set text(hyphenate: false)
#set par(linebreaks: "simple")
#text(size: 18pt, weight: "bold", shown.title)
#for (name, value) in shown.facts [
  #text(weight: "bold", name): #text(value) \\
]
#for note in shown.notes [#text(style: "italic", note) \\ ]
#line(length: 100%, stroke: 0.5pt)
#for turn in shown.turns {
  block(above: 1em, {
    text(weight: "bold", turn.speaker)
    if turn.at != "" { text(fill: luma(35%), "  " + turn.at) }
    linebreak()
    text(turn.text)
  })
}
"""


def main() -> None:
    """Read, typeset, write."""
    # Nobody's child is nobody's work: end with whoever asked.
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    resource.setrlimit(resource.RLIMIT_AS, (MAX_MEMORY_BYTES, MAX_MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (MAX_CPU_S, MAX_CPU_S))
    shown = sys.stdin.buffer.read().decode()
    template = Path(sys.argv[1]).read_bytes() if sys.argv[1:] else TEMPLATE
    made = typst.compile(template, sys_inputs={"shown": shown}, ignore_system_fonts=True)
    sys.stdout.buffer.write(made)


if __name__ == "__main__":
    main()
