using Loire.Model;

namespace Loire.Coordination.Groups.Catalog;

/// <summary>One durable change of a part of the group catalog, encoded by <see cref="GroupCatalogCodec"/>.</summary>
public abstract record GroupCatalogRecord
{
    private GroupCatalogRecord()
    {
    }

    /// <summary>The group exists.</summary>
    public sealed record Exists(GroupId Id) : GroupCatalogRecord;

    /// <summary>The group does not exist.</summary>
    public sealed record Gone(GroupId Id) : GroupCatalogRecord;

    /// <summary>All ids; replaces the records before it.</summary>
    /// <param name="Ids">In ordinal order.</param>
    public sealed record Snapshot(IReadOnlyList<GroupId> Ids) : GroupCatalogRecord;
}
