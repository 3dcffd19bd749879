"""`livestats completion`: the script that has a shell complete commands, options and names."""

from __future__ import annotations

import click

SHELLS = ("bash", "zsh", "fish")
VARIABLE = "_LIVESTATS_COMPLETE"
_MENDED = {
    # A ~/.zshrc without compinit: the line would only say that there is no compdef.
    "zsh": (
        "#compdef livestats\n",
        "#compdef livestats\n\n(( $+functions[compdef] )) || { autoload -Uz compinit && compinit -i; }\n",
    ),
    # Descriptions have commas.
    "fish": ('string split ","', 'string split -m 1 ","'),
}
"""What click's scripts lack: text, and what takes its place."""


@click.command()
@click.argument("shell", type=click.Choice(SHELLS))
def completion(shell: str) -> None:
    r"""Print the script that completes commands, options and names after TAB.

    The script calls `livestats`, which therefore has to be found on your PATH.

    \b
    Examples:
      livestats completion bash >> ~/.bashrc
      livestats completion zsh >> ~/.zshrc
      livestats completion fish > ~/.config/fish/completions/livestats.fish
    """
    from click.shell_completion import get_completion_class

    found = get_completion_class(shell)
    if found is None:  # click knows all of SHELLS
        raise click.UsageError(f"There is no completion for {shell}.")
    main = click.get_current_context().find_root().command
    script = found(main, {}, "livestats", VARIABLE)
    # Not .source(): for bash it runs the bash that is first on the PATH, to look at its version.
    text = script.source_template % script.source_vars()
    click.echo(text.replace(*_MENDED.get(shell, ("", ""))))
