using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using Loire.Grains.Topics;
using Loire.Log;
using Loire.Log.Audits;
using Loire.Model;
using Loire.Storage;
using Loire.Storage.Objects;
using Microsoft.Extensions.Logging.Abstractions;
using Orleans.Storage;

namespace Loire.Silo;

/// <summary><c>store stat</c>: says how large the logs of a store are. It changes nothing.</summary>
internal static class StoreStatCommand
{
    private const string Description = "Says how large the logs of a store are, of what objects they consist, and how old they are. Changes nothing.";

    private static readonly Option<bool> _json = new("--json") { Description = "one JSON document instead of a table" };

    private static readonly JsonSerializerOptions _format = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        WriteIndented = true,
    };

    private static readonly string[] _columns =
    [
        "LOG", "BYTES", "RECORDS", "START", "END", "OBJECTS", "CHUNKS", "SEGMENTS", "PAGES", "SNAPSHOTS", "GARBAGE", "INDEX BYTES", "OLDEST", "NEWEST",
        "ERROR",
    ];

    /// <summary>The command.</summary>
    public static Command Create() =>
        StoreCommand.Subcommand("stat", Description, (options, parsed) => RunAsync(options, parsed.GetValue(_json), Console.Out), _json);

    /// <summary>One log, or all of them together.</summary>
    private sealed record Row(
        string Log, string? Topic, int? Partition, long Bytes, long Records, long? LogStartOffset, long? LogEndOffset, int Objects, int Chunks, int Segments,
        int Pages, int Snapshots, int Garbage, long IndexBytes, long? OldestTimestamp, long? NewestTimestamp, string? Error);

    private static async Task<int> RunAsync(NodeOptions options, bool asJson, TextWriter output)
    {
        if (options.Storage == StoreKind.Azure)
        {
            await using var azure = await OfflineAzureStore.OpenAsync(options);
            return await WriteAsync(azure.Listing, azure.Storage, asJson, output);
        }

        await using var files = await FileGrainStorage.OpenAsync(
            new FileStoreOptions { Directory = options.Data }, TimeProvider.System, NullLogger.Instance);
        return await WriteAsync(files, files, asJson, output);
    }

    private static async Task<int> WriteAsync(IObjectListing listing, IGrainStorage storage, bool asJson, TextWriter output)
    {
        var figures = await LogStatistics.ReadAsync(listing, storage, TimeProvider.System);
        var topics = await TopicIds.ReadAsync(listing, storage, Guid.NewGuid(), TimeProvider.System);
        var names = topics.ToDictionary(pair => pair.Key.ToString(), pair => pair.Value.Value, StringComparer.Ordinal);
        var rows = figures.Select(log => RowOf(log, names)).OrderBy(row => row.Topic is null ? 1 : 0)
            .ThenBy(row => row.Topic, StringComparer.Ordinal).ThenBy(row => row.Partition).ThenBy(row => row.Log, StringComparer.Ordinal).ToList();
        var sum = Sum(rows);
        await (asJson
            ? output.WriteLineAsync(JsonSerializer.Serialize(new { Logs = rows, Sum = sum }, _format))
            : WriteTableAsync([.. rows, sum], output));
        return rows.Exists(row => row.Error is not null) ? 1 : 0;
    }

    private static Row RowOf(LogFigures log, Dictionary<string, string> names)
    {
        var slash = log.Log.IndexOf('/', StringComparison.Ordinal);
        var topic = slash > 0 ? names.GetValueOrDefault(log.Log[..slash]) : null;
        return new Row(
            log.Log, topic, topic is null ? null : int.Parse(log.Log.AsSpan(slash + 1), NumberStyles.None, CultureInfo.InvariantCulture), log.Bytes,
            log.End - log.Start, log.Start.Value, log.End.Value, log.Objects, log.Chunks, log.Segments, log.Pages, log.Snapshots, log.Garbage,
            log.IndexBytes, Milliseconds(log.Oldest), Milliseconds(log.Newest),
            log.Error == ErrorCode.None ? null : ErrorCodes.Describe(log.Error).Name);
    }

    private static Row Sum(List<Row> rows) => new(
        string.Create(CultureInfo.InvariantCulture, $"{rows.Count} logs"), null, null, rows.Sum(row => row.Bytes), rows.Sum(row => row.Records), null, null,
        rows.Sum(row => row.Objects), rows.Sum(row => row.Chunks), rows.Sum(row => row.Segments), rows.Sum(row => row.Pages),
        rows.Sum(row => row.Snapshots), rows.Sum(row => row.Garbage), rows.Sum(row => row.IndexBytes), rows.Min(row => row.OldestTimestamp),
        rows.Max(row => row.NewestTimestamp), null);

    private static async Task WriteTableAsync(List<Row> rows, TextWriter output)
    {
        List<string[]> cells = [_columns, .. rows.Select(CellsOf)];
        var widths = Enumerable.Range(0, _columns.Length).Select(column => cells.Max(row => row[column].Length)).ToArray();
        foreach (var row in cells)
        {
            var padded = row.Select((cell, column) => column is > 0 and < 12 ? cell.PadLeft(widths[column]) : cell.PadRight(widths[column]));
            await output.WriteLineAsync(string.Join("  ", padded).TrimEnd());
        }
    }

    private static string[] CellsOf(Row row) =>
    [
        row.Topic is null ? row.Log : string.Create(CultureInfo.InvariantCulture, $"{row.Topic}/{row.Partition}"),
        Number(row.Bytes), Number(row.Records), Number(row.LogStartOffset), Number(row.LogEndOffset), Number(row.Objects), Number(row.Chunks),
        Number(row.Segments), Number(row.Pages), Number(row.Snapshots), Number(row.Garbage), Number(row.IndexBytes), Time(row.OldestTimestamp),
        Time(row.NewestTimestamp), row.Error ?? "",
    ];

    private static string Number(long? value) => value?.ToString(CultureInfo.InvariantCulture) ?? "-";

    private static string Time(long? milliseconds) => milliseconds is { } known
        ? DateTimeOffset.FromUnixTimeMilliseconds(known).ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture) : "-";

    private static long? Milliseconds(Timestamp time) => time == Timestamp.None ? null : time.Milliseconds;
}
