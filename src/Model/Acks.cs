namespace Loire.Model;

/// <summary>When an append is acknowledged (Kafka's <c>acks</c>).</summary>
[GenerateSerializer, Alias("loire.Acks")]
public enum Acks : short
{
    /// <summary>Immediately; the answer has no offset, and a loss goes unnoticed.</summary>
    None = 0,

    /// <summary>When the leader's write is durable.</summary>
    Leader = 1,

    /// <summary>When the high watermark has passed the records: they are durable on every in-sync copy.</summary>
    All = -1,
}
