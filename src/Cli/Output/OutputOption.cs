using System.CommandLine;

namespace Loire.Cli.Output;

/// <summary>Formats of printed results.</summary>
internal enum OutputFormat
{
    /// <summary>Human-readable columns.</summary>
    Table,

    /// <summary>One document with every member of the node's response.</summary>
    Json,

    /// <summary>The same, one line per entry.</summary>
    Ndjson,
}

/// <summary>The option <c>-o</c> of commands that print tables.</summary>
internal static class OutputOption
{
    public static readonly Option<string> Instance = Make();

    public static OutputFormat Of(ParseResult parsed) => parsed.GetValue(Instance) switch
    {
        "json" => OutputFormat.Json,
        "ndjson" => OutputFormat.Ndjson,
        _ => OutputFormat.Table,
    };

    private static Option<string> Make()
    {
        var option = new Option<string>("--output", "-o")
        {
            Description = "The output format.",
            HelpName = "table|json|ndjson",
            DefaultValueFactory = _ => "table",
        };

        option.AcceptOnlyFromAmong("table", "json", "ndjson");
        return option;
    }
}
