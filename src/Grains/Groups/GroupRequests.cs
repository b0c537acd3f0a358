using Loire.Grains.Interfaces.Groups;
using Loire.Model;
using Loire.Model.Groups;
using Loire.Model.Transactions;

namespace Loire.Grains.Groups;

/// <summary>Validates requests before the rules see them.</summary>
internal static class GroupRequests
{
    /// <summary>Returns a human-readable problem; null if there is none.</summary>
    public static string? Problem(HeartbeatRequest request) =>
        request.MaxWait < TimeSpan.Zero ? "The wait must not be negative."
        : request.ClientId is null || request.Host is null ? "Client id and host must be given."
        : request.ClientId.Length > Limits.ClientNameLength || request.Host.Length > Limits.ClientNameLength
            ? $"A client id and a host have at most {Limits.ClientNameLength} characters."
        : request.Incarnation?.Length > Limits.GroupIdLength ? $"An incarnation has at most {Limits.GroupIdLength} characters."
        : request.MemberId == default ? "A member id must not be empty."
        : request.InstanceId == default(GroupInstanceId) ? "A group instance id must not be empty."
        : request.Owned.IsDefault || request.Subscription is { Topics.IsDefault: true } or { Assignors.IsDefault: true }
            ? "Owned partitions, and a subscription's topics and assignors, must be given, if need be none."
        : request.Subscription is { UserData.Length: > Limits.MemberUserDataLength }
            ? $"A member's user data has at most {Limits.MemberUserDataLength} characters."
        : request.Subscription?.IsClassic == true ? "Protocols are of members that join by JoinGroup."
        : null;

    /// <summary>Returns a human-readable problem; null if there is none. What the rules of classic groups check is not repeated.</summary>
    public static string? Problem(ClassicJoin join) =>
        join.MemberId == default(MemberId) ? "A member id must not be empty."
        : join.InstanceId == default(GroupInstanceId) ? "A group instance id must not be empty."
        : null;

    /// <summary>Returns a human-readable problem; null if there is none.</summary>
    public static string? Problem(CommitRequest request) =>
        request.Offsets is null ? "Offsets must be given."
        : request.Offsets.Length > Limits.OffsetsPerCommit ? $"One commit has at most {Limits.OffsetsPerCommit} offsets."
        : null;

    /// <summary>Returns a human-readable problem; null if there is none.</summary>
    public static string? Problem(TransactionalCommitRequest request) =>
        request.Commit is null ? "Offsets must be given."
        : request.Transaction == default ? "A transactional id must not be empty."
        : request.Producer is not { Id: >= 0, Epoch: >= 0 } ? "A producer has an id and an epoch from 0."
        : request.Version is not (TransactionVersion.V1 or TransactionVersion.V2) ? "A producer speaks the first or the second dialect."
        : Problem(request.Commit);
}
