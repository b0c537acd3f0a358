using Loire.Edge.Calls;
using Loire.Grains.Interfaces.Groups;
using Loire.Model;

namespace Loire.Kafka.Handlers.Groups;

/// <summary>Calls groups for handlers, with the errors that clients of a coordinator expect.</summary>
/// <param name="grains">Provides references to grains.</param>
internal sealed class GroupCalls(IGrainFactory grains)
{
    /// <summary>Calls a group.</summary>
    /// <param name="groupId">The group's id, as the client wrote it.</param>
    /// <param name="call">Makes the call.</param>
    /// <param name="refuse">Makes the answer to an id that is not legal, and to a call that failed: its outcome is unknown then.</param>
    public async ValueTask<T> CallAsync<T>(string groupId, Func<IGroupGrain, ValueTask<T>> call, Func<ErrorCode, T> refuse)
    {
        if (!GroupId.TryParse(groupId, out var id, out string? _))
        {
            return refuse(ErrorCode.InvalidGroupId);
        }

        try
        {
            return await call(grains.GetGrain<IGroupGrain>(id.Value));
        }
        catch (Exception failure) when (GrainCallErrors.Of(failure) is { } error)
        {
            return refuse(ForClient(error));
        }
    }

    /// <summary>
    /// An error in the words of a coordinator. Clients end at errors of logs and of storage, which say here that the group cannot be reached, and at these they look for
    /// the coordinator again. The same mapping as Kafka's of what its own log answers.
    /// </summary>
    public static ErrorCode ForClient(ErrorCode error) => error switch
    {
        ErrorCode.RequestTimedOut or ErrorCode.LeaderNotAvailable or ErrorCode.NotEnoughReplicas or ErrorCode.ThrottlingQuotaExceeded =>
            ErrorCode.CoordinatorNotAvailable,
        ErrorCode.NotLeaderOrFollower or ErrorCode.KafkaStorageError => ErrorCode.NotCoordinator,
        _ => error,
    };
}
