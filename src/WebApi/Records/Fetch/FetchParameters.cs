using Loire.Model;
using Loire.WebApi.Requests;

namespace Loire.WebApi.Records.Fetch;

/// <summary>The query parameters of reading, for one partition and for all.</summary>
internal sealed record FetchParameters
{
    private const string FromMeaning = "Where to begin: earliest, latest (after the last record) or an offset. By default earliest, and for a live tail latest.";

    public static readonly QueryParameter<OffsetSpec?> OffsetFrom = QueryParameter.Place("offset", FromMeaning);

    public static readonly QueryParameter<Timestamp> TimestampFrom =
        QueryParameter.Moment("timestamp", "Begin with the first record at or after this moment: milliseconds since 1970, or ISO 8601.");

    public static readonly QueryParameter<long> MaxRecords =
        QueryParameter.Number("max_records", 1, 1_000_000, 1_000_000, "Records at most; not for record batches, which come whole.");

    public static readonly QueryParameter<long> MaxWaitMs = QueryParameter.Number(
        "max_wait_ms", 0, (long)Limits.FetchWait.TotalMilliseconds, 0, "How long to wait for min_bytes; then the answer is what there is.");

    public static readonly QueryParameter<OffsetSpec?> Until = QueryParameter.Place(
        "until",
        "Stream everything before this offset, or latest, as it stands now; Next-Offset is then this offset. Record batches come whole, so the last may "
            + "reach beyond it. Excludes follow and max_records.");

    public static readonly QueryParameter<bool> Follow =
        QueryParameter.Flag("follow", "Go on with new records as they come, until the client leaves. For NDJSON and text/plain.");

    public static readonly QueryParameter<FieldFormat> KeyFormat = Format("key_format", "keys");

    public static readonly QueryParameter<FieldFormat> ValueFormat = Format("value_format", "values");

    public static readonly QueryParameter<string?> Resume =
        QueryParameter.Text("resume", 16_384, "The id of the last event seen, for clients that cannot send Last-Event-ID.");

    public static readonly QueryParameter<IsolationLevel> Isolation = QueryParameter.Choice(
        "isolation",
        "Which records of transactions to read: read_committed (those of committed ones, up to the first that is open) or read_uncommitted (all).",
        ("read_committed", IsolationLevel.ReadCommitted),
        ("read_uncommitted", IsolationLevel.ReadUncommitted));

    public OffsetSpec? Offset { get; init; }

    public Timestamp Timestamp { get; init; }

    public int MaxBytes { get; init; }

    public int MinBytes { get; init; }

    public TimeSpan MaxWait { get; init; }

    public long RecordsMax { get; init; }

    public OffsetSpec? UntilPosition { get; init; }

    public bool Follows { get; init; }

    public FieldFormat Keys { get; init; }

    public FieldFormat Values { get; init; }

    public string? ResumeToken { get; init; }

    public IsolationLevel IsolationLevel { get; init; }

    public static QueryParameter<long> MaxBytesUpTo(int max) => QueryParameter.Number(
        "max_bytes", 1, max, Math.Min(max, 1024 * 1024), "Bytes of record batches at most; the first batch comes whole even if it is larger.");

    public static QueryParameter<long> MinBytesUpTo(int max) => QueryParameter.Number(
        "min_bytes", 0, max, 1, "Answer once this much can be read; only with max_wait_ms.");

    /// <summary>Reads what the request says, and refuses what contradicts itself.</summary>
    public static FetchParameters Read(QueryReader query, QueryParameter<long> maxBytes, QueryParameter<long> minBytes)
    {
        var parameters = new FetchParameters
        {
            Offset = query.Get(OffsetFrom),
            Timestamp = query.Get(TimestampFrom),
            MaxBytes = (int)query.Get(maxBytes),
            MinBytes = (int)query.Get(minBytes),
            MaxWait = TimeSpan.FromMilliseconds(query.Get(MaxWaitMs)),
            RecordsMax = query.Has(MaxRecords) ? query.Get(MaxRecords) : long.MaxValue,
            UntilPosition = query.Get(Until),
            Follows = query.Get(Follow),
            Keys = query.Get(KeyFormat),
            Values = query.Get(ValueFormat),
            ResumeToken = query.Get(Resume),
            IsolationLevel = query.Get(Isolation),
        };
        if (parameters.Offset is not null && parameters.Timestamp != Timestamp.None)
        {
            query.Refuse("Give offset or timestamp, not both.");
        }

        if (parameters.UntilPosition is not null && (parameters.Follows || query.Has(MaxRecords)))
        {
            query.Refuse("The query parameter until excludes follow and max_records.");
        }

        return parameters;
    }

    private static QueryParameter<FieldFormat> Format(string name, string what) => QueryParameter.Choice(
        name,
        $"How {what} appear in JSON: string (UTF-8 as text, other bytes as {{\"type\":\"binary\",\"data\":base64}}), json (JSON as it is, else as string), binary.",
        ("string", FieldFormat.String),
        ("json", FieldFormat.Json),
        ("binary", FieldFormat.Binary));
}
