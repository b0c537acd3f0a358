using Loire.Model;

namespace Loire.Coordination.Topics;

/// <summary>One durable change of the catalog. The bytes are <see cref="CatalogRecordCodec"/>'s.</summary>
public abstract record CatalogRecord
{
    private CatalogRecord()
    {
    }

    /// <summary>The topic is about to be created or deleted.</summary>
    /// <param name="Name">The topic's name.</param>
    public sealed record Announced(TopicName Name) : CatalogRecord;

    /// <summary>The topic exists.</summary>
    /// <param name="Name">The topic's name.</param>
    public sealed record Exists(TopicName Name) : CatalogRecord;

    /// <summary>The topic does not exist.</summary>
    /// <param name="Name">The topic's name.</param>
    public sealed record Gone(TopicName Name) : CatalogRecord;

    /// <summary>The whole catalog: replaces the records before it.</summary>
    /// <param name="Live">Topics that exist.</param>
    /// <param name="Unsettled">Topics that are announced.</param>
    public sealed record Snapshot(IReadOnlyList<TopicName> Live, IReadOnlyList<TopicName> Unsettled) : CatalogRecord;
}
