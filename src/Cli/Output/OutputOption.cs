using System.CommandLine;

namespace Loire.Cli.Output;

/// <summary>How answers are printed.</summary>
internal enum OutputFormat
{
    /// <summary>Columns, for a person.</summary>
    Table,

    /// <summary>One document, complete: every member that the node told.</summary>
    Json,

    /// <summary>The same, a line for each entry.</summary>
    Ndjson,
}

/// <summary>The option <c>-o</c> of the commands whose answer is a table.</summary>
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
            Description = "The form of the answer.",
            HelpName = "table|json|ndjson",
            DefaultValueFactory = _ => "table",
        };

        option.AcceptOnlyFromAmong("table", "json", "ndjson");
        return option;
    }
}
