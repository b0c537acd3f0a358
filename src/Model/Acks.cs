namespace Loire.Model;

/// <summary>When an append is answered (Kafka's <c>acks</c>).</summary>
[GenerateSerializer, Alias("loire.Acks")]
public enum Acks : short
{
    /// <summary>At once; the answer has no offset and a loss goes unnoticed.</summary>
    None = 0,

    /// <summary>When the leader's write is durable.</summary>
    Leader = 1,

    /// <summary>When the high watermark has passed the records: every in-sync copy has them durably.</summary>
    All = -1,
}
