using Loire.Model;

namespace Loire.Coordination.Groups.Catalog;

/// <summary>The ids of the groups that one part of the catalog knows, in ordinal order; and what becomes of requests to it.</summary>
public sealed class GroupCatalogState
{
    private readonly List<string> _ids = [];

    /// <summary>The ids in ordinal order.</summary>
    public IReadOnlyList<string> Ids => _ids;

    /// <summary>A group says whether it exists.</summary>
    public Decision<GroupCatalogRecord> Record(string id, bool exists) =>
        GroupId.FindProblem(id) is { } problem ? Decision<GroupCatalogRecord>.Refuse(ErrorCode.InvalidGroupId, problem)
        : exists == Find(id) >= 0 ? Decision<GroupCatalogRecord>.Accept()
        : !exists ? Decision<GroupCatalogRecord>.Accept(new GroupCatalogRecord.Gone(id))
        : _ids.Count >= Limits.GroupsPerCatalog
            ? Decision<GroupCatalogRecord>.Refuse(ErrorCode.PolicyViolation, "There are as many groups already as there can be.")
        : Decision<GroupCatalogRecord>.Accept(new GroupCatalogRecord.Exists(id));

    /// <summary>Up to <paramref name="max"/> ids after <paramref name="after"/>.</summary>
    public (string[] Ids, bool HasMore) Page(string after, int max)
    {
        var found = Find(after);
        var from = found >= 0 ? found + 1 : ~found;
        var count = Math.Min(max, _ids.Count - from);
        return ([.. _ids[from..(from + count)]], from + count < _ids.Count);
    }

    /// <summary>Changes the catalog by one record, live or replayed.</summary>
    public void Apply(GroupCatalogRecord record)
    {
        switch (record)
        {
            case GroupCatalogRecord.Exists { Id: var id }:
                if (Find(id) is < 0 and var at)
                {
                    _ids.Insert(~at, id);
                }

                break;
            case GroupCatalogRecord.Gone { Id: var id }:
                if (Find(id) is >= 0 and var index)
                {
                    _ids.RemoveAt(index);
                }

                break;
            case GroupCatalogRecord.Snapshot snapshot:
                Invariant.Check(_ids.Count == 0, "a snapshot comes first");
                _ids.AddRange(snapshot.Ids);
                break;
        }
    }

    /// <summary>All of it as one record.</summary>
    public GroupCatalogRecord Snapshot() => new GroupCatalogRecord.Snapshot([.. _ids]);

    private int Find(string id) => _ids.BinarySearch(id, StringComparer.Ordinal);
}
