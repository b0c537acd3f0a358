using System.CommandLine;
using System.Text;
using Loire.Cli.Terminals;

namespace Loire.Cli.Completion;

/// <summary><c>loire completion</c>: prints a shell script that asks this program for completions.</summary>
internal static class CompletionCommand
{
    public static Command Create(Caller caller)
    {
        var shell = new Argument<string>("shell") { Description = "bash or zsh." };
        shell.AcceptOnlyFromAmong("bash", "zsh");
        var command = new Command("completion", "Prints a completion script: source <(loire completion bash)") { shell };
        command.SetAction(parsed =>
        {
            caller.Terminal.Output.Write(Encoding.UTF8.GetBytes(parsed.GetRequiredValue(shell) == "bash" ? Bash : Zsh));
            return 0;
        });
        return command;
    }

    // The directive takes the position of the cursor in characters; compgen filters again, because the shell splits words at '=' and ':'.
    private const string Bash =
        """
        _loire() {
          local word=${COMP_WORDS[COMP_CWORD]} IFS=$'\n'
          COMPREPLY=($(compgen -W "$(loire "[suggest:$COMP_POINT]" "$COMP_LINE" 2>/dev/null)" -- "$word"))
        }
        complete -o default -F _loire loire

        """;

    private const string Zsh =
        """
        #compdef loire
        _loire() {
          local -a offers
          offers=("${(@f)$(loire "[suggest:$CURSOR]" "$BUFFER" 2>/dev/null)}")
          compadd -- $offers
        }
        compdef _loire loire

        """;
}
