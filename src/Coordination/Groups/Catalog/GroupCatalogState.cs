using System.Runtime.InteropServices;
using Loire.Model;

namespace Loire.Coordination.Groups.Catalog;

/// <summary>The group ids in one part of the catalog, and the rules for changing them.</summary>
public sealed class GroupCatalogState
{
    private readonly List<GroupId> _ids = [];

    /// <summary>The ids in ordinal order.</summary>
    public IReadOnlyList<GroupId> Ids => _ids;

    /// <summary>Records whether a group exists, as the group reports it.</summary>
    public Decision<GroupCatalogRecord> Record(GroupId id, bool exists) =>
        id == default ? Decision<GroupCatalogRecord>.Refuse(ErrorCode.InvalidGroupId, GroupId.FindProblem(id.Value)!)
        : exists == Find(id.Value) >= 0 ? Decision<GroupCatalogRecord>.Accept()
        : !exists ? Decision<GroupCatalogRecord>.Accept(new GroupCatalogRecord.Gone(id))
        : _ids.Count >= Limits.GroupsPerCatalog
            ? Decision<GroupCatalogRecord>.Refuse(ErrorCode.PolicyViolation, "The maximum number of groups is reached.")
        : Decision<GroupCatalogRecord>.Accept(new GroupCatalogRecord.Exists(id));

    /// <summary>Returns up to <paramref name="max"/> ids that follow <paramref name="after"/>.</summary>
    public (GroupId[] Ids, bool HasMore) Page(string after, int max)
    {
        // The text to continue after need not be a known or valid id.
        var found = Find(after);
        var from = found >= 0 ? found + 1 : ~found;
        var count = Math.Min(max, _ids.Count - from);
        return ([.. _ids[from..(from + count)]], from + count < _ids.Count);
    }

    /// <summary>Applies one record, live or replayed.</summary>
    public void Apply(GroupCatalogRecord record)
    {
        switch (record)
        {
            case GroupCatalogRecord.Exists { Id: var id }:
                if (Find(id.Value) is < 0 and var at)
                {
                    _ids.Insert(~at, id);
                }

                break;
            case GroupCatalogRecord.Gone { Id: var id }:
                if (Find(id.Value) is >= 0 and var index)
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

    /// <summary>The whole state as one record.</summary>
    public GroupCatalogRecord Snapshot() => new GroupCatalogRecord.Snapshot([.. _ids]);

    private int Find(string id) => CollectionsMarshal.AsSpan(_ids).BinarySearch(new Text(id));

    private readonly record struct Text(string Value) : IComparable<GroupId>
    {
        public int CompareTo(GroupId other) => string.CompareOrdinal(Value, other.Value);
    }
}
