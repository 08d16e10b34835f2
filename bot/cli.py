"""The commands of the shell: their names, options and help. What they do stands in `bot.shell`,
imported when a command runs, so that `--help` answers at once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

app = typer.Typer(
    name="commitcast",
    help="Read every commit of a repository and turn a day of it into one digest.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

FormatName = Literal["terminal", "markdown", "html", "json"]

Zone = Annotated[
    str | None,
    typer.Option("--tz", metavar="ZONE", help="IANA time zone. [default: COMMITCAST_TIMEZONE]"),
]
Language = Annotated[
    str | None,
    typer.Option(
        "--lang",
        metavar="LANGUAGE",
        help="en, zh, or another language for the model to write. [default: COMMITCAST_LANGUAGE]",
    ),
]
Paths = Annotated[
    list[str] | None,
    typer.Option(
        metavar="P", help="Show what touches src/**; -docs/ leaves docs out. May be repeated."
    ),
]
Authors = Annotated[
    list[str] | None,
    typer.Option(
        metavar="A", help="Show this name or address; -bots leaves bots out. May be repeated."
    ),
]
Minimum = Annotated[
    str | None,
    typer.Option("--min", metavar="M", help="The least importance: low, medium or high."),
]
Written = Annotated[
    FormatName | None,
    typer.Option("--format", help="[default: by the output's name, else terminal]"),
]
Output = Annotated[
    Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write to a file.")
]


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"commitcast {version('commitcast')}")
        raise typer.Exit


@app.callback()
def root(
    _: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    """Read every commit of a repository and turn a day of it into one digest."""


@app.command()
def digest(
    repositories: Annotated[
        list[str], typer.Argument(metavar="REPO", help="owner/repo, a URL, or a local folder.")
    ],
    *,
    date: Annotated[
        str | None,
        typer.Option(metavar="D", help="A day: 2026-01-06, today, yesterday, or latest (default)."),
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(metavar="X", help="From a day, an instant, or an age such as 24h or 7d."),
    ] = None,
    until: Annotated[
        str | None, typer.Option(metavar="Y", help="Up to, not including. [default: now]")
    ] = None,
    range_: Annotated[
        str | None,
        typer.Option("--range", metavar="A..B", help="What B has and A has not."),
    ] = None,
    branch: Annotated[
        str | None,
        typer.Option(metavar="B", help="A name, or a pattern. [default: the repository's own]"),
    ] = None,
    path: Paths = None,
    author: Authors = None,
    minimum: Minimum = None,
    tz: Zone = None,
    lang: Language = None,
    written: Written = None,
    output: Output = None,
    archive: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Write to DIR/2026/widget/2026-01-06.md and so on."),
    ] = None,
) -> None:
    """What changed in each repository, the important first."""
    from bot.shell.commands import run_digest
    from bot.shell.options import Destination, FilterOptions, SpanOptions

    raise typer.Exit(
        run_digest(
            repositories,
            SpanOptions(date, since, until, range_, branch),
            FilterOptions(path or (), author or (), minimum),
            Destination(written, output, archive),
            zone=tz,
            language=lang,
        )
    )


@app.command()
def analyze(
    commit: Annotated[
        str,
        typer.Argument(
            metavar="COMMIT",
            help="A commit's URL, REPO@SHA, or a name in the repository of this folder.",
        ),
    ],
    *,
    tz: Zone = None,
    lang: Language = None,
    written: Written = None,
    output: Output = None,
) -> None:
    """The full analysis of one commit."""
    from bot.shell.commands import run_analyze
    from bot.shell.options import Destination

    raise typer.Exit(
        run_analyze(commit, Destination(written, output, None), zone=tz, language=lang)
    )


@app.command()
def demo(
    repository: Annotated[
        str, typer.Argument(metavar="[REPO]", help="owner/repo, a URL, or a local folder.")
    ] = ".",
) -> None:
    """A digest here, and digest.html and digest.md beside it."""
    from bot.shell.commands import run_demo

    raise typer.Exit(run_demo(repository))


@app.command("eval")
def evaluate(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="Labelled commits: see docs/evaluation.md.")
    ],
    *,
    rules: Annotated[bool, typer.Option("--rules", help="Ask no model, whatever is set.")] = False,
    lang: Language = None,
) -> None:
    """How good analyses are, by commits that people labelled."""
    from bot.shell.commands import run_eval

    raise typer.Exit(run_eval(folder, by_rules=rules, language=lang))


@app.command("slack-manifest")
def slack_manifest(
    *,
    prefix: Annotated[
        str,
        typer.Option(metavar="X", help="For a workspace where a name is taken: /X-analyze."),
    ] = "",
    unfurl: Annotated[
        list[str] | None,
        typer.Option(metavar="HOST", help="Add the analysis to commit links of HOST; repeatable."),
    ] = None,
    url: Annotated[
        str | None,
        typer.Option(metavar="URL", help="The bot's public https:// address. [default: none]"),
    ] = None,
) -> None:
    """What to paste at api.slack.com/apps to make the Slack app."""
    from analyzers.errors import InputError
    from bot.chats.slack_manifest import manifest
    from formatters.text import words_for

    try:
        text = manifest(prefix, unfurl or (), url)
    except InputError as exc:
        typer.echo(words_for("en").error(exc), err=True)
        raise typer.Exit(2) from exc
    typer.echo(text, nl=False)


@app.command()
def chat(*, tz: Zone = None, lang: Language = None) -> None:
    """The whole bot in this terminal: type `help` there. No token is needed."""
    from bot.shell.commands import run_chat

    raise typer.Exit(run_chat(zone=tz, language=lang))


@app.command()
def post(
    repository: Annotated[
        str, typer.Argument(metavar="REPO", help="owner/repo, a URL, or a local folder.")
    ],
    *,
    to: Annotated[
        str, typer.Option(metavar="CHANNEL", help="slack:C0123, telegram:-100123, telegram:@name.")
    ],
    branch: Annotated[
        str | None,
        typer.Option(metavar="B", help="A name, or a pattern. [default: the repository's own]"),
    ] = None,
    path: Paths = None,
    author: Authors = None,
    minimum: Minimum = None,
    quiet_line: Annotated[
        bool, typer.Option("--quiet-line", help="Post a line also where there is nothing new.")
    ] = False,
    tz: Zone = None,
    lang: Language = None,
) -> None:
    """What is new since the last time, to one channel. At most once a day: for cron and CI jobs."""
    from bot.shell.commands import run_post
    from bot.shell.options import FilterOptions

    raise typer.Exit(
        run_post(
            repository,
            to,
            branch,
            FilterOptions(path or (), author or (), minimum),
            tells_quiet_days=quiet_line,
            zone=tz,
            language=lang,
        )
    )


@app.command()
def run() -> None:
    """The bot, on Slack and Telegram, until it is stopped."""
    from bot.shell.commands import run_bot

    raise typer.Exit(run_bot())


@app.command()
def doctor(
    *,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
    lang: Language = None,
) -> None:
    """Check settings, tokens, servers and chats. Tells what to do; status 1: one is broken."""
    from bot.shell.doctor import run_doctor

    raise typer.Exit(run_doctor(as_json=as_json, language=lang))


@app.command()
def export(
    file: Annotated[
        Path | None, typer.Argument(metavar="FILE", help="Where to. [default: standard output]")
    ] = None,
) -> None:
    """All data but caches, as JSON. To move it to another server, or as a copy."""
    from bot.shell.data import run_export

    raise typer.Exit(run_export(file))


@app.command("import")
def import_(
    file: Annotated[
        Path | None, typer.Argument(metavar="FILE", help="An export. [default: standard input]")
    ] = None,
    *,
    merge: Annotated[
        bool, typer.Option("--merge", help="Keep what is there, and add what it lacks.")
    ] = False,
    replace: Annotated[
        bool, typer.Option("--replace", help="Remove what is there before.")
    ] = False,
) -> None:
    """Put in what `export` wrote: all of it, or nothing."""
    from bot.shell.data import run_import

    raise typer.Exit(run_import(file, merge=merge, replace=replace))


@app.command()
def forget(
    chat: Annotated[
        str,
        typer.Argument(
            metavar="CHAT", help="slack:T012/C345, or telegram:-100123 with all its topics."
        ),
    ],
    *,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before.")] = False,
) -> None:
    """Remove all data of a chat. That is what it follows, its settings and its digests."""
    from bot.shell.data import run_forget

    raise typer.Exit(run_forget(chat, is_sure=yes))
