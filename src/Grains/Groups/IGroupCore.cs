using Loire.Coordination.Groups.Classic;
using Loire.Coordination.Groups.Membership;
using Loire.Model;
using Loire.Model.Groups;

namespace Loire.Grains.Groups;

/// <summary>What a part of a group's driver needs of the whole: its state, and the ways to change it. Used in turns of the driver.</summary>
internal interface IGroupCore
{
    /// <summary>The state, including changes that are not durable yet.</summary>
    StoredGroup State { get; }

    /// <summary>Whether the group has any record, durable or not.</summary>
    bool HasRecords { get; }

    /// <summary>The time since a fixed moment.</summary>
    TimeSpan Now { get; }

    /// <summary>Opens the group for a use of it.</summary>
    Task<ErrorCode> ReadyAsync();

    /// <summary>
    /// Confirms that a group without records does not exist, for an answer that says so; the activation ends soon after.
    /// </summary>
    Task<ErrorCode> ConfirmAbsentAsync();

    /// <summary>Waits until all that was applied before is durable.</summary>
    Task<ErrorCode> DurableAsync();

    /// <summary>Runs a request that may create the group; see <see cref="GroupDriver"/>.</summary>
    Task<T> CreatingAsync<T>(Func<Task<T>> request, Func<ErrorCode, T> refuse);

    /// <summary>Makes a step of the classic machine durable.</summary>
    Task<ErrorCode> CommitClassicAsync(ClassicStep step);

    /// <summary>Steps the machine of a group that assigns itself; returns when the member joined, or the refusal.</summary>
    Task<(HeartbeatResult? Refusal, int JoinedAt)> RenewAsync(HeartbeatRequest request);

    /// <summary>A member of a group that assigns itself is being told to join again: from now on it has its rebalance timeout for that.</summary>
    void Told(GroupMember member);

    /// <summary>Removes members of a group that assigns itself.</summary>
    Task<ErrorCode> RemoveAsync(MemberId? member, GroupInstanceId? instance);

    /// <summary>Waits until there is news for a member of a group that assigns itself, for a heartbeat interval at most.</summary>
    Task<ErrorCode> WaitForNewsAsync(MemberId member, int joinedAt, CancellationToken cancellation);
}
