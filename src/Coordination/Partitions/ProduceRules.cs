using Loire.Model;
using Loire.Model.Batches;

namespace Loire.Coordination.Partitions;

/// <summary>Validates appends before they are assigned offsets, with Kafka's error codes.</summary>
public static class ProduceRules
{
    /// <summary>Refuses unknown acks, and acks=all if the topic requires more copies than exist.</summary>
    /// <param name="acks">As requested.</param>
    /// <param name="settings">The topic's configuration; null if it is not known yet, which defers the check of copies.</param>
    /// <param name="detail">Human-readable message; null if the acks are fine.</param>
    public static ErrorCode CheckAcks(Acks acks, PartitionSettings? settings, out string? detail)
    {
        if (acks is not (Acks.None or Acks.Leader or Acks.All))
        {
            detail = "Acks must be 0, 1 or -1 (all).";
            return ErrorCode.InvalidRequiredAcks;
        }

        if (acks == Acks.All && settings is { MinInsyncReplicas: > 1 and var copies })
        {
            detail = $"min.insync.replicas is {copies}, but there is one copy: the store does the replication.";
            return ErrorCode.NotEnoughReplicas;
        }

        detail = null;
        return ErrorCode.None;
    }

    /// <summary>Validates the producer fields and timestamps of a batch.</summary>
    /// <param name="batch">The batch; its header and checksum have already been validated, and its records are not decoded.</param>
    /// <param name="settings">The topic's configuration.</param>
    /// <param name="now">The broker's time.</param>
    /// <param name="hasTransaction">Whether the append names a transactional id.</param>
    /// <param name="detail">Human-readable message; null if the batch is fine.</param>
    public static ErrorCode CheckBatch(RecordBatch batch, PartitionSettings settings, Timestamp now, bool hasTransaction, out string? detail)
    {
        if (batch.IsControl)
        {
            detail = "A client must not write control batches.";
            return ErrorCode.InvalidRecord;
        }

        if (batch.IsTransactional && (!hasTransaction || batch.ProducerId < 0))
        {
            detail = "A transactional batch needs a transactional id and its producer's id.";
            return ErrorCode.TransactionalIdAuthorizationFailed;
        }

        detail = FindTimestampProblem(batch, settings, now);
        return detail is null ? ErrorCode.None : ErrorCode.InvalidTimestamp;
    }

    /// <summary>Validates the records of a batch, for topics whose settings require that the broker decodes them.</summary>
    /// <param name="batch">The batch; its header has already been validated.</param>
    /// <param name="records">Its payload, decompressed.</param>
    /// <param name="settings">The topic's configuration.</param>
    /// <param name="detail">Human-readable message; null if the records are fine.</param>
    public static ErrorCode CheckRecords(RecordBatch batch, ReadOnlySpan<byte> records, PartitionSettings settings, out string? detail)
    {
        var reader = new RecordReader(batch, records);
        for (var index = 0; reader.MoveNext(); index++)
        {
            if (settings.RequiresKeys && reader.Current.KeyIsNull)
            {
                detail = $"Record {index} of the batch has no key; a topic with cleanup.policy=compact requires one.";
                return ErrorCode.InvalidRecord;
            }
        }

        detail = reader.Error == ErrorCode.None ? null : "The records are malformed or do not fit the header of their batch.";
        return reader.Error;
    }

    private static string? FindTimestampProblem(RecordBatch batch, PartitionSettings settings, Timestamp now) =>
        batch.TimestampType == TimestampType.LogAppendTime ? "A producer must not set the timestamp type to LogAppendTime."
        : settings.TimestampType != TimestampType.CreateTime ? null
        : IsBeyond(now, batch.BaseTimestamp, settings.TimestampBeforeMax)
            ? $"Timestamp {batch.BaseTimestamp.Milliseconds} is older than message.timestamp.before.max.ms allows."
        : IsBeyond(batch.MaxTimestamp, now, settings.TimestampAfterMax)
            ? $"Timestamp {batch.MaxTimestamp.Milliseconds} is further ahead than message.timestamp.after.max.ms allows."
        : null;

    private static bool IsBeyond(Timestamp later, Timestamp earlier, TimeSpan bound) =>
        later != Timestamp.None && earlier != Timestamp.None
            && (Int128)later.Milliseconds - earlier.Milliseconds > bound.Ticks / TimeSpan.TicksPerMillisecond;
}
