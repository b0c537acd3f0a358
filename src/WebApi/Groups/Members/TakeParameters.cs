using Loire.Grains.Interfaces.Consumers;
using Loire.Model;
using Loire.WebApi.Records.Fetch;
using Loire.WebApi.Requests;
using Microsoft.AspNetCore.Http;

namespace Loire.WebApi.Groups.Members;

/// <summary>The query parameters of reading as a member.</summary>
internal sealed record TakeParameters
{
    public static readonly QueryParameter<long> MaxRecords = QueryParameter.Number(
        "max_records", 1, 1_000_000, 500, "Records of one answer, or of one event, at most.");

    public static readonly QueryParameter<long> MaxWaitMs = QueryParameter.Number(
        "max_wait_ms", 0, (long)Limits.FetchWait.TotalMilliseconds, 0,
        "How long to wait for the first record, and for the assignment before.");

    public static readonly QueryParameter<string?> After = QueryParameter.Text(
        "after",
        MaxReceiptLength,
        "The receipt of an answer that was worked off: it and all before it are finished, and what came after it comes again.");

    public static readonly QueryParameter<bool> Follow =
        QueryParameter.Flag("follow", "Go on with new records as they come, until the client leaves. For NDJSON.");

    public static readonly QueryParameter<PreviousDelivery> Finish = QueryParameter.Choice(
        "finish",
        "When records of a stream count as finished: later, by a receipt in the next request or by a commit; or once they are "
            + "delivered, which loses those that were on their way when the connection broke.",
        ("later", PreviousDelivery.Pending),
        ("delivered", PreviousDelivery.Finished));

    private const int MaxReceiptLength = 64;

    public string? Receipt { get; init; }

    public int RecordsMax { get; init; }

    public int BytesMax { get; init; }

    public TimeSpan Wait { get; init; }

    public bool Follows { get; init; }

    public PreviousDelivery WhileFollowing { get; init; }

    public FieldFormat Keys { get; init; }

    public FieldFormat Values { get; init; }

    public static QueryParameter<long> MaxBytesUpTo(int max) => QueryParameter.Number(
        "max_bytes", 1, max, Math.Min(max, 1024 * 1024),
        "Bytes of keys, values and headers at most; the first record comes whatever its size.");

    /// <summary>Reads what the request says.</summary>
    public static TakeParameters Read(QueryReader query, HttpRequest request, QueryParameter<long> maxBytes)
    {
        // A browser that reconnects sends this header, which is newer than the address.
        var receipt = request.Headers["Last-Event-ID"].ToString() is { Length: > 0 } id ? id : query.Get(After);
        if (receipt is not null && (receipt.Length is 0 or > MaxReceiptLength || !receipt.All(IsFit)))
        {
            query.Refuse($"A receipt has 1 to {MaxReceiptLength} characters: ASCII letters, digits and hyphens.");
        }

        return new TakeParameters
        {
            Receipt = receipt,
            RecordsMax = (int)query.Get(MaxRecords),
            BytesMax = (int)query.Get(maxBytes),
            Wait = TimeSpan.FromMilliseconds(query.Get(MaxWaitMs)),
            Follows = query.Get(Follow),
            WhileFollowing = query.Get(Finish),
            Keys = query.Get(FetchParameters.KeyFormat),
            Values = query.Get(FetchParameters.ValueFormat),
        };
    }

    /// <summary>The first request to the consumer: without a receipt everything before it is finished, as with Kafka's poll.</summary>
    public TakeRequest First(TimeSpan wait) =>
        new(Receipt is null ? PreviousDelivery.Finished : PreviousDelivery.FinishedUpToReceipt, Receipt, RecordsMax, BytesMax, wait);

    /// <summary>A further request of a stream.</summary>
    public TakeRequest Next(TimeSpan wait) => new(WhileFollowing, null, RecordsMax, BytesMax, wait);

    private static bool IsFit(char one) => char.IsAsciiLetterOrDigit(one) || one == '-';
}
