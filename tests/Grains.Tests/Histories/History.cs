using Loire.Model.Batches;

namespace Loire.Grains.Tests.Histories;

/// <summary>What a producer knows of one batch that it sent.</summary>
public enum SendOutcome
{
    /// <summary>It was acknowledged.</summary>
    Acknowledged,

    /// <summary>It was refused: it must never be read.</summary>
    Refused,

    /// <summary>Unknown: it may be read, once.</summary>
    Unknown,
}

/// <summary>One batch that a producer sent; producers send one after the other.</summary>
/// <param name="Producer">Who sent it.</param>
/// <param name="Number">Counts the batches of this producer.</param>
/// <param name="Partition">Where to.</param>
/// <param name="Bytes">The batch; unlike any other of the history.</param>
/// <param name="Outcome">The reply to the producer.</param>
/// <param name="BaseOffset">The offset that was acknowledged.</param>
public sealed record Send(int Producer, int Number, int Partition, ReadOnlyMemory<byte> Bytes, SendOutcome Outcome, long BaseOffset);

/// <summary>Checks the replies to producers against the final content, without knowledge of the implementation.</summary>
public static class History
{
    /// <summary>Every contradiction between the partition's content and the replies to producers; empty if none.</summary>
    /// <param name="sends">All batches that were sent to the partition.</param>
    /// <param name="log">The partition read from the start to the end, batches one after the other.</param>
    public static List<string> Problems(IReadOnlyCollection<Send> sends, ReadOnlySpan<byte> log)
    {
        var problems = new List<string>();
        var found = new Dictionary<string, long>();
        var known = sends.ToDictionary(send => Content(send.Bytes.Span));
        var lastOf = new Dictionary<int, (int Number, long Offset)>();
        long next = 0;
        while (!log.IsEmpty)
        {
            if (RecordBatch.TryRead(log, out var batch) != ErrorCode.None || !batch.CrcIsValid())
            {
                problems.Add($"the log is damaged at offset {next}");
                return problems;
            }

            if (batch.BaseOffset.Value != next)
            {
                problems.Add($"offset {next} was expected, but a batch starts at {batch.BaseOffset}");
            }

            next = batch.NextOffset.Value;
            if (!known.TryGetValue(Content(batch.Bytes), out var send))
            {
                problems.Add($"nobody sent the batch at offset {batch.BaseOffset}");
            }
            else
            {
                if (!found.TryAdd(Content(batch.Bytes), batch.BaseOffset.Value))
                {
                    problems.Add($"{Name(send)} is read twice, at {batch.BaseOffset} too");
                }

                if (send.Outcome == SendOutcome.Refused)
                {
                    problems.Add($"{Name(send)} was refused and is read at {batch.BaseOffset}");
                }

                if (lastOf.TryGetValue(send.Producer, out var last) && last.Number > send.Number)
                {
                    problems.Add($"{Name(send)} at {batch.BaseOffset} comes after batch {last.Number} of the same producer");
                }

                lastOf[send.Producer] = (send.Number, batch.BaseOffset.Value);
            }

            log = log[batch.SizeInBytes..];
        }

        foreach (var send in sends.Where(send => send.Outcome == SendOutcome.Acknowledged))
        {
            if (!found.TryGetValue(Content(send.Bytes.Span), out var offset))
            {
                problems.Add($"{Name(send)} was acknowledged at {send.BaseOffset} and is lost");
            }
            else if (offset != send.BaseOffset)
            {
                problems.Add($"{Name(send)} was acknowledged at {send.BaseOffset} and is read at {offset}");
            }
        }

        return problems;
    }

    private static string Name(Send send) => $"batch {send.Number} of producer {send.Producer}";

    /// <summary>Everything that a broker must leave as it is.</summary>
    private static string Content(ReadOnlySpan<byte> batch) => Convert.ToBase64String(batch[RecordBatch.StampSize..]);
}
