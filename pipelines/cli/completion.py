"""`livestats completion`: the script that has a shell complete commands, options and names."""

from __future__ import annotations

import click

SHELLS = ("bash", "zsh", "fish")
VARIABLE = "_LIVESTATS_COMPLETE"


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
    click.echo(script.source_template % script.source_vars())
