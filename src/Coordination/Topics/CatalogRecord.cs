using Loire.Model;

namespace Loire.Coordination.Topics;

/// <summary>One durable change of the catalog, encoded by <see cref="CatalogRecordCodec"/>.</summary>
public abstract record CatalogRecord
{
    private CatalogRecord()
    {
    }

    /// <summary>The topic is about to be created or deleted.</summary>
    public sealed record Announced(TopicName Name) : CatalogRecord;

    /// <summary>The topic exists.</summary>
    public sealed record Exists(TopicName Name) : CatalogRecord;

    /// <summary>The topic does not exist.</summary>
    public sealed record Gone(TopicName Name) : CatalogRecord;

    /// <summary>The whole catalog; replaces the records before it.</summary>
    /// <param name="Live">The topics that exist.</param>
    /// <param name="Unsettled">The topics about to be created or deleted.</param>
    public sealed record Snapshot(IReadOnlyList<TopicName> Live, IReadOnlyList<TopicName> Unsettled) : CatalogRecord;
}
