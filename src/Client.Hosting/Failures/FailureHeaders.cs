using System.Globalization;

namespace Loire.Client.Hosting;

/// <summary>The headers that records carry in retry topics and dead letter topics, after the record's own headers.</summary>
public static class FailureHeaders
{
    /// <summary>The topic that the record was first produced to.</summary>
    public const string Topic = "loire-original-topic";

    /// <summary>The partition in that topic.</summary>
    public const string Partition = "loire-original-partition";

    /// <summary>The offset in that partition.</summary>
    public const string Offset = "loire-original-offset";

    /// <summary>Handler calls so far.</summary>
    public const string Attempts = "loire-attempts";

    /// <summary>The earliest time of the next attempt, in milliseconds since 1970; only in retry topics.</summary>
    public const string NotBefore = "loire-not-before";

    /// <summary>The consumer that failed to handle the record.</summary>
    public const string Consumer = "loire-consumer";

    /// <summary>The type of the last exception.</summary>
    public const string ExceptionType = "loire-exception-type";

    /// <summary>The message of that exception, truncated to 1,000 characters.</summary>
    public const string ExceptionMessage = "loire-exception-message";

    private const int MessageLength = 1_000;

    private static readonly string[] _all = [Topic, Partition, Offset, Attempts, NotBefore, Consumer, ExceptionType, ExceptionMessage];

    /// <summary>The headers for the next stage of a record.</summary>
    internal static Headers For(ConsumeResult<byte[], byte[]> record, string consumer, int attempts, Exception error, DateTimeOffset? notBefore)
    {
        var headers = new Headers();
        foreach (var header in record.Headers.Where(header => !_all.Contains(header.Key)))
        {
            headers.Add(header.Key, header.Value);
        }

        headers.Add(Topic, Original(record, Topic) ?? record.Topic.Value);
        headers.Add(Partition, Original(record, Partition) ?? Text(record.Partition));
        headers.Add(Offset, Original(record, Offset) ?? Text(record.Offset.Value));
        headers.Add(Attempts, Text(attempts));
        if (notBefore is { } time)
        {
            headers.Add(NotBefore, Text(time.ToUnixTimeMilliseconds()));
        }

        var message = error.Message.Length > MessageLength ? error.Message[..MessageLength] : error.Message;
        return headers.Add(Consumer, consumer).Add(ExceptionType, error.GetType().FullName).Add(ExceptionMessage, message);
    }

    /// <summary>Handler calls for a record before it reached its current topic.</summary>
    internal static int AttemptsOf(ConsumeResult<byte[], byte[]> record) =>
        int.TryParse(Original(record, Attempts), NumberStyles.None, CultureInfo.InvariantCulture, out var attempts) ? attempts : 0;

    /// <summary>The earliest time at which a record of a retry topic is handled again.</summary>
    internal static DateTimeOffset NotBeforeOf(ConsumeResult<byte[], byte[]> record) =>
        long.TryParse(Original(record, NotBefore), NumberStyles.None, CultureInfo.InvariantCulture, out var time)
            && time <= DateTimeOffset.MaxValue.ToUnixTimeMilliseconds()
                ? DateTimeOffset.FromUnixTimeMilliseconds(time)
                : DateTimeOffset.MinValue;

    private static string? Original(ConsumeResult<byte[], byte[]> record, string key) =>
        record.Headers.TryGetLast(key, out var header) ? header.Text : null;

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}
