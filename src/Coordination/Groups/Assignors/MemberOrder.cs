namespace Loire.Coordination.Groups.Assignors;

/// <summary>The member orders that Kafka's assignors use. Both compare ids by UTF-16 code units, as Java does.</summary>
internal static class MemberOrder
{
    /// <summary>By member id.</summary>
    public static readonly IComparer<GroupSubscription> ById =
        Comparer<GroupSubscription>.Create((one, other) => one.MemberId.CompareTo(other.MemberId));

    /// <summary>
    /// Static members by instance id, then dynamic ones by member id: a static member that restarts with a new member id keeps its place
    /// (KIP-345).
    /// </summary>
    public static readonly IComparer<GroupSubscription> StaticFirst = Comparer<GroupSubscription>.Create((one, other) =>
        (one.InstanceId, other.InstanceId) switch
        {
            (not null, null) => -1,
            (null, not null) => 1,
            ({ } id, { } otherId) when id.CompareTo(otherId) is not 0 and var order => order,
            _ => one.MemberId.CompareTo(other.MemberId),
        });
}
