using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Loire.Cli.Failures;
using Loire.Cli.Terminals;
using Spectre.Console;

namespace Loire.Cli.Output;

/// <summary>Prints JSON objects as JSON, or as a table of some of their members.</summary>
internal static class Listing
{
    private static readonly JsonWriterOptions Lines = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
    private static readonly JsonWriterOptions Indented = Lines with { Indented = true };

    public static void Write(Terminal terminal, OutputFormat format, IReadOnlyList<JsonObject> rows, params string[] columns)
    {
        switch (format)
        {
            case OutputFormat.Json:
                WriteJson(terminal, new JsonArray([.. rows]), Indented);
                break;
            case OutputFormat.Ndjson:
                WriteLines(terminal, rows);
                break;
            case OutputFormat.Table when rows.Count == 0:
                terminal.Output.Write(Encoding.UTF8.GetBytes(string.Join("  ", columns).ToUpperInvariant() + "\n"));
                break;
            default:
                terminal.Draw(console => console.Write(Table(rows, columns)));
                break;
        }
    }

    /// <summary>Prints one object; as a table, one line per member.</summary>
    public static void WriteOne(Terminal terminal, OutputFormat format, JsonObject row, params string[] members)
    {
        if (format == OutputFormat.Table)
        {
            terminal.Draw(console => console.Write(Members(row, members)));
        }
        else
        {
            WriteJson(terminal, row, format == OutputFormat.Json ? Indented : Lines);
        }
    }

    public static Table Table(IReadOnlyList<JsonObject> rows, params string[] columns)
    {
        var table = new Table { Border = TableBorder.None };
        foreach (var column in columns)
        {
            var isNumber = rows.Count > 0
                && rows.All(row => row[column]?.GetValueKind() is JsonValueKind.Number or JsonValueKind.Null or null);
            var heading = new TableColumn(new Text(column.ToUpperInvariant(), new Style(decoration: Decoration.Bold))).NoWrap();
            table.AddColumn((isNumber ? heading.RightAligned() : heading).PadLeft(0).PadRight(column == columns[^1] ? 0 : 2));
        }

        foreach (var row in rows)
        {
            table.AddRow(columns.Select(column => new Text(Show(row[column]))));
        }

        return table;
    }

    public static Table Members(JsonObject row, params string[] members)
    {
        var table = new Table { Border = TableBorder.None, ShowHeaders = false };
        table.AddColumn(new TableColumn("").NoWrap().PadLeft(0).PadRight(2)).AddColumn(new TableColumn("").PadLeft(0).PadRight(0));
        foreach (var member in members)
        {
            table.AddRow(new Text(member, new Style(decoration: Decoration.Bold)), new Text(Show(row[member])));
        }

        return table;
    }

    private static string Show(JsonNode? value) => value?.GetValueKind() switch
    {
        null or JsonValueKind.Null => "-",
        JsonValueKind.True => "yes",
        JsonValueKind.False => "no",
        JsonValueKind.String => CliException.OneLine(value.GetValue<string>()),
        _ => value.ToJsonString(),
    };

    private static void WriteLines(Terminal terminal, IReadOnlyList<JsonObject> rows)
    {
        foreach (var row in rows)
        {
            WriteJson(terminal, row, Lines);
        }
    }

    private static void WriteJson(Terminal terminal, JsonNode node, JsonWriterOptions options)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, options))
        {
            node.WriteTo(json);
        }

        buffer.Write("\n"u8);
        terminal.Output.Write(buffer.WrittenSpan);
    }
}
