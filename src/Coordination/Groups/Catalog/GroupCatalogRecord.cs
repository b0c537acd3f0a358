using Loire.Model;

namespace Loire.Coordination.Groups.Catalog;

/// <summary>One durable change of a part of the group catalog. The bytes are <see cref="GroupCatalogCodec"/>'s.</summary>
public abstract record GroupCatalogRecord
{
    private GroupCatalogRecord()
    {
    }

    /// <summary>The group exists.</summary>
    /// <param name="Id">Its id.</param>
    public sealed record Exists(GroupId Id) : GroupCatalogRecord;

    /// <summary>The group does not exist.</summary>
    /// <param name="Id">Its id.</param>
    public sealed record Gone(GroupId Id) : GroupCatalogRecord;

    /// <summary>Every id: replaces the records before it.</summary>
    /// <param name="Ids">In ordinal order.</param>
    public sealed record Snapshot(IReadOnlyList<GroupId> Ids) : GroupCatalogRecord;
}
