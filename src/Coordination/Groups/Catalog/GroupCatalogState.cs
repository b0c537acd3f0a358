using Loire.Model;

namespace Loire.Coordination.Groups.Catalog;

/// <summary>The group ids in one part of the catalog, and the rules for changing them.</summary>
public sealed class GroupCatalogState
{
    private readonly SortedIds<GroupId> _ids = new(static id => id.Value);

    /// <summary>The ids in ordinal order.</summary>
    public IReadOnlyList<GroupId> Ids => _ids.All;

    /// <summary>Records whether a group exists, as the group reports it.</summary>
    public Decision<GroupCatalogRecord> Record(GroupId id, bool exists) =>
        id == default ? Decision<GroupCatalogRecord>.Refuse(ErrorCode.InvalidGroupId, GroupId.FindProblem(id.Value)!)
        : exists == _ids.Contains(id) ? Decision<GroupCatalogRecord>.Accept()
        : !exists ? Decision<GroupCatalogRecord>.Accept(new GroupCatalogRecord.Gone(id))
        : _ids.Count >= Limits.GroupsPerCatalog
            ? Decision<GroupCatalogRecord>.Refuse(ErrorCode.PolicyViolation, "The maximum number of groups is reached.")
        : Decision<GroupCatalogRecord>.Accept(new GroupCatalogRecord.Exists(id));

    /// <summary>Returns up to <paramref name="max"/> ids that follow <paramref name="after"/>.</summary>
    public (GroupId[] Ids, bool HasMore) Page(string after, int max) => _ids.Page(after, max);

    /// <summary>Applies one record, live or replayed.</summary>
    public void Apply(GroupCatalogRecord record)
    {
        switch (record)
        {
            case GroupCatalogRecord.Exists { Id: var id }:
                _ids.Add(id);
                break;
            case GroupCatalogRecord.Gone { Id: var id }:
                _ids.Remove(id);
                break;
            case GroupCatalogRecord.Snapshot snapshot:
                Invariant.Check(_ids.Count == 0, "a snapshot comes first");
                _ids.AddLast(snapshot.Ids);
                break;
        }
    }

    /// <summary>The whole state as one record.</summary>
    public GroupCatalogRecord Snapshot() => new GroupCatalogRecord.Snapshot([.. _ids.All]);
}
