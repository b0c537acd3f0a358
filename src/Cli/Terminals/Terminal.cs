using System.Text;
using Loire.Cli.Failures;
using Spectre.Console;

namespace Loire.Cli.Terminals;

/// <summary>
/// The input and output of a command. Data goes to <see cref="Output"/>, everything else to <see cref="Error"/>: errors always, notes only
/// if it is a terminal.
/// </summary>
internal sealed class Terminal
{
    public required Stream Input { get; init; }

    public required Stream Output { get; init; }

    public required TextWriter Error { get; init; }

    public bool InputIsTty { get; init; }

    public bool OutputIsTty { get; init; }

    public bool ErrorIsTty { get; init; }

    /// <summary>Whether colours are used on a terminal (see no-color.org).</summary>
    public bool HasColor { get; init; }

    /// <summary>Prints notes even if standard error is not a terminal.</summary>
    public bool IsVerbose { get; set; }

    public bool IsQuiet { get; set; }

    public bool Speaks => !IsQuiet && (ErrorIsTty || IsVerbose);

    /// <summary>Whether progress can be redrawn, which requires a terminal.</summary>
    public bool ShowsProgress => ErrorIsTty && !IsQuiet;

    public static Terminal OfProcess(Func<string, string?> environment) => new()
    {
        Input = Console.OpenStandardInput(),
        Output = StandardOutput.Open(),
        Error = Console.Error,
        InputIsTty = !Console.IsInputRedirected,
        OutputIsTty = !Console.IsOutputRedirected,
        ErrorIsTty = !Console.IsErrorRedirected,
        HasColor = string.IsNullOrEmpty(environment("NO_COLOR")) && environment("TERM") != "dumb",
    };

    /// <summary>Prints a note for a human reader.</summary>
    public void Note(string text)
    {
        if (Speaks)
        {
            Error.WriteLine(CliException.OneLine(text));
        }
    }

    /// <summary>Asks for confirmation before something irreversible; fails if the input is not a terminal.</summary>
    public void Confirm(string question, bool isConfirmed)
    {
        if (isConfirmed)
        {
            return;
        }

        if (!InputIsTty || !ErrorIsTty)
        {
            throw CliException.Usage($"{question} Nobody can be asked here, so nothing was done.", "--yes says that it is meant.");
        }

        Error.Write($"{CliException.OneLine(question)} [y/N] ");
        Error.Flush();
        using var reader = new StreamReader(Input, Encoding.UTF8, leaveOpen: true);
        if (reader.ReadLine()?.Trim().ToLowerInvariant() is not ("y" or "yes"))
        {
            throw new CliException(ExitCode.Error, "CANCELLED", "Nothing was done.");
        }
    }

    /// <summary>Renders to standard output.</summary>
    public void Draw(Action<IAnsiConsole> draw)
    {
        using var drawing = new StringWriter();
        draw(Canvas(drawing, OutputIsTty));

        // Padding is only for a screen; in a pipe it would be data.
        var text = OutputIsTty ? drawing.ToString() : string.Join('\n', drawing.ToString().Split('\n').Select(line => line.TrimEnd()));
        Output.Write(Encoding.UTF8.GetBytes(text));
    }

    /// <summary>A console on standard error, for progress.</summary>
    public IAnsiConsole Progress() => Canvas(Error, ErrorIsTty);

    private IAnsiConsole Canvas(TextWriter writer, bool isTty)
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(writer),
            Ansi = isTty ? AnsiSupport.Detect : AnsiSupport.No,
            ColorSystem = isTty && HasColor ? ColorSystemSupport.Detect : ColorSystemSupport.NoColors,
            Interactive = isTty ? InteractionSupport.Detect : InteractionSupport.No,
        });
        if (!isTty)
        {
            // A pipe has no width: do not wrap or truncate.
            console.Profile.Width = 4096;
        }

        return console;
    }
}
