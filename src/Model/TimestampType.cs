namespace Loire.Model;

/// <summary>Who sets a record's timestamp (bit 3 of a batch's attributes; <c>message.timestamp.type</c>).</summary>
[GenerateSerializer, Alias("loire.TimestampType")]
public enum TimestampType
{
    /// <summary>The producer, when it created the record.</summary>
    CreateTime = 0,

    /// <summary>The broker, when it appended the batch.</summary>
    LogAppendTime = 1,
}
